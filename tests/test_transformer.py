"""Transformer blocks, proven three ways: NumPy loop = our block = one put together from Keras' own layers."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from seqlib import attention, gradients, reference, transformer

# All different, so that no transposed axis can hide.
BATCH, TIME, KEYS, HEADS, HEAD_SIZE, HIDDEN, MEMORY_FEATURES = 2, 7, 11, 3, 5, 13, 17
FEATURES = HEADS * HEAD_SIZE
PARTS = (
    "attention",
    "attention_norm",
    "cross_attention",
    "cross_norm",
    "expand",
    "contract",
    "feed_forward_norm",
)
MASKS = ["no mask", "padding"]
# Arguments of blocks, and whether they have a memory.
BLOCKS = {
    "encoder": (False, {}),
    "encoder, norm after": (False, {"norm": "post"}),
    "decoder alone": (False, {"causal": True}),
    "decoder alone, norm after": (False, {"causal": True, "norm": "post"}),
    "no residual path": (False, {"residual": False}),
    "no residual path, norm after": (False, {"residual": False, "norm": "post"}),
    "no feed-forward": (False, {"hidden": None}),
    "decoder": (True, {}),
    "decoder, norm after": (True, {"norm": "post"}),
}


@pytest.fixture(params=BLOCKS)
def kind(request):
    """Each kind of block in turn, by name."""
    return request.param


@pytest.fixture(params=MASKS)
def masked(request):
    """Each mask in turn, by name."""
    return request.param


def make_block(kind, heads=HEADS, hidden=HIDDEN, **settings):
    with_memory, own = BLOCKS[kind]
    settings = {"heads": heads, "hidden": hidden} | own | settings
    return (transformer.DecoderBlock if with_memory else transformer.EncoderBlock)(**settings)


def make_arrays(kind, time=TIME, keys=KEYS, features=FEATURES, memory_features=MEMORY_FEATURES, batch=BATCH):
    random = np.random.default_rng(0)
    shapes = {"inputs": (batch, time, features)}
    if BLOCKS[kind][0]:
        shapes["memory"] = (batch, keys, memory_features)
    return {name: random.normal(size=shape).astype("float32") for name, shape in shapes.items()}


def options_of(masked, kind, time=TIME, keys=KEYS):
    """Give the arguments of a call: masks with holes and ends, that leave every step something to see."""
    if masked == "no mask":
        return {}
    masks = {"mask": np.ones((BATCH, time), dtype=bool)}
    masks["mask"][0, 1:2] = masks["mask"][1, time - 1 :] = False
    if BLOCKS[kind][0]:
        masks["memory_mask"] = np.ones((BATCH, keys), dtype=bool)
        masks["memory_mask"][0, :2] = masks["memory_mask"][1, 3:] = False
    return masks


def pair_masks(kind, arrays, mask=None, memory_mask=None):
    """Write the masks out, pair by pair: `(batch, time, time)`, and `(batch, time, keys)` or None."""
    batch, time, _ = arrays["inputs"].shape
    causal = BLOCKS[kind][0] or BLOCKS[kind][1].get("causal", False)
    pairs = np.ones((batch, time, time), dtype=bool)
    for sequence, t, s in np.ndindex(pairs.shape):
        pairs[sequence, t, s] = (mask is None or mask[sequence, s]) and not (causal and s > t)
    if "memory" not in arrays:
        return pairs, None
    whole = np.ones((batch, arrays["memory"].shape[1]), dtype=bool) if memory_mask is None else memory_mask
    return pairs, np.repeat(whole[:, None], time, axis=1)


def relative_error(result, expected, scale=None):
    return np.max(np.abs(result - expected)) / (np.max(np.abs(expected)) if scale is None else scale)


def parts_of(block):
    return {name: getattr(block, name) for name in PARTS if hasattr(block, name)}


def variables_of(parts):
    return [variable for layer in parts.values() for variable in layer.trainable_variables]


def filled(block, arrays):
    """Build a block for the arrays, and give every weight of it a value that it would not start with."""
    random = np.random.default_rng(1)
    block.build(*(array.shape for array in arrays.values()))
    for layer in parts_of(block).values():
        layer.set_weights([random.normal(size=weight.shape) / 2 for weight in layer.get_weights()])
    return block


def numpy_outputs(call, *inputs, **options):
    return [ops.convert_to_numpy(output) for output in call(*inputs, **options)]


def upstream_for(*outputs):
    random = np.random.default_rng(2)
    return [random.normal(size=tuple(output.shape)).astype("float32") for output in outputs]


def outputs_and_gradients(call, arrays, variables=()):
    """Call on arrays; give what comes out, and the gradients of a loss that all of it enters."""
    places = list(arrays.values())
    outputs = call(*(ops.convert_to_tensor(place) for place in places))
    upstream = [ops.convert_to_tensor(array) for array in upstream_for(*outputs)]

    def loss(*tensors):
        return sum(ops.sum(up * output) for up, output in zip(upstream, call(*tensors), strict=True))

    _, for_places, for_variables = gradients.value_and_gradients(loss, places, variables)
    return [ops.convert_to_numpy(output) for output in outputs], [*for_places, *for_variables]


def assert_equal(ours, theirs):
    """Hold outputs and gradients against each other, each relative to the largest number of its own array."""
    for found, expected in zip(ours, theirs, strict=True):
        for place, (array, expected_array) in enumerate(zip(found, expected, strict=True)):
            # Keras keeps the heads on an axis of their own.
            assert relative_error(array, np.reshape(expected_array, array.shape)) <= 1e-5, place


def loop_gradients(loop, places):
    """Differentiate a loop by moving every number a little to both sides: knows nothing of the chain rule."""
    places = [np.array(place, dtype="float64") for place in places]
    outputs = loop(*places)
    upstream = upstream_for(*outputs)

    def loss():
        return sum(np.sum(up * output) for up, output in zip(upstream, loop(*places), strict=True))

    found = []
    for place in places:
        gradient = np.zeros(place.shape)
        for index in np.ndindex(place.shape):
            start, sides = place[index], []
            for width in (1e-6, -1e-6):
                place[index] = start + width
                sides.append(loss())
            place[index] = start
            gradient[index] = (sides[0] - sides[1]) / 2e-6
        found.append(gradient)
    return outputs, found


def loop_of(kind, weights, heads, masks):
    """Give the loop as a function of inputs, memory if there is one, and weights in a row; `weights` has their names.

    The output comes first, then the weights of attention.
    """
    with_memory, settings = BLOCKS[kind]
    settings = {name: value for name, value in settings.items() if name in ("norm", "residual")}

    def loop(inputs, *rest):
        memory, row = (rest[0], rest[1:]) if with_memory else (None, rest)
        row = iter(row)
        named = {name: [next(row) for _ in arrays] for name, arrays in weights.items()}
        outputs = reference.transformer_block(
            inputs, named, heads, mask=masks[0], memory=memory, memory_mask=masks[1], **settings
        )
        return [output for output in outputs if output is not None]

    return loop


# The last leaves some steps nothing to see, and one sequence nothing at all.
@pytest.mark.parametrize("masked", [*MASKS, "sees nothing"])
def test_equal_the_numpy_loop(kind, masked):
    time, keys = 3, 5
    arrays = make_arrays(kind, time, keys, features=6, memory_features=4)
    options = options_of(masked, kind, time, keys)
    if masked == "sees nothing":
        options = {"mask": np.array([[False, True, True], [False] * 3])}
        if BLOCKS[kind][0]:
            options["memory_mask"] = np.array([[True] * 5, [False] * 5])
    block = filled(make_block(kind, hidden=5), arrays)
    weights = {name: layer.get_weights() for name, layer in parts_of(block).items()}
    row = [array for part in weights.values() for array in part]
    loop = loop_of(kind, weights, HEADS, pair_masks(kind, arrays, **options))
    ours = outputs_and_gradients(lambda *inputs: block(*inputs, **options), arrays, variables_of(parts_of(block)))
    assert_equal(ours, loop_gradients(loop, [*arrays.values(), *row]))
    assert len(row) == len(block.weights) == len(block.trainable_variables)


def keras_block(block, masks):
    """Put a block together from Keras' layers with copied weights; give it as a function, and its layers."""
    kinds = {"attention": keras.layers.MultiHeadAttention, "expand": keras.layers.Dense}
    layers = {}
    for name, ours in parts_of(block).items():
        if name in ("attention", "cross_attention"):
            sizes = [kernel.shape[0] for kernel in (ours.query_kernel, ours.value_kernel, ours.key_kernel)]
            layers[name] = kinds["attention"](HEADS, HEAD_SIZE, use_bias=False)
            layers[name].build(*((None, None, size) for size in sizes))
        else:
            layers[name] = keras.layers.LayerNormalization()
            if name in ("expand", "contract"):
                layers[name] = kinds["expand"](ours.units, "relu" if name == "expand" else None)
            layers[name].build((None, None, ours.weights[0].shape[0]))
        shapes = [weight.shape for weight in layers[name].get_weights()]
        pairs = zip(ours.get_weights(), shapes, strict=True)
        layers[name].set_weights([weight.reshape(shape) for weight, shape in pairs])
    masks = [None if mask is None else ops.convert_to_tensor(mask) for mask in masks]

    def part(function, norm, states):
        """Give what comes after a part, and what it shows of itself."""
        change, *shown = function(norm(states) if block.norm == "pre" else states)
        total = states + change if block.residual else change
        return norm(total) if block.norm == "post" else total, *shown

    def call(inputs, memory=None):
        def look(states):
            return layers["attention"](states, states, attention_mask=masks[0], return_attention_scores=True)

        def read(states):
            return layers["cross_attention"](states, memory, attention_mask=masks[1], return_attention_scores=True)

        def think(states):
            return [layers["contract"](layers["expand"](states))]

        states, *shown = part(look, layers["attention_norm"], inputs)
        if memory is not None:
            states, seen = part(read, layers["cross_norm"], states)
            shown.append(seen)
        if "expand" in layers:
            (states,) = part(think, layers["feed_forward_norm"], states)
        return states, *shown

    return call, layers


def test_equal_keras_layers(kind, masked):
    arrays = make_arrays(kind)
    options = options_of(masked, kind)
    block = filled(make_block(kind), arrays)
    call, layers = keras_block(block, pair_masks(kind, arrays, **options))
    assert_equal(
        outputs_and_gradients(lambda *inputs: block(*inputs, **options), arrays, variables_of(parts_of(block))),
        outputs_and_gradients(call, arrays, variables_of(layers)),
    )


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_a_block_starts_as_a_norm_that_changes_nothing_and_kernels_that_differ(kind):
    arrays = make_arrays(kind)
    block = make_block(kind)
    block.build(*(array.shape for array in arrays.values()))
    for name, layer in parts_of(block).items():
        for weight in layer.weights:
            values = ops.convert_to_numpy(weight)
            assert len(np.unique(values)) > 1 if "kernel" in weight.name else np.all(values == (weight.name == "gamma"))
        assert ("norm" in name) == isinstance(layer, keras.layers.LayerNormalization)
    assert transformer.EncoderBlock(HEADS, 0)(arrays["inputs"])[0].shape == arrays["inputs"].shape


@pytest.mark.parametrize(("length", "features"), [(23, 7), (11, 6), (3, 1), (5003, 4)])
def test_sinusoidal_table_is_the_formula(length, features):
    table = transformer.sinusoidal_table(length, features)
    assert table.shape == (length, features) and table.dtype == "float32"
    for position in {*range(min(length, 23)), length - 1}:
        for column in range(features):
            pair = column // 2
            angle = position / 10000 ** (2 * pair / features)
            expected = math.sin(angle) if column == 2 * pair else math.cos(angle)
            assert abs(table[position, column] - expected) <= 1e-6


@pytest.mark.parametrize("learned", [False, True])
def test_positions_add_the_rows_of_the_table(learned):
    layer = transformer.Positions(KEYS, learned)
    inputs = make_arrays("encoder")["inputs"]
    layer.build(inputs.shape)
    assert [tuple(weight.shape) for weight in layer.weights] == ([(KEYS, FEATURES)] if learned else [])
    table = layer.get_weights()[0] if learned else transformer.sinusoidal_table(KEYS, FEATURES)
    assert len(np.unique(table)) > KEYS
    for start in (0, 4, ops.convert_to_tensor(3, dtype="int32"), np.int64(2)):
        first = int(ops.convert_to_numpy(start)) if not isinstance(start, int) else start
        output = ops.convert_to_numpy(layer(inputs, start=start))
        assert relative_error(output, inputs + table[first : first + TIME]) <= 1e-5
    if learned:
        _, (gradient,) = outputs_and_gradients(
            lambda: [layer(ops.convert_to_tensor(inputs), start=2)], {}, layer.trainable_variables
        )
        assert np.array_equal(gradient.any(axis=1), (np.arange(KEYS) >= 2) & (np.arange(KEYS) < 2 + TIME))


@pytest.mark.parametrize("learned", [False, True])
def test_positions_of_a_time_not_known_yet(learned):
    inputs = keras.Input((None, FEATURES))
    model = keras.Model(inputs, transformer.Positions(KEYS, learned)(inputs))
    assert tuple(model.output.shape) == (None, None, FEATURES)
    table = model.layers[-1].get_weights()[0] if learned else transformer.sinusoidal_table(KEYS, FEATURES)
    for time in (3, KEYS):
        vectors = make_arrays("encoder", time)["inputs"]
        assert relative_error(model.predict(vectors, verbose=0), vectors + table[:time]) <= 1e-5


def turned(vectors, start):
    """Rotate by complex numbers: another way to the same."""
    angles = np.outer(
        start + np.arange(vectors.shape[-2]), 10000.0 ** (-np.arange(0, vectors.shape[-1], 2) / vectors.shape[-1])
    )
    product = (vectors[..., 0::2] + 1j * vectors[..., 1::2]) * np.exp(1j * angles)
    return np.stack([product.real, product.imag], axis=-1).reshape(vectors.shape)


@pytest.mark.parametrize("start", [0, 5, 211])
def test_rotation_is_a_product_of_complex_numbers(start):
    vectors = np.random.default_rng(0).normal(size=(BATCH, HEADS, TIME, 6))
    rotated = ops.convert_to_numpy(transformer.rotate(vectors.astype("float32"), start))
    assert relative_error(rotated, turned(vectors, start)) <= 1e-5
    lengths = np.linalg.norm(rotated, axis=-1)
    assert relative_error(lengths, np.linalg.norm(vectors, axis=-1)) <= 1e-5
    if start == 0:
        assert np.array_equal(rotated[:, :, 0], vectors[:, :, 0].astype("float32"))
        assert relative_error(rotated[:, :, 1], vectors[:, :, 1]) > 0.1


def test_rotated_scores_depend_on_the_difference_of_positions_only():
    random = np.random.default_rng(0)
    query, key = (np.repeat(random.normal(size=(1, 6)), TIME, axis=0).astype("float32") for _ in range(2))

    def scores(query_start, key_start):
        rotated = transformer.rotate(query, query_start), transformer.rotate(key, key_start)
        return ops.convert_to_numpy(attention.dot_scores(*rotated))

    first = scores(0, 0)
    assert relative_error(scores(13, 13), first) <= 1e-5
    for difference in range(1 - TIME, TIME):
        along = np.diagonal(first, difference)
        assert np.max(np.abs(along - along[0])) / np.max(np.abs(first)) <= 1e-5
    assert len({round(float(number), 3) for number in first[0]}) == TIME
    assert relative_error(scores(3, 0), first) > 0.01


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_rotation_tells_far_positions_apart_in_half_precision(precision):
    vectors = np.random.default_rng(0).normal(size=(TIME, 6)).astype("float32")
    rotated = transformer.rotate(ops.cast(vectors, precision), 1001)
    assert keras.backend.standardize_dtype(rotated.dtype) == precision
    assert relative_error(ops.convert_to_numpy(ops.cast(rotated, "float32")), turned(vectors, 1001)) <= 0.02


def rotary_loop(layer, inputs, mask):
    """Attend head by head with queries and keys turned by complex numbers."""
    inputs = inputs.astype("float64")
    context, weights = 0, []
    kernels = layer.get_weights()
    for head in range(layer.heads):
        part = slice(head * layer.head_size, (head + 1) * layer.head_size)
        query, key, value = (inputs @ kernel[:, part] for kernel in kernels[:3])
        query, key = turned(query, 0), turned(key, 0)
        one, seen = reference.attention(query / math.sqrt(layer.head_size), key, value, mask=mask)
        context = context + one @ kernels[3][part]
        weights.append(seen)
    return context, np.stack(weights, axis=1)


@pytest.mark.parametrize("kind", ["encoder", "decoder alone"])
def test_rotary_attention_equals_the_loop(kind, masked):
    arrays = make_arrays(kind, features=18)
    options = options_of(masked, kind)
    block = filled(make_block(kind, rotary=True), arrays)
    mask, _ = pair_masks(kind, arrays, **options)
    expected = rotary_loop(block.attention, arrays["inputs"], mask)
    for output, expected_output in zip(
        numpy_outputs(block.attention, arrays["inputs"], **options), expected, strict=True
    ):
        assert relative_error(output, expected_output) <= 1e-5
    # The block uses it, on what it normalizes.
    normalized = ops.convert_to_numpy(block.attention_norm(arrays["inputs"]))
    _, weights = numpy_outputs(block, arrays["inputs"], **options)
    assert relative_error(weights, rotary_loop(block.attention, normalized, mask)[1]) <= 1e-5
    _, plain = numpy_outputs(filled(make_block(kind), arrays), arrays["inputs"], **options)
    assert relative_error(weights, plain) > 0.01


def test_attention_without_positions_knows_no_order():
    """Turned round in time, an encoder's output is turned round too; with positions, or with causality, it is not."""
    inputs = make_arrays("encoder", features=18)["inputs"]
    for settings, same in (({}, True), ({"rotary": True}, False), ({"causal": True}, False)):
        block = filled(make_block("encoder", **settings), {"inputs": inputs})
        output, turned_round = numpy_outputs(block, inputs)[0], numpy_outputs(block, inputs[:, ::-1].copy())[0][:, ::-1]
        assert (relative_error(turned_round, output) <= 1e-5) == same


@pytest.mark.parametrize("kind", ["decoder alone", "decoder"])
def test_causal_blocks_do_not_see_the_future(kind):
    arrays = make_arrays(kind, features=18)
    changed = arrays["inputs"].copy()
    changed[:, 4:] += 1
    for rotary in (False, True):
        block = filled(make_block(kind, rotary=rotary), arrays)
        before, after = (numpy_outputs(block, x, *list(arrays.values())[1:])[0] for x in (arrays["inputs"], changed))
        assert relative_error(after[:, :4], before[:, :4]) <= 1e-5
        assert relative_error(after[:, 4:], before[:, 4:]) > 0.01


def run_cached(block, arrays, pieces, length, masked, kind, tensors):
    """Run over pieces of the inputs one after the other; give outputs and weights, put together again."""
    options = options_of(masked, kind)
    mask = options.pop("mask", None)
    cache = block.empty_cache(BATCH, length)
    # What is not written yet must not show, whatever it is.
    cache = [ops.ones_like(array) * 50 for array in cache[:2]] + [cache[2]]
    collected, start = [], 0
    for size in pieces:
        now = slice(start, start + size)
        part = {} if mask is None else {"mask": mask[:, now]}
        position = ops.convert_to_tensor(start, dtype="int32") if tensors else start
        inputs = (arrays["inputs"][:, now], *list(arrays.values())[1:])
        *outputs, cache = block(*inputs, cache=cache, start=position, **part, **options)
        collected.append([ops.convert_to_numpy(output) for output in outputs])
        start += size
    axes = (1, 2, 2)
    return [
        np.concatenate(outputs, axis=axis) for outputs, axis in zip(zip(*collected, strict=True), axes, strict=False)
    ]


@pytest.mark.parametrize("kind", ["decoder alone", "decoder alone, norm after", "decoder", "decoder, norm after"])
@pytest.mark.parametrize("rotary", [False, True])
def test_cached_steps_equal_the_whole_sequence(kind, rotary, masked):
    arrays = make_arrays(kind, features=18)
    block = filled(make_block(kind, rotary=rotary), arrays)
    whole = numpy_outputs(block, *arrays.values(), **options_of(masked, kind))
    for pieces, length, tensors in (
        ((4, 1, 1, 1), KEYS, True),
        ((1,) * TIME, TIME, False),
        ((3, 4), KEYS, True),
        ((TIME,), TIME, False),
    ):
        output, weights, *memory_weights = run_cached(block, arrays, pieces, length, masked, kind, tensors)
        assert relative_error(output, whole[0]) <= 1e-5
        assert weights.shape == (BATCH, HEADS, TIME, length)
        assert relative_error(weights[..., :TIME], whole[1]) <= 1e-5
        assert not weights[..., TIME:].any()
        if memory_weights:
            assert relative_error(memory_weights[0], whole[2]) <= 1e-5


def test_a_cached_step_computes_keys_of_the_new_step_only(monkeypatch):
    arrays = make_arrays("decoder alone")
    block = filled(make_block("decoder alone"), arrays)
    inputs = ops.convert_to_tensor(arrays["inputs"])
    *_, cache = block(inputs[:, :4], cache=block.empty_cache(BATCH, KEYS))
    projected = []
    project = attention.MultiHeadAttention.project

    def watched(self, name, inputs):
        projected.append((name, inputs.shape[1]))
        return project(self, name, inputs)

    monkeypatch.setattr(attention.MultiHeadAttention, "project", watched)
    _, weights, after = block(inputs[:, 4:5], cache=cache, start=4)
    assert projected == [("query", 1), ("key", 1), ("value", 1)]
    assert tuple(weights.shape) == (BATCH, HEADS, 1, KEYS)
    for before, now in zip(cache, after, strict=True):
        before, now = ops.convert_to_numpy(before), ops.convert_to_numpy(now)
        axis = 2 if before.ndim == 4 else 1
        changed = (before != now).any(axis=tuple(set(range(before.ndim)) - {axis}))
        assert np.array_equal(changed, np.arange(KEYS) == 4)


def tokens():
    """Ids with padding 0 at the end, and for one sequence in the middle."""
    return np.array([[1, 2, 3, 4, 5, 0, 0], [3, 0, 5, 7, 1, 2, 6]])


def test_masks_that_keras_carries_are_used():
    embed = keras.layers.Embedding(8, FEATURES, mask_zero=True)
    ids = keras.Input((None,), dtype="int32")
    vectors, seen = ops.convert_to_numpy(embed(tokens())), tokens() != 0
    encoder, decoder = make_block("encoder"), make_block("decoder")
    memory, _ = encoder(embed(ids))
    symbolic = keras.Model(ids, [memory, *decoder(embed(ids), memory)])
    expected_memory, ignored = numpy_outputs(encoder, vectors, mask=seen)[0], numpy_outputs(encoder, vectors)[0]
    assert relative_error(ignored, expected_memory) > 0.01  # the mask matters
    expected = numpy_outputs(decoder, vectors, expected_memory, mask=seen, memory_mask=seen)
    eager_memory, _ = encoder(embed(tokens()))
    eager = [eager_memory, *decoder(embed(tokens()), eager_memory)]
    for computed in (symbolic.predict(tokens(), verbose=0), [ops.convert_to_numpy(output) for output in eager]):
        for output, expected_output in zip(computed, [expected_memory, *expected], strict=True):
            assert relative_error(output, expected_output) <= 1e-5
    # Masking's user further on: a layer that averages over time leaves padding out.
    averaged = ops.convert_to_numpy(keras.layers.GlobalAveragePooling1D()(eager[1]))
    keep = seen[..., None]
    assert relative_error(averaged, (expected[0] * keep).sum(axis=1) / keep.sum(axis=1)) <= 1e-5


@pytest.mark.parametrize("kind", ["decoder alone", "decoder"])
def test_masks_that_keras_carries_are_used_with_a_cache_too(kind):
    embed = keras.layers.Embedding(8, FEATURES, mask_zero=True)
    memory = list(make_arrays(kind).values())[1:]
    block = make_block(kind)
    whole = block(embed(tokens()), *memory)
    *prefix, cache = block(embed(tokens()[:, :4]), *memory, cache=block.empty_cache(BATCH, TIME))
    *rest, _ = block(embed(tokens()[:, 4:]), *memory, cache=cache, start=4)
    for first, second, expected in zip(prefix, rest, whole, strict=True):
        axis = 1 if len(first.shape) == 3 else 2
        joined = np.concatenate([ops.convert_to_numpy(first), ops.convert_to_numpy(second)], axis=axis)
        assert relative_error(joined, ops.convert_to_numpy(expected)) <= 1e-5


def test_an_explicit_mask_goes_before_the_one_that_keras_carries():
    embedded = keras.layers.Embedding(8, FEATURES, mask_zero=True)(tokens())
    for kind in ("encoder", "decoder alone"):
        seen = tokens() < 4
        _, weights = numpy_outputs(make_block(kind), embedded, mask=seen)
        mask, _ = pair_masks(kind, {"inputs": ops.convert_to_numpy(embedded)}, mask=seen)
        assert np.array_equal(weights > 0, np.repeat(mask[:, None], HEADS, axis=1))


def test_rows_that_are_all_padding_stay_finite(kind):
    arrays = make_arrays(kind)
    masks = {name: np.zeros(array.shape[:2], dtype=bool) for name, array in arrays.items()}
    options = {"mask": masks["inputs"]} | ({"memory_mask": masks["memory"]} if "memory" in masks else {})
    for mask in options.values():
        mask[0] = True
    block = filled(make_block(kind), arrays)
    outputs, found = outputs_and_gradients(
        lambda *inputs: block(*inputs, **options), arrays, variables_of(parts_of(block))
    )
    assert all(np.isfinite(array).all() for array in [*outputs, *found])
    assert not any(weights[1].any() for weights in outputs[1:]) and all(weights[0].any() for weights in outputs[1:])


def test_output_specs_of_lengths_not_known_yet():
    inputs, memory = keras.Input((None, FEATURES)), keras.Input((KEYS, MEMORY_FEATURES))
    output, weights = make_block("encoder")(inputs)
    assert tuple(output.shape) == (None, None, FEATURES) and tuple(weights.shape) == (None, HEADS, None, None)
    output, weights, memory_weights = make_block("decoder")(inputs, memory)
    assert tuple(output.shape) == (None, None, FEATURES) and tuple(weights.shape) == (None, HEADS, None, None)
    assert tuple(memory_weights.shape) == (None, HEADS, None, KEYS)


def test_a_model_survives_saving(kind, tmp_path):
    arrays = make_arrays(kind, features=18)
    inputs = [keras.Input((None, array.shape[-1])) for array in arrays.values()]
    learned = transformer.Positions(KEYS, learned=True)
    block = make_block(kind, rotary=True)
    model = keras.Model(inputs, block(learned(transformer.Positions(KEYS)(inputs[0])), *inputs[1:]))
    for layer in parts_of(block).values():
        layer.set_weights([weight + 0.1 for weight in layer.get_weights()])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    places = list(arrays.values())
    for output, expected in zip(loaded.predict(places, verbose=0), model.predict(places, verbose=0), strict=True):
        assert np.allclose(output, expected)


def test_a_model_with_self_attention_survives_saving(tmp_path):
    inputs = keras.Input((None, FEATURES))
    model = keras.Model(inputs, transformer.SelfAttention(HEADS, 4, use_bias=True, causal=True, rotary=True)(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    vectors = make_arrays("encoder")["inputs"]
    for output, expected in zip(loaded.predict(vectors, verbose=0), model.predict(vectors, verbose=0), strict=True):
        assert np.allclose(output, expected)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
@pytest.mark.parametrize("kind", ["encoder", "decoder alone, norm after", "decoder"])
def test_mixed_precision(kind, precision):
    arrays = make_arrays(kind, features=18)
    options = options_of("padding", kind)
    block = make_block(kind, rotary=True)
    mixed = type(block).from_config(block.get_config() | {"dtype": f"mixed_{precision}"})
    block.build(*(array.shape for array in arrays.values()))
    mixed.build(*(array.shape for array in arrays.values()))
    mixed.set_weights(block.get_weights())
    expected = numpy_outputs(block, *arrays.values(), **options)
    outputs = mixed(*arrays.values(), **options)
    for output, exact in zip(outputs, expected, strict=True):
        assert keras.backend.standardize_dtype(output.dtype) == precision
        output = ops.convert_to_numpy(ops.cast(output, "float32"))
        assert relative_error(output, exact) <= {"float16": 0.01, "bfloat16": 0.06}[precision]
    assert all(weight.dtype == "float32" for weight in mixed.weights)
    if kind != "encoder":
        cached = mixed(*arrays.values(), **options, cache=mixed.empty_cache(BATCH, TIME))
        for output, whole in zip(cached, outputs, strict=False):
            difference = ops.convert_to_numpy(ops.cast(output, "float32") - ops.cast(whole, "float32"))
            assert np.max(np.abs(difference)) <= {"float16": 0.01, "bfloat16": 0.06}[precision] * np.max(
                np.abs(expected[0])
            )
        assert keras.backend.standardize_dtype(cached[-1][0].dtype) == precision


def test_norms_are_computed_in_float32():
    """The squares of these numbers are beyond float16, and their variance is far below their mean."""
    inputs = np.random.default_rng(0).normal(size=(BATCH, TIME, FEATURES)) * 4 + 300
    block = transformer.EncoderBlock(HEADS, HIDDEN, dtype="mixed_float16")
    block.build(inputs.shape)
    half = inputs.astype("float16")
    normalized = ops.convert_to_numpy(ops.cast(block.attention_norm(half), "float32"))
    exact = half.astype("float64")
    expected = (exact - exact.mean(axis=-1, keepdims=True)) / np.sqrt(exact.var(axis=-1, keepdims=True) + 1e-3)
    assert relative_error(normalized, expected) <= 1e-3


@pytest.mark.parametrize("kind", ["decoder alone", "decoder"])
def test_fit_builds_and_trains(kind):
    class Reader(keras.Model):
        """Embed, run a block, answer."""

        def __init__(self):
            super().__init__()
            self.embed = keras.layers.Embedding(8, FEATURES, mask_zero=True)
            self.place = transformer.Positions(TIME, learned=True)
            self.block = make_block(kind)
            self.head = keras.layers.Dense(8)

        def call(self, ids):
            states = self.place(self.embed(ids))
            return self.head(self.block(states, states)[0] if kind == "decoder" else self.block(states)[0])

    model = Reader()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    history = model.fit(tokens(), tokens(), epochs=15, verbose=0)
    assert model.block.built and history.history["loss"][-1] < 0.7 * history.history["loss"][0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: transformer.EncoderBlock(0, 5), "heads: expected a whole number of at least 1, got 0"),
        (lambda: transformer.EncoderBlock(2, -3), "hidden: expected a whole number of at least 1, got -3"),
        (lambda: transformer.EncoderBlock(2, 2.5), "hidden: expected a whole number of at least 1, got 2.5"),
        (lambda: transformer.DecoderBlock(2, 3, norm="both"), "norm: expected one of pre, post, got 'both'"),
        (
            lambda: transformer.SelfAttention(2, 3, rotary=True),
            "head_size: expected an even number for rotary .* got 3",
        ),
        (lambda: transformer.EncoderBlock(2, 3)(np.zeros((1, 2, 5))), "heads: expected a divisor of 5, .* got 2"),
        (lambda: transformer.Positions(0), "length: expected a whole number of at least 1, got 0"),
        (lambda: transformer.sinusoidal_table(3, 0), "features: expected a whole number of at least 1, got 0"),
        (lambda: transformer.rotate(np.zeros((3, 5), "float32")), "vectors: expected an even number .*, got 5"),
        (
            lambda: transformer.rotate(np.zeros((3, 4), "float32"), np.arange(3)),
            r"start: expected shape \(\), got \(3,\)",
        ),
        (lambda: transformer.Positions(5)(np.zeros((1, 3, 2)), start=3), "start: expected from 0 to 2, .* got 3"),
        (lambda: transformer.Positions(5)(np.zeros((1, 3, 2)), start=-1), "start: expected from 0 to 2, .* got -1"),
        (lambda: transformer.EncoderBlock(2, 3).empty_cache(1, 2), "cache: expected a block that has weights"),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_wrong_calls_are_named():
    inputs = np.zeros((BATCH, TIME, FEATURES), dtype="float32")
    block = make_block("decoder alone")
    block.build(inputs.shape)
    cache = block.empty_cache(BATCH, 9)
    with pytest.raises(ValueError, match=r"inputs: expected shape .*got \(7, 15\)"):
        transformer.SelfAttention(HEADS, HEAD_SIZE)(inputs[0])
    with pytest.raises(ValueError, match=r"mask: expected shape \(2, 7\), got \(2, 9\)"):
        block(inputs, mask=np.ones((BATCH, 9), dtype=bool))
    with pytest.raises(ValueError, match="start: expected from 0 to 2, to fit 7 steps into 9, got 3"):
        block(inputs, cache=cache, start=3)
    with pytest.raises(ValueError, match=r"cache: expected shape \(2, 3, None, 5\), got \(3, 3, 9, 5\)"):
        block(inputs, cache=block.empty_cache(BATCH + 1, 9))
    with pytest.raises(ValueError, match=r"cache: expected shape \(2, 9\), got \(2, 7\)"):
        block(inputs, cache=(*cache[:2], cache[2][:, :7]))
    with pytest.raises(ValueError, match="cache: expected None, got one for an attention that is not causal"):
        make_block("encoder")(inputs, cache=cache)
