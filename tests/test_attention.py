"""Attention, proven three ways: NumPy loop = our layer = Keras' own layer."""

import math
from dataclasses import dataclass

import keras
import numpy as np
import pytest
from keras import ops

from seqlib import attention, gradients, reference

# Odd primes all different, so that no transposed axis can hide.
BATCH, QUERIES, KEYS, QUERY_FEATURES, KEY_FEATURES, VALUE_FEATURES, UNITS = 3, 5, 7, 11, 13, 17, 19
HEADS, HEAD_SIZE = 3, 5
MASKS = ["no mask", "padding", "causal", "causal and padding"]


@dataclass(frozen=True)
class Kind:
    """An attention: how to make it, the shapes of its weights, and its score of one query and one key."""

    make: object
    weights: dict
    score: object
    one_width: bool = False


KINDS = {
    "dot": Kind(attention.DotAttention, {}, lambda q, k, w: q @ k, one_width=True),
    "scaled dot": Kind(
        lambda: attention.DotAttention(scaled=True), {}, lambda q, k, w: q @ k / np.sqrt(len(q)), one_width=True
    ),
    "general": Kind(
        attention.GeneralAttention, {"kernel": (QUERY_FEATURES, KEY_FEATURES)}, lambda q, k, w: q @ w["kernel"] @ k
    ),
    "additive": Kind(
        lambda: attention.AdditiveAttention(UNITS),
        {"query_kernel": (QUERY_FEATURES, UNITS), "key_kernel": (KEY_FEATURES, UNITS), "score_kernel": (UNITS,)},
        lambda q, k, w: np.tanh(q @ w["query_kernel"] + k @ w["key_kernel"]) @ w["score_kernel"],
    ),
}
WIDTH = HEADS * HEAD_SIZE
MULTI_HEAD_WEIGHTS = {
    "query_kernel": (QUERY_FEATURES, WIDTH),
    "query_bias": (WIDTH,),
    "key_kernel": (KEY_FEATURES, WIDTH),
    "key_bias": (WIDTH,),
    "value_kernel": (VALUE_FEATURES, WIDTH),
    "value_bias": (WIDTH,),
    "output_kernel": (WIDTH, QUERY_FEATURES),
    "output_bias": (QUERY_FEATURES,),
}
MAKERS = {name: kind.make for name, kind in KINDS.items()}
MAKERS["multi-head"] = lambda: attention.MultiHeadAttention(HEADS, HEAD_SIZE)
MAKERS["multi-head with biases"] = lambda: attention.MultiHeadAttention(HEADS, HEAD_SIZE, use_bias=True)


@pytest.fixture(params=KINDS)
def kind(request):
    """Each score in turn."""
    return KINDS[request.param]


@pytest.fixture(params=MAKERS)
def layer(request):
    """A new layer of each kind in turn."""
    return MAKERS[request.param]()


@pytest.fixture(params=MASKS)
def masked(request):
    """Each mask in turn, by name."""
    return request.param


def make_arrays(weights, queries=QUERIES, keys=KEYS, batch=BATCH, one_width=False):
    random = np.random.default_rng(0)
    shapes = {
        "query": (batch, queries, QUERY_FEATURES),
        "key": (batch, keys, QUERY_FEATURES if one_width else KEY_FEATURES),
        "value": (batch, keys, VALUE_FEATURES),
    }
    shapes |= weights
    return {name: random.normal(size=shape).astype("float32") / 2 for name, shape in shapes.items()}


def options_of(masked, keys=KEYS, batch=BATCH):
    """Give the arguments of a call: a key mask with holes and ends, that leaves every query a key."""
    options = {}
    if "padding" in masked:
        options["key_mask"] = np.ones((batch, keys), dtype=bool)
        options["key_mask"][0, 2:4] = options["key_mask"][1, 4:] = False
    if "causal" in masked:
        options["causal"] = True
    return options


def pair_mask(queries, keys=KEYS, batch=BATCH, key_mask=None, causal=False):
    """Write the mask out, pair by pair: the queries are the last steps of the keys."""
    mask = np.ones((batch, queries, keys), dtype=bool)
    for sequence, t, s in np.ndindex(mask.shape):
        future = causal and s > keys - queries + t
        mask[sequence, t, s] = not future and (key_mask is None or key_mask[sequence, s])
    return mask


def relative_error(result, expected, scale=None):
    return np.max(np.abs(result - expected)) / (np.max(np.abs(expected)) if scale is None else scale)


def filled(layer, arrays):
    """Build a layer for the arrays and give it those weights that it has."""
    layer.build(*(arrays[name].shape for name in ("query", "key", "value")))
    layer.set_weights([arrays[weight.name] for weight in layer.weights])
    return layer


def upstream_for(*outputs):
    random = np.random.default_rng(1)
    return [random.normal(size=tuple(output.shape)).astype("float32") for output in outputs]


def outputs_and_gradients(call, arrays, variables=(), names=("query", "key", "value")):
    """Call on arrays; give what comes out, and the gradients of a loss that all of it enters."""
    places = [arrays[name] for name in names]
    outputs = call(*(ops.convert_to_tensor(place) for place in places))
    upstream = [ops.convert_to_tensor(array) for array in upstream_for(*outputs)]

    def loss(*tensors):
        return sum(ops.sum(up * output) for up, output in zip(upstream, call(*tensors), strict=True))

    _, for_places, for_variables = gradients.value_and_gradients(loss, places, variables)
    return [ops.convert_to_numpy(output) for output in outputs], [*for_places, *for_variables]


def loop_gradients(loop, arrays):
    """Differentiate a loop by moving every number a little to both sides: knows nothing of the chain rule."""
    arrays = {name: array.astype("float64") for name, array in arrays.items()}
    outputs = loop(arrays)
    upstream = upstream_for(*outputs)

    def loss(moved):
        return sum(np.sum(up * output) for up, output in zip(upstream, loop(moved), strict=True))

    found = []
    for name, array in arrays.items():
        gradient = np.zeros(array.shape)
        for index in np.ndindex(array.shape):
            sides = []
            for width in (1e-6, -1e-6):
                moved = array.copy()
                moved[index] += width
                sides.append(loss(arrays | {name: moved}))
            gradient[index] = (sides[0] - sides[1]) / 2e-6
        found.append(gradient)
    return outputs, found


def assert_equal(ours, theirs, names=None):
    """Hold outputs and gradients against each other, each relative to the largest number of its own array."""
    (outputs, found), (expected_outputs, expected) = ours, theirs
    for output, expected_output in zip(outputs, expected_outputs, strict=True):
        assert relative_error(output, expected_output) <= 1e-5
    names = names or [str(number) for number in range(len(found))]
    for name, gradient, expected_gradient in zip(names, found, expected, strict=True):
        # Keras keeps the heads on an axis of their own.
        expected_gradient = np.reshape(expected_gradient, gradient.shape)
        # A bias of the keys adds the same number to all scores of a query, which changes no weight: its gradient is 0.
        scale = np.max(np.abs(expected[names.index("query_bias")])) if name == "key_bias" else None
        assert relative_error(gradient, expected_gradient, scale) <= 1e-5, name


SEES_NOTHING = "first keys missing, and one sequence all padding"


def small_options(masked):
    """Options for two sequences of five keys, some of which leave queries with nothing to see."""
    if masked != SEES_NOTHING:
        return options_of(masked, keys=5, batch=2)
    return {"key_mask": np.array([[False, False, False, True, True], [False] * 5]), "causal": True}


@pytest.mark.parametrize("masked", [*MASKS, SEES_NOTHING])
def test_equal_the_numpy_loop(kind, masked):
    arrays = make_arrays(kind.weights, queries=3, keys=5, batch=2, one_width=kind.one_width)
    options = small_options(masked)
    mask = pair_mask(3, 5, 2, **options)
    layer = filled(kind.make(), arrays)
    ours = outputs_and_gradients(lambda *inputs: layer(*inputs, **options), arrays, layer.trainable_variables)

    def loop(arrays):
        inputs = [arrays[name] for name in ("query", "key", "value")]
        return reference.attention(*inputs, score=lambda q, k: kind.score(q, k, arrays), mask=mask)

    assert_equal(ours, loop_gradients(loop, arrays))
    assert len(layer.trainable_variables) == len(kind.weights)


@pytest.mark.parametrize(
    ("masked", "use_bias"),
    [("no mask", True), ("causal and padding", True), ("causal and padding", False), (SEES_NOTHING, True)],
)
def test_multi_head_equals_the_numpy_loop(masked, use_bias):
    weights = {name: shape for name, shape in MULTI_HEAD_WEIGHTS.items() if use_bias or "kernel" in name}
    arrays = make_arrays(weights, queries=3, keys=5, batch=2)
    options = small_options(masked)
    mask = pair_mask(3, 5, 2, **options)
    layer = filled(attention.MultiHeadAttention(HEADS, HEAD_SIZE, use_bias), arrays)
    ours = outputs_and_gradients(lambda *inputs: layer(*inputs, **options), arrays, layer.trainable_variables)

    def loop(arrays):
        inputs = [arrays[name] for name in ("query", "key", "value")]
        kernels = [arrays[f"{name}_kernel"] for name in ("query", "key", "value", "output")]
        zeros = [np.zeros(kernel.shape[1]) for kernel in kernels]
        biases = [arrays[f"{name}_bias"] for name in ("query", "key", "value", "output")] if use_bias else zeros
        return reference.multi_head_attention(*inputs, kernels, biases, HEADS, mask)

    assert_equal(ours, loop_gradients(loop, arrays), list(arrays))


def square(masked):
    """As many queries as keys where the mask is causal: Keras aligns first steps, we align last ones."""
    return KEYS if "causal" in masked else QUERIES


def keras_call(layer, key_mask=None, causal=False):
    """Call a Keras attention with query, key, value, in our order; give context and weights."""
    if key_mask is not None and not causal:
        key_mask = key_mask[:, None]  # Keras 3.10 adds the axis of queries only where the mask is causal too
    mask = [None, None if key_mask is None else ops.convert_to_tensor(key_mask)]
    return lambda query, key, value: layer(
        [query, value, key], mask=mask, use_causal_mask=causal, return_attention_scores=True
    )


@pytest.mark.parametrize("scaled", [False, True])
def test_dot_equals_keras(masked, scaled):
    arrays = make_arrays({}, queries=square(masked), one_width=True)
    options = options_of(masked)
    ours = attention.DotAttention(scaled)
    theirs = keras.layers.Attention(use_scale=scaled)
    theirs.build([arrays[name].shape for name in ("query", "value", "key")])
    if scaled:
        theirs.set_weights([np.array(1 / math.sqrt(QUERY_FEATURES))])
    assert_equal(
        outputs_and_gradients(lambda *inputs: ours(*inputs, **options), arrays),
        outputs_and_gradients(keras_call(theirs, **options), arrays),
    )


@pytest.mark.parametrize("identity", [True, False])
def test_additive_equals_keras_on_projected_inputs(masked, identity):
    arrays = make_arrays(KINDS["additive"].weights, queries=square(masked))
    if identity:
        arrays = make_arrays({"score_kernel": (QUERY_FEATURES,)}, queries=square(masked), one_width=True)
        arrays |= dict.fromkeys(("query_kernel", "key_kernel"), np.eye(QUERY_FEATURES, dtype="float32"))
    options = options_of(masked)
    ours = filled(attention.AdditiveAttention(QUERY_FEATURES if identity else UNITS), arrays)
    theirs = keras.layers.AdditiveAttention()
    width = (None, None, arrays["score_kernel"].shape[0])
    theirs.build([width, width, width])
    theirs.set_weights([arrays["score_kernel"]])
    call = keras_call(theirs, **options)
    names = ("query", "key", "value")
    if identity:
        outputs, found = outputs_and_gradients(
            lambda *inputs: ours(*inputs, **options), arrays, [ours.score_kernel], names
        )
        assert_equal((outputs, found), outputs_and_gradients(call, arrays, theirs.trainable_variables, names))
        return

    def on_projected(query, key, value, query_kernel, key_kernel):
        return call(ops.matmul(query, query_kernel), ops.matmul(key, key_kernel), value)

    assert_equal(
        outputs_and_gradients(lambda *inputs: ours(*inputs, **options), arrays, ours.trainable_variables),
        outputs_and_gradients(on_projected, arrays, theirs.trainable_variables, (*names, "query_kernel", "key_kernel")),
    )


def test_general_equals_keras_dot_on_projected_queries(masked):
    arrays = make_arrays(KINDS["general"].weights, queries=square(masked))
    options = options_of(masked)
    ours = filled(attention.GeneralAttention(), arrays)
    call = keras_call(keras.layers.Attention(), **options)
    assert_equal(
        outputs_and_gradients(lambda *inputs: ours(*inputs, **options), arrays, ours.trainable_variables),
        outputs_and_gradients(
            lambda query, key, value, kernel: call(ops.matmul(query, kernel), key, value),
            arrays,
            names=("query", "key", "value", "kernel"),
        ),
    )


@pytest.mark.parametrize(("use_bias", "fast"), [(True, False), (False, False), (True, True)])
def test_multi_head_equals_keras(masked, use_bias, fast):
    """`fast`: without the weights, where Keras takes the fused operation of its backend."""
    weights = {name: shape for name, shape in MULTI_HEAD_WEIGHTS.items() if use_bias or "kernel" in name}
    arrays = make_arrays(weights, queries=square(masked))
    options = options_of(masked)
    ours = filled(attention.MultiHeadAttention(HEADS, HEAD_SIZE, use_bias), arrays)
    theirs = attention.to_keras(ours)
    key_mask = ops.convert_to_tensor(options["key_mask"]) if "key_mask" in options else None
    settings = {"use_causal_mask": "causal" in options, "key_mask": key_mask, "return_attention_scores": not fast}

    def call(query, key, value):
        result = theirs(query, value, key, **settings)
        return [result] if fast else result

    def our_call(*inputs):
        return ours(*inputs, **options)[: 1 if fast else 2]

    names = ["query", "key", "value", *weights]
    assert_equal(
        outputs_and_gradients(our_call, arrays, ours.trainable_variables),
        outputs_and_gradients(call, arrays, theirs.trainable_variables),
        names,
    )


def test_multi_head_equals_keras_where_queries_are_the_last_steps():
    arrays = make_arrays(MULTI_HEAD_WEIGHTS)
    options = options_of("causal and padding")
    ours = filled(attention.MultiHeadAttention(HEADS, HEAD_SIZE, use_bias=True), arrays)
    theirs = attention.to_keras(ours)
    mask = ops.convert_to_tensor(pair_mask(QUERIES, **options))
    assert_equal(
        outputs_and_gradients(lambda *inputs: ours(*inputs, **options), arrays, ours.trainable_variables),
        outputs_and_gradients(
            lambda query, key, value: theirs(query, value, key, attention_mask=mask, return_attention_scores=True),
            arrays,
            theirs.trainable_variables,
        ),
        ["query", "key", "value", *MULTI_HEAD_WEIGHTS],
    )


@pytest.mark.parametrize("use_bias", [True, False])
def test_multi_head_weights_travel_both_ways(use_bias):
    weights = {name: shape for name, shape in MULTI_HEAD_WEIGHTS.items() if use_bias or "kernel" in name}
    arrays = make_arrays(weights)
    first = keras.layers.MultiHeadAttention(HEADS, HEAD_SIZE, use_bias=use_bias, dropout=0.5)
    first.build(*(arrays[name].shape for name in ("query", "value", "key")))
    random = np.random.default_rng(2)
    first.set_weights([random.normal(size=weight.shape) / 2 for weight in first.get_weights()])
    ours = attention.from_keras(first)
    expected = ops.convert_to_numpy(first(arrays["query"], arrays["value"], arrays["key"]))
    inputs = [arrays[name] for name in ("query", "key", "value")]
    assert relative_error(ops.convert_to_numpy(ours(*inputs)[0]), expected) <= 1e-5
    for back, start in zip(attention.to_keras(ours).get_weights(), first.get_weights(), strict=True):
        assert np.array_equal(back, start)
    ours.query_kernel.assign(np.zeros(ours.query_kernel.shape))
    assert first.get_weights()[0].any()  # a copy


def test_layers_start_with_weights_that_differ(layer):
    layer.build((None, None, QUERY_FEATURES), (None, None, KEY_FEATURES), (None, None, VALUE_FEATURES))
    kernels = [weight for weight in layer.weights if "kernel" in weight.name]
    assert all(len(np.unique(ops.convert_to_numpy(kernel))) > 1 for kernel in kernels)
    assert not any(ops.convert_to_numpy(weight).any() for weight in layer.weights if "bias" in weight.name)


def test_multi_head_scores_by_hand():
    """A bias of the keys changes the scores, though no weight."""
    arrays = make_arrays(MULTI_HEAD_WEIGHTS)
    layer = filled(attention.MultiHeadAttention(HEADS, HEAD_SIZE, use_bias=True), arrays)
    scores = ops.convert_to_numpy(layer.scores(arrays["query"], arrays["key"]))
    queries = arrays["query"] @ arrays["query_kernel"] + arrays["query_bias"]
    keys = arrays["key"] @ arrays["key_kernel"] + arrays["key_bias"]
    for head in range(HEADS):
        part = slice(head * HEAD_SIZE, (head + 1) * HEAD_SIZE)
        expected = np.einsum("btn,bsn->bts", queries[..., part], keys[..., part]) / math.sqrt(HEAD_SIZE)
        assert relative_error(scores[:, head], expected) <= 1e-5


def test_heads_projected_and_attended_make_the_layer():
    """What a class of one's own puts in between then stands between these."""
    arrays = make_arrays(MULTI_HEAD_WEIGHTS)
    layer = filled(attention.MultiHeadAttention(HEADS, HEAD_SIZE, use_bias=True), arrays)
    mask = options_of("padding")["key_mask"]
    whole = numpy_outputs(layer, *(arrays[name] for name in ("query", "key", "value")), key_mask=mask)
    queries, keys, values = (layer.project(name, arrays[name]) for name in ("query", "key", "value"))
    assert tuple(keys.shape) == (BATCH, HEADS, KEYS, HEAD_SIZE)
    outputs = layer.attend_heads(attention.dot_scores(queries, keys, scaled=True), values, mask[:, None, None])
    for output, expected in zip(outputs, whole, strict=True):
        assert relative_error(ops.convert_to_numpy(output), expected) <= 1e-5


def inputs_for(layer, queries=QUERIES, keys=KEYS):
    arrays = make_arrays({}, queries, keys, one_width=isinstance(layer, attention.DotAttention))
    return [arrays[name] for name in ("query", "key", "value")]


def numpy_outputs(layer, *inputs, **options):
    return [ops.convert_to_numpy(output) for output in layer(*inputs, **options)]


def test_weights_are_shares_of_what_is_seen(layer):
    options = options_of("causal and padding")
    _, weights = numpy_outputs(layer, *inputs_for(layer), **options)
    mask = pair_mask(QUERIES, **options)
    mask = np.broadcast_to(mask[:, None] if weights.ndim == 4 else mask, weights.shape)
    assert np.all(weights[~mask] == 0) and np.all(weights[mask] > 0)
    assert np.allclose(weights.sum(axis=-1), 1, atol=1e-6)


def test_padding_changes_nothing(layer):
    query, key, value = inputs_for(layer)
    mask = np.ones((BATCH, KEYS), dtype=bool)
    mask[:, 4:] = False
    context, weights = numpy_outputs(layer, query, key, value, key_mask=mask)
    shorter_context, shorter_weights = numpy_outputs(layer, query, key[:, :4], value[:, :4])
    assert relative_error(context, shorter_context) <= 1e-5
    assert relative_error(weights[..., :4], shorter_weights) <= 1e-5


def test_a_query_that_sees_nothing_gets_zeros_and_finite_gradients(layer):
    query, key, value = inputs_for(layer)
    arrays = {"query": query, "key": key, "value": value}
    mask = np.ones((BATCH, KEYS), dtype=bool)
    mask[1] = False
    context, weights = numpy_outputs(layer, query, key, value, key_mask=mask)
    nothing = 0 if getattr(layer, "use_bias", None) is not True else ops.convert_to_numpy(layer.output_bias)
    assert not weights[1].any() and np.array_equal(context[1], np.zeros_like(context[1]) + nothing)
    assert weights[0].any() and context[0].any()
    _, found = outputs_and_gradients(lambda *inputs: layer(*inputs, key_mask=mask), arrays, layer.trainable_variables)
    assert all(np.isfinite(gradient).all() for gradient in found)
    assert not any(gradient[1].any() for gradient in found[:3])


@pytest.mark.parametrize(
    ("queries", "keys", "expected"),
    [
        (3, None, [[1, 0, 0], [1, 1, 0], [1, 1, 1]]),
        (2, 5, [[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]),
        (1, 3, [[1, 1, 1]]),
    ],
)
def test_causal_mask_aligns_the_last_steps(queries, keys, expected):
    assert np.array_equal(ops.convert_to_numpy(attention.causal_mask(queries, keys)), np.array(expected, dtype=bool))


def test_steps_with_cached_keys_equal_the_whole_sequence(layer):
    query, key, value = inputs_for(layer, KEYS, KEYS)
    mask = options_of("padding")["key_mask"]
    context, weights = numpy_outputs(layer, query, key, value, key_mask=mask, causal=True)
    for start, end in ((0, 1), (2, 5), (6, 7)):
        cached = key[:, :end], value[:, :end]
        step_context, step_weights = numpy_outputs(
            layer, query[:, start:end], *cached, key_mask=mask[:, :end], causal=True
        )
        assert relative_error(step_context, context[:, start:end]) <= 1e-5
        assert relative_error(step_weights, weights[..., start:end, :end]) <= 1e-5


def tokens():
    """Ids with padding 0 at the end, and for one sequence in the middle."""
    return np.array([[1, 2, 3, 4, 5, 6, 7], [2, 4, 6, 1, 0, 0, 0], [3, 0, 5, 7, 1, 2, 0]])


@pytest.mark.parametrize("causal", [False, True])
def test_masks_that_keras_carries_are_used(layer, causal):
    embed = keras.layers.Embedding(8, QUERY_FEATURES, mask_zero=True)
    ids = keras.Input((None,), dtype="int32")
    embedded = embed(ids)
    context, weights = layer(embedded, embedded, embedded, causal=causal)
    model = keras.Model(ids, [context, weights])
    vectors = ops.convert_to_numpy(embed(tokens()))
    explicit = numpy_outputs(layer, vectors, vectors, vectors, key_mask=tokens() != 0, causal=causal)
    for computed in (model.predict(tokens(), verbose=0), numpy_outputs(layer, *[embed(tokens())] * 3, causal=causal)):
        for output, expected in zip(computed, explicit, strict=True):
            assert relative_error(output, expected) <= 1e-5
    ignored = numpy_outputs(layer, vectors, vectors, vectors, causal=causal)
    assert relative_error(ignored[1], explicit[1]) > 0.01  # the mask matters


def test_an_explicit_mask_goes_before_the_one_that_keras_carries():
    embedded = keras.layers.Embedding(8, QUERY_FEATURES, mask_zero=True)(tokens())
    _, weights = attention.DotAttention()(embedded, embedded, embedded, key_mask=tokens() < 4)
    assert np.array_equal(
        ops.convert_to_numpy(weights) > 0, np.broadcast_to((tokens() < 4)[:, None], (BATCH, KEYS, KEYS))
    )


def test_a_query_that_is_padding_gets_a_context_and_its_mask_goes_on(layer):
    embed = keras.layers.Embedding(8, QUERY_FEATURES, mask_zero=True)
    _, key, value = inputs_for(layer)
    embedded = embed(tokens())
    context, weights = layer(embedded, key, value)
    expected = numpy_outputs(layer, ops.convert_to_numpy(embedded), key, value)
    assert relative_error(ops.convert_to_numpy(context), expected[0]) <= 1e-5
    # Masking's user further on: a layer that averages over time leaves padding out.
    averaged = ops.convert_to_numpy(keras.layers.GlobalAveragePooling1D()(context))
    keep = (tokens() != 0)[..., None]
    assert relative_error(averaged, (expected[0] * keep).sum(axis=1) / keep.sum(axis=1)) <= 1e-5
    assert getattr(weights, "_keras_mask", None) is None


def test_output_specs_of_lengths_not_known_yet(layer):
    key_features = QUERY_FEATURES if isinstance(layer, attention.DotAttention) else KEY_FEATURES
    query = keras.Input((None, QUERY_FEATURES))
    key, value = keras.Input((KEYS, key_features)), keras.Input((KEYS, VALUE_FEATURES))
    context, weights = layer(query, key, value)
    multi_head = isinstance(layer, attention.MultiHeadAttention)
    assert tuple(context.shape) == (None, None, QUERY_FEATURES if multi_head else VALUE_FEATURES)
    assert tuple(weights.shape) == ((None, HEADS, None, KEYS) if multi_head else (None, None, KEYS))


def test_causal_in_a_compiled_model_of_any_length(layer):
    inputs = keras.Input((None, QUERY_FEATURES))
    model = keras.Model(inputs, layer(inputs, inputs, inputs, causal=True))
    for length in (3, 7):
        vectors = make_arrays({}, length)["query"]
        computed = model.predict(vectors, verbose=0)
        whole = numpy_outputs(layer, vectors, vectors, vectors, causal=True)
        for output, expected in zip(computed, whole, strict=True):
            assert relative_error(output, expected) <= 1e-5


@pytest.mark.parametrize("layer", ["additive", "multi-head with biases"], indirect=True)
def test_fit_builds_and_trains(layer):
    class Reader(keras.Model):
        """Embed, attend, answer."""

        def __init__(self):
            super().__init__()
            self.embed = keras.layers.Embedding(8, QUERY_FEATURES, mask_zero=True)
            self.attention = layer
            self.head = keras.layers.Dense(8)

        def call(self, ids):
            embedded = self.embed(ids)
            context, _ = self.attention(embedded, embedded, embedded, causal=True)
            return self.head(context)

    model = Reader()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    history = model.fit(tokens(), tokens(), epochs=20, verbose=0)
    assert layer.built and history.history["loss"][-1] < 0.9 * history.history["loss"][0]


def test_a_model_survives_saving(layer, tmp_path):
    inputs = keras.Input((None, QUERY_FEATURES))
    model = keras.Model(inputs, layer(inputs, inputs, inputs, causal=True))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    vectors = make_arrays({})["query"]
    for output, expected in zip(loaded.predict(vectors, verbose=0), model.predict(vectors, verbose=0), strict=True):
        assert np.allclose(output, expected)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_mixed_precision(layer, precision):
    mixed = type(layer).from_config(layer.get_config() | {"dtype": f"mixed_{precision}"})
    inputs = inputs_for(layer)
    mask = options_of("padding")["key_mask"]
    mask[2] = False
    expected = numpy_outputs(layer, *inputs, key_mask=mask, causal=True)
    mixed.build(*(array.shape for array in inputs))
    mixed.set_weights(layer.get_weights())
    outputs = mixed(*inputs, key_mask=mask, causal=True)
    for output, exact in zip(outputs, expected, strict=True):
        assert keras.backend.standardize_dtype(output.dtype) == precision
        output = ops.convert_to_numpy(ops.cast(output, "float32"))
        assert relative_error(output, exact) <= {"float16": 0.01, "bfloat16": 0.05}[precision]
    assert all(weight.dtype == "float32" for weight in mixed.weights)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_softmax_is_rounded_once_after_float32(precision):
    scores = ops.cast(np.random.default_rng(0).normal(size=(5, 211)) * 3, precision)
    mask = np.random.default_rng(1).random((5, 211)) < 0.7
    mask[3] = False
    exact = ops.convert_to_numpy(ops.cast(scores, "float32"))
    exponentials = np.exp(exact - exact.max(axis=-1, keepdims=True)) * mask
    expected = exponentials / np.maximum(exponentials.sum(axis=-1, keepdims=True), 1e-30)
    weights = attention.masked_softmax(scores, mask)
    assert keras.backend.standardize_dtype(weights.dtype) == precision
    error = np.abs(ops.convert_to_numpy(ops.cast(weights, "float32")) - expected)
    # Half the distance between neighbors: 11 and 8 binary digits, and the smallest of float16.
    digits = {"float16": 11, "bfloat16": 8}[precision]
    assert np.all(error <= expected * 2.0**-digits * 1.001 + 2.0**-25)


def test_scaled_scores_stay_in_the_range_of_half_precision():
    vectors = ops.ones((1, 2, 128), dtype="float16") * 40
    scores = ops.convert_to_numpy(attention.dot_scores(vectors, vectors, scaled=True))
    assert np.allclose(scores, 40 * 40 * math.sqrt(128), rtol=0.01)


def test_scores_far_below_zero_still_give_weights():
    weights = attention.masked_softmax(np.array([[-2e9, -2e9, 0.0]], dtype="float32"), np.array([True, True, False]))
    assert np.array_equal(ops.convert_to_numpy(weights), [[0.5, 0.5, 0]])


def test_functions_take_numpy_arrays():
    arrays = make_arrays({}, one_width=True)
    query, key, value = (arrays[name] for name in ("query", "key", "value"))
    mask = pair_mask(QUERIES, **options_of("causal and padding"))
    context, weights = attention.attend(attention.dot_scores(query, key), value, mask)
    expected = reference.attention(*(array.astype("float64") for array in (query, key, value)), mask=mask)
    assert relative_error(ops.convert_to_numpy(context), expected[0]) <= 1e-5
    assert relative_error(ops.convert_to_numpy(weights), expected[1]) <= 1e-5


def test_a_score_of_ones_own_makes_an_attention():
    class Average(attention.Attention):
        """All keys alike."""

        def scores(self, query, key):
            return ops.zeros((query.shape[0], query.shape[1], key.shape[1]))

    arrays = make_arrays({})
    context, _ = Average()(arrays["query"], arrays["key"], arrays["value"])
    expected = np.repeat(arrays["value"].mean(axis=1, keepdims=True), QUERIES, axis=1)
    assert relative_error(ops.convert_to_numpy(context), expected) <= 1e-5
    with pytest.raises(NotImplementedError, match="Attention: expected a method `scores"):
        attention.Attention().scores(None, None)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"query": (QUERIES, QUERY_FEATURES)}, r"query: expected shape .*got \(5, 11\)"),
        ({"key": (BATCH + 1, KEYS, QUERY_FEATURES)}, r"key: expected shape \(3, None, None\), got \(4, 7, 11\)"),
        ({"value": (BATCH, KEYS + 1, 1)}, r"value: expected shape \(3, 7, None\), got \(3, 8, 1\)"),
        ({"key_mask": (BATCH, QUERIES)}, r"key_mask: expected shape \(3, 7\), got \(3, 5\)"),
    ],
)
@pytest.mark.parametrize("make", [attention.DotAttention, MAKERS["multi-head"]])
def test_wrong_inputs_are_named(make, wrong, message):
    shapes = {
        "query": (BATCH, QUERIES, QUERY_FEATURES),
        "key": (BATCH, KEYS, QUERY_FEATURES),
        "value": (BATCH, KEYS, 1),
    }
    arrays = {name: np.ones(shape, dtype="float32") for name, shape in (shapes | wrong).items()}
    with pytest.raises(ValueError, match=message):
        make()(**arrays)


def test_wrong_shapes_are_named():
    query, key, value = np.zeros((2, 3, 5)), np.zeros((2, 7, 5)), np.zeros((2, 7, 5))
    with pytest.raises(ValueError, match=r"key: expected shape \(None, None, 5\), got \(2, 7, 4\)"):
        attention.dot_scores(query, key[..., :4])
    with pytest.raises(ValueError, match=r"value: expected shape \(None, 7, None\), got \(2, 6, 5\)"):
        attention.attend(attention.dot_scores(query, key), value[:, :6])
    for shape in ((2, 3, 6), (3, 1, 7), (1, 2, 3, 7)):
        with pytest.raises(ValueError, match=r"mask: expected a shape that broadcasts to \(2, 3, 7\), got"):
            attention.masked_softmax(np.zeros((2, 3, 7), dtype="float32"), np.ones(shape, dtype=bool))
    for queries in (0, 4):
        with pytest.raises(ValueError, match=f"queries: expected from 1 to 3, the number of keys, got {queries}"):
            attention.causal_mask(queries, 3)


@pytest.mark.parametrize("size", [0, -3, 2.5, "many"])
def test_wrong_sizes_are_named(size):
    with pytest.raises(ValueError, match="units: expected a whole number of at least 1, got"):
        attention.AdditiveAttention(size)
    with pytest.raises(ValueError, match="heads: expected a whole number of at least 1, got"):
        attention.MultiHeadAttention(size, 3)
    with pytest.raises(ValueError, match="head_size: expected a whole number of at least 1, got"):
        attention.MultiHeadAttention(3, size)


def test_what_has_no_twin_is_named():
    with pytest.raises(ValueError, match="layer: expected a MultiHeadAttention of seqlib, got"):
        attention.to_keras(keras.layers.MultiHeadAttention(2, 3))
    with pytest.raises(ValueError, match="layer: expected a MultiHeadAttention of keras, got"):
        attention.from_keras(attention.MultiHeadAttention(2, 3))
    with pytest.raises(ValueError, match="layer: expected one that has weights"):
        attention.to_keras(attention.MultiHeadAttention(2, 3))
    with pytest.raises(ValueError, match="layer: expected one that has weights"):
        attention.from_keras(keras.layers.MultiHeadAttention(2, 3))


@pytest.mark.parametrize(
    ("settings", "rank", "message"),
    [
        ({"value_dim": 5}, 3, "value_dim 3, the only one of MultiHeadAttention, got 5"),
        ({"output_shape": 5}, 3, r"an output as wide as the query, got \(5,\)"),
        ({"attention_axes": (1, 2)}, 4, r"attention_axes \(1,\), the only one of MultiHeadAttention, got \(1, 2\)"),
        ({"use_gate": True}, 3, "use_gate False, the only one of MultiHeadAttention, got True"),
        ({"sliding_window": 2}, 3, "sliding_window None, the only one of MultiHeadAttention, got 2"),
    ],
)
def test_a_keras_layer_that_ours_cannot_be_is_named(settings, rank, message):
    try:
        layer = keras.layers.MultiHeadAttention(2, 3, **settings)
    except (TypeError, ValueError):
        pytest.skip("this version of Keras has no such setting")
    layer.build(*[(None,) * (rank - 1) + (QUERY_FEATURES,)] * 2)
    with pytest.raises(ValueError, match=f"layer: expected {message}"):
        attention.from_keras(layer)


def test_an_output_as_wide_as_the_query_is_taken():
    layer = keras.layers.MultiHeadAttention(2, 3, output_shape=QUERY_FEATURES)
    layer.build(*[(None, None, QUERY_FEATURES)] * 2)
    assert attention.from_keras(layer).output_kernel.shape == (6, QUERY_FEATURES)
