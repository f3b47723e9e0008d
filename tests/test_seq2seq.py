"""Encoder-decoders give what their equations say, and step by step the same as all at once."""

import numpy as np
import pytest
from keras import layers, ops

from seqlib import attention, decoding, reference, search, seq2seq, transformer
from seqlib.runtime import compile_step

SIZES = {"source_size": 11, "target_size": 7}
START, END, LENGTH = 1, 2, 9
SOURCES = np.array([[3, 10, 5, 2, 8, 0, 0], [2, 7, 0, 0, 0, 0, 0], [6, 3, 9, 4, 10, 1, 5]], dtype="int32")
TARGETS = np.array([[1, 4, 3, 5], [1, 5, 5, 3], [1, 3, 6, 4]], dtype="int32")


def recurrent(layer=layers.GRU, attend=None, units=5, **options):
    return seq2seq.recurrent(**SIZES, units=units, embedding=3, layer=layer, attention=attend, **options)


def small_transformer(positions="sinusoidal", norm="pre", hidden=13, residual=True):
    sizes = {**SIZES, "features": 8, "heads": 2, "hidden": hidden, "length": LENGTH}
    return seq2seq.transformer(**sizes, positions=positions, norm=norm, residual=residual)


# Wide enough apart that no rounding decides between two tokens.
MODELS = {
    "GRU": recurrent,
    "LSTM": lambda: recurrent(layers.LSTM),
    "SimpleRNN, dot": lambda: recurrent(layers.SimpleRNN, attention.DotAttention()),
    "GRU, general": lambda: recurrent(attend=attention.GeneralAttention()),
    "LSTM, additive, both ways": lambda: recurrent(
        layers.LSTM, attention.AdditiveAttention(3), units=6, bidirectional=True
    ),
    "transformer, sinusoidal, pre": lambda: small_transformer(),
    "transformer, learned, post": lambda: small_transformer("learned", "post"),
    "transformer, rotary, pre": lambda: small_transformer("rotary"),
    "transformer, none, post": lambda: small_transformer("none", "post"),
}
ATTENDING = [name for name in MODELS if name not in ("GRU", "LSTM")]


@pytest.fixture(params=MODELS, scope="module")
def built(request):
    return scrambled(MODELS[request.param]())


def scrambled(built):
    """Give all weights values of their own, so that none of them goes unseen at zero."""
    generator = np.random.default_rng(0)
    for weight in built.model.weights:
        weight.assign(weight + generator.normal(scale=0.5, size=weight.shape))
    return built


def run(model, *inputs):
    outputs = model([ops.convert_to_tensor(one) for one in inputs] if len(inputs) > 1 else inputs[0])
    return (
        [ops.convert_to_numpy(one) for one in outputs] if isinstance(outputs, list) else ops.convert_to_numpy(outputs)
    )


def encoded(built, sources):
    state = run(built.encoder, sources)
    return state if isinstance(state, list) else [state]


def test_a_recurrent_model_with_attention_equals_its_equations():
    built = scrambled(recurrent(attend=attention.GeneralAttention()))
    assert len(built.model.weights) == 2 + 3 + 3 + 1 + 1 + 2
    source_vectors, target_vectors = (
        ops.convert_to_numpy(layer.embeddings).astype("float64")
        for layer in built.model.layers
        if isinstance(layer, layers.Embedding)
    )
    if len(source_vectors) != SIZES["source_size"]:
        source_vectors, target_vectors = target_vectors, source_vectors
    grus = [layer for layer in built.model.layers if isinstance(layer, layers.GRU)]
    grus.sort(key=lambda layer: len(layer._inbound_nodes))  # the decoder's is called once more, for its steps
    read, write = ([ops.convert_to_numpy(weight).astype("float64") for weight in gru.weights] for gru in grus)
    dense = [layer for layer in built.model.layers if isinstance(layer, layers.Dense)]
    mix, head = sorted(dense, key=lambda layer: layer.use_bias)
    scores = next(layer for layer in built.model.layers if isinstance(layer, attention.GeneralAttention))
    for row, (source, target) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        source = source[source != 0]  # padding does not exist in the equations
        memory = reference.gru(source_vectors[source][None], *read)
        states = reference.gru(target_vectors[target][None], *write, initial_state=memory[:, -1])
        asked = states @ ops.convert_to_numpy(scores.weights[0]).astype("float64")
        context, alpha = reference.attention(asked, memory, memory)
        mixed = np.tanh(np.concatenate([context, states], axis=-1) @ ops.convert_to_numpy(mix.kernel))
        expected = mixed @ ops.convert_to_numpy(head.kernel) + ops.convert_to_numpy(head.bias)
        assert np.allclose(run(built.model, SOURCES, TARGETS)[row], expected[0], atol=1e-5)
        assert np.allclose(run(built.attention, SOURCES, TARGETS)[row, :, : len(source)], alpha[0], atol=1e-5)


def arrays_of(*layers_with_weights):
    return [ops.convert_to_numpy(weight).astype("float64") for layer in layers_with_weights for weight in layer.weights]


def weights_of(block):
    """Name a block's arrays as `reference.transformer_block` wants them."""
    names = ["attention", "attention_norm"]
    names += ["expand", "contract", "feed_forward_norm"] if block.hidden else []
    names += ["cross_attention", "cross_norm"] if hasattr(block, "cross_attention") else []
    kernels = ("query_kernel", "key_kernel", "value_kernel", "output_kernel")
    found = {name: arrays_of(getattr(block, name)) for name in names if not name.endswith("attention")}
    for name in set(names) - set(found):
        part = getattr(block, name)
        found[name] = [ops.convert_to_numpy(getattr(part, kernel)).astype("float64") for kernel in kernels]
    return found


@pytest.mark.parametrize(("hidden", "residual"), [(13, True), (None, True), (13, False)])
def test_a_transformer_equals_its_equations(hidden, residual):
    built = scrambled(small_transformer(hidden=hidden, residual=residual))
    inside = [layer for layer in built.encoder.layers if layer.weights]
    others = [layer for layer in built.model.layers if layer.weights and layer not in inside]
    table = transformer.sinusoidal_table(LENGTH, 8)

    def run_stack(stack, ids, **options):
        states = None
        for layer in stack:
            if isinstance(layer, seq2seq.Entrance):
                states = arrays_of(layer)[0][ids] * np.sqrt(8) + table[: ids.shape[1]]
            elif isinstance(layer, transformer.EncoderBlock):
                states, *_ = reference.transformer_block(states, weights_of(layer), 2, residual=residual, **options)
            elif isinstance(layer, layers.LayerNormalization):
                states = reference.layer_normalization(states, *arrays_of(layer))
            else:
                kernel, bias = arrays_of(layer)
                states = states @ kernel + bias
        return states

    seen = np.repeat((SOURCES != 0)[:, None], SOURCES.shape[1], axis=1)
    memory = run_stack(inside, SOURCES, mask=seen)
    past = np.repeat(np.tril(np.ones((4, 4), dtype=bool))[None], len(TARGETS), axis=0)
    expected = run_stack(others, TARGETS, mask=past, memory=memory, memory_mask=seen[:, :4])
    assert len(inside) == len(others) - 1 == 4
    assert np.allclose(run(built.model, SOURCES, TARGETS), expected, atol=1e-4)


def test_step_by_step_equals_all_at_once(built):
    expected = run(built.model, SOURCES, TARGETS)
    step, state = search.stepper(built.decoder), encoded(built, SOURCES)
    for t, tokens in enumerate(TARGETS.T):
        logits, state = step(ops.convert_to_tensor(tokens), state)
        assert np.abs(ops.convert_to_numpy(logits) - expected[:, t]).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("searched", [search.greedy, search.beam])
def test_with_and_without_a_cache_the_same_tokens_are_found(built, searched):
    """The uncached way has no state but what was read, and runs the model over all of it at each step."""
    forward = compile_step(built.model)

    def uncached(tokens, state):
        sources, read = (ops.convert_to_numpy(one) for one in state)
        read = np.concatenate([read, ops.convert_to_numpy(tokens)[:, None]], axis=1)
        # One length for all steps, so that one function is compiled: no step sees those after it.
        logits = forward([sources, np.pad(read, ((0, 0), (0, LENGTH - read.shape[1])))])
        return logits[:, read.shape[1] - 1], [sources, read]

    nothing = np.zeros((len(SOURCES), 0), dtype="int32")
    tokens, scores = searched(search.stepper(built.decoder), encoded(built, SOURCES), START, END, LENGTH)
    expected, expected_scores = searched(uncached, [SOURCES, nothing], START, END, LENGTH)
    assert np.array_equal(tokens, expected)
    assert np.allclose(scores, expected_scores, rtol=1e-4)


def test_padding_changes_nothing(built):
    alone = run(built.model, SOURCES[1:2, :2], TARGETS[1:2])
    assert np.allclose(run(built.model, SOURCES, TARGETS)[1], alone[0], atol=1e-5)


def test_no_step_sees_what_it_is_to_predict(built):
    whole, changed = run(built.model, SOURCES, TARGETS), TARGETS.copy()
    changed[:, 2:] = 6
    difference = np.abs(run(built.model, SOURCES, changed) - whole).max(axis=(0, 2))
    assert (difference[:2] <= 1e-6).all()
    assert (difference[2:] > 1e-3).all()


def test_the_source_matters(built):
    other = SOURCES.copy()
    other[:, 0] = 1
    assert np.abs(run(built.model, other, TARGETS) - run(built.model, SOURCES, TARGETS)).max() > 1e-3


def test_the_parts_share_the_weights_of_the_model(built):
    whole = {id(weight) for weight in built.model.weights}
    parts = [built.encoder, built.decoder] + ([built.attention] if built.attention else [])
    assert {id(weight) for part in parts[:2] for weight in part.weights} == whole
    assert all({id(weight) for weight in part.weights} <= whole for part in parts)


@pytest.mark.parametrize("name", ATTENDING)
def test_attention_weights_are_shares_of_the_sources_tokens(name):
    built = scrambled(MODELS[name]())
    weights = run(built.attention, SOURCES, TARGETS)
    for one in weights if isinstance(weights, list) else [weights[:, None]]:
        assert one.shape[0::2] == (len(SOURCES), TARGETS.shape[1])
        assert np.allclose(one.sum(axis=-1), 1, atol=1e-5)
        assert (one * (SOURCES == 0)[:, None, None] == 0).all()
        assert (one * (SOURCES != 0)[:, None, None] > 0).any(axis=(1, 2)).sum() == np.count_nonzero(SOURCES)


def test_a_model_without_attention_has_no_weights_to_show():
    assert recurrent().attention is None


def language_model(positions="sinusoidal", norm="pre"):
    return seq2seq.decoder_only(7, features=8, heads=2, hidden=13, length=LENGTH, positions=positions, norm=norm)


@pytest.mark.parametrize(
    ("positions", "norm"), [("sinusoidal", "post"), ("learned", "pre"), ("rotary", "pre"), ("none", "post")]
)
def test_a_language_model_reads_on_from_its_cache(positions, norm):
    model, stateful, attend = language_model(positions, norm)
    ids = np.random.default_rng(0).integers(7, size=(3, LENGTH)).astype("int32")
    expected = run(model, ids)
    step, state = decoding.stepper(stateful), None
    for t, tokens in enumerate(ids.T):
        logits, state = step(tokens, state)
        assert np.allclose(logits, expected[:, t], atol=1e-5)
    in_pieces = [decoding.score(stateful, row, chunk=3) for row in ids]
    nats = ops.convert_to_numpy(ops.sparse_categorical_crossentropy(ids[:, 1:], expected[:, :-1], from_logits=True))
    assert np.allclose(np.array(in_pieces)[:, 1:], nats / np.log(2), atol=1e-4)
    weights = run(attend, ids)
    assert [one.shape for one in weights] == [(3, 2, LENGTH, LENGTH)] * 2
    assert all(np.allclose(np.triu(one, 1), 0) and np.allclose(one.sum(axis=-1), 1, atol=1e-5) for one in weights)


def test_rotary_positions_enter_a_language_model():
    ids, (turned, *_), (plain, *_) = TARGETS, language_model("rotary"), language_model("none")
    turned.set_weights(plain.get_weights())
    apart = np.abs(run(turned, ids) - run(plain, ids)).max(axis=(0, 2))
    assert apart[0] < 1e-5 < 1e-3 < apart[1:].max()


@pytest.mark.parametrize("positions", ["rotary", "none"])
def test_a_cache_that_is_too_full_gives_no_numbers(positions):
    step, state = decoding.stepper(language_model(positions)[1]), None
    for _ in range(LENGTH):
        logits, state = step([3, 4], state)
        assert np.isfinite(logits).all()
    assert np.isnan(step([3, 4], state)[0]).all()


@pytest.mark.parametrize("positions", seq2seq.POSITIONS)
def test_added_positions_tell_equal_tokens_apart(positions):
    """Positions that only turn queries and keys weigh equal values otherwise, and their sum is the same."""
    logits = run(language_model(positions)[0], np.full((1, LENGTH), 3, dtype="int32"))[0]
    different = np.abs(logits - logits[0]).max(axis=-1)[1:]
    assert (different > 1e-3).all() if positions in ("sinusoidal", "learned") else (different < 1e-5).all()


def test_numbers_of_weights():
    vocabulary, features, hidden, blocks = 7, 8, 13, 2
    block = 4 * features**2 + 2 * features * hidden + hidden + features + 4 * features
    model = language_model()[0]
    assert model.count_params() == vocabulary * features + blocks * block + 2 * features + (features + 1) * vocabulary
    with_table = language_model("learned")[0]
    assert with_table.count_params() == model.count_params() + LENGTH * features


@pytest.mark.parametrize("layer", [layers.GRU, layers.LSTM])
def test_an_encoder_that_reads_both_ways_joins_the_states_of_each(layer):
    built = scrambled(recurrent(layer, attention.DotAttention(), units=6, bidirectional=True))
    row = SOURCES[:1, :5]  # all but its padding
    *states, memory, _ = encoded(built, SOURCES[:1])
    both = next(one for one in built.model.layers if isinstance(one, layers.Bidirectional))
    embed = next(one for one in built.model.layers if isinstance(one, layers.Embedding) and one.mask_zero)
    vectors = embed(row)
    forward, *ends = (ops.convert_to_numpy(one) for one in both.forward_layer(vectors))
    backward, *starts = (ops.convert_to_numpy(one) for one in both.backward_layer(vectors))
    np.testing.assert_allclose(memory[:, :5], np.concatenate([forward, backward[:, ::-1]], axis=-1), atol=1e-6)
    for state, end, start in zip(states, ends, starts, strict=True):
        np.testing.assert_allclose(state, np.concatenate([end, start], axis=-1), atol=1e-6)


@pytest.mark.parametrize("build", [recurrent, small_transformer])
def test_models_are_saved_and_loaded(build, tmp_path):
    built = scrambled(build())
    built.model.save_weights(tmp_path / "model.weights.h5")
    other = build()
    other.model.load_weights(tmp_path / "model.weights.h5")
    assert np.array_equal(run(other.model, SOURCES, TARGETS), run(built.model, SOURCES, TARGETS))


@pytest.mark.parametrize(
    ("builder", "changes", "message"),
    [
        (seq2seq.recurrent, {"units": 0}, "units: expected a whole number of at least 1, got 0"),
        (seq2seq.recurrent, {"source_size": 2.5}, "source_size: expected a whole number of at least 1, got 2.5"),
        (seq2seq.recurrent, {"target_size": "7"}, "target_size: expected a whole number of at least 1, got '7'"),
        (seq2seq.recurrent, {"bidirectional": True}, "units: expected an even number, half for each way, got 5"),
        (seq2seq.recurrent, {"embedding": -1}, "embedding: expected a whole number of at least 1, got -1"),
        (seq2seq.transformer, {"features": 0}, "features: expected a whole number of at least 1, got 0"),
        (seq2seq.transformer, {"blocks": 0}, "blocks: expected a whole number of at least 1, got 0"),
        (seq2seq.transformer, {"length": None}, "length: expected a whole number of at least 1, got None"),
        (seq2seq.transformer, {"heads": 3}, "heads: expected a divisor of 128"),
        (seq2seq.transformer, {"norm": "last"}, "norm: expected one of pre, post, got 'last'"),
        (
            seq2seq.transformer,
            {"positions": "absolute"},
            "positions: expected one of sinusoidal, learned, rotary, none, got 'absolute'",
        ),
        (seq2seq.transformer, {"positions": "rotary", "features": 12}, "head_size: expected an even number"),
    ],
)
def test_wrong_arguments_are_named(builder, changes, message):
    sizes = SIZES | ({"units": 5} if builder is seq2seq.recurrent else {})
    with pytest.raises(ValueError, match=message):
        builder(**(sizes | changes))
