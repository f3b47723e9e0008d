"""The oracle itself, held against numbers worked by hand and against finite differences."""

import numpy as np
import pytest

from seqlib import reference

BATCH, TIME, FEATURES, UNITS = 2, 7, 3, 5


@pytest.fixture
def problem():
    """Random weights and sequences in odd prime sizes, so that no transposed axis can hide."""
    random = np.random.default_rng(0)
    return {
        "inputs": random.normal(size=(BATCH, TIME, FEATURES)),
        "kernel": random.normal(size=(FEATURES, UNITS)) / 2,
        "recurrent_kernel": random.normal(size=(UNITS, UNITS)) / 2,
        "bias": random.normal(size=UNITS) / 2,
        "initial_state": random.normal(size=(BATCH, UNITS)) / 2,
    }


def test_one_unit_worked_by_hand():
    states = reference.simple_rnn(np.array([[[1.0], [0.0]]]), np.array([[2.0]]), np.array([[-1.0]]), np.array([0.5]))
    first = np.tanh(2.5)
    assert np.allclose(states, [[[first], [np.tanh(0.5 - first)]]])


def test_masked_step_holds_the_state(problem):
    mask = np.ones((BATCH, TIME), dtype=bool)
    mask[0, 2:4] = False
    states = reference.simple_rnn(**problem, mask=mask)
    assert np.array_equal(states[0, 1], states[0, 3])
    shorter = reference.simple_rnn(**{**problem, "inputs": np.delete(problem["inputs"], [2, 3], axis=1)})
    assert np.allclose(states[0, -1], shorter[0, -1])


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", ["inputs", "kernel", "recurrent_kernel", "bias", "initial_state"])
def test_gradients_equal_finite_differences(problem, name, masked):
    upstream = np.random.default_rng(1).normal(size=(BATCH, TIME, UNITS))
    mask = np.ones((BATCH, TIME), dtype=bool)
    mask[1, [0, 3, 6]] = not masked
    gradient = reference.simple_rnn_gradients(**problem, upstream=upstream, mask=mask)[name]
    width = 1e-6
    for index in np.ndindex(problem[name].shape):
        sides = []
        for step in (width, -width):
            moved = problem[name].copy()
            moved[index] += step
            sides.append(np.sum(upstream * reference.simple_rnn(**{**problem, name: moved}, mask=mask)))
        assert gradient[index] == pytest.approx((sides[0] - sides[1]) / (2 * width), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("inputs", (BATCH, FEATURES)),
        ("kernel", (UNITS, FEATURES)),
        ("recurrent_kernel", (UNITS + 1, UNITS)),
        ("bias", (UNITS + 1,)),
        ("initial_state", (UNITS, BATCH)),
    ],
)
def test_wrong_shape_is_named(problem, name, shape):
    with pytest.raises(ValueError, match=rf"{name}: expected .*got \({shape[0]}"):
        reference.simple_rnn(**{**problem, name: np.zeros(shape)})


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_one_lstm_unit_worked_by_hand():
    kernel, recurrent_kernel, bias = [[1.0, 2.0, 3.0, 4.0]], [[0.5, -0.5, 1.5, -1.5]], [0.1, 0.2, 0.3, 0.4]
    states, cells = reference.lstm(np.array([[[1.0], [-1.0]]]), *map(np.array, (kernel, recurrent_kernel, bias)))
    cell = sigmoid(1.1) * np.tanh(3.3)
    state = sigmoid(4.4) * np.tanh(cell)
    assert np.allclose([cells[0, 0, 0], states[0, 0, 0]], [cell, state])
    cell = sigmoid(-1.8 - state / 2) * cell + sigmoid(-0.9 + state / 2) * np.tanh(-2.7 + 1.5 * state)
    state = sigmoid(-3.6 - 1.5 * state) * np.tanh(cell)
    assert np.allclose([cells[0, 1, 0], states[0, 1, 0]], [cell, state])


@pytest.mark.parametrize("reset_after", [True, False])
def test_one_gru_unit_worked_by_hand(reset_after):
    kernel, recurrent_kernel, bias = [[1.0, 2.0, 3.0]], [[0.5, -0.5, 1.5]], [0.1, 0.2, 0.3]
    bias = [bias, [0.4, 0.5, 0.6]] if reset_after else bias
    weights = map(np.array, (kernel, recurrent_kernel, bias))
    states = reference.gru(np.array([[[1.0]]]), *weights, np.array([[0.8]]), reset_after=reset_after)
    second = [0.4, 0.5, 0.6] if reset_after else [0, 0, 0]
    update, reset = sigmoid(1.1 + 0.4 + second[0]), sigmoid(2.2 - 0.4 + second[1])
    candidate = np.tanh(3.3 + reset * (1.2 + second[2]))
    assert np.allclose(states[0, 0, 0], update * 0.8 + (1 - update) * candidate)


@pytest.mark.parametrize("loop", [reference.lstm, reference.gru])
def test_masked_step_holds_gated_states(loop):
    random = np.random.default_rng(0)
    parts = {reference.lstm: 4, reference.gru: 3}[loop]
    inputs, width = random.normal(size=(BATCH, TIME, FEATURES)), parts * UNITS
    bias = random.normal(size=(width,) if parts == 4 else (2, width))
    weights = random.normal(size=(FEATURES, width)), random.normal(size=(UNITS, width)), bias
    mask = np.ones((BATCH, TIME), dtype=bool)
    mask[:, 2:4] = False
    masked = loop(inputs, *weights, mask=mask)
    shorter = loop(np.delete(inputs, [2, 3], axis=1), *weights)
    if loop is reference.gru:
        masked, shorter = (masked,), (shorter,)
    for states, expected in zip(masked, shorter, strict=True):
        assert np.array_equal(states[:, 1], states[:, 3])
        assert np.allclose(states[:, -1], expected[:, -1])


def test_wrong_gated_shapes_are_named():
    inputs, four = np.zeros((BATCH, TIME, FEATURES)), 4 * UNITS
    weights = np.zeros((FEATURES, four)), np.zeros((UNITS, four))
    with pytest.raises(ValueError, match=r"initial_cell: expected shape \(2, 5\), got \(5,\)"):
        reference.lstm(inputs, *weights, np.zeros(four), initial_cell=np.zeros(UNITS))
    with pytest.raises(ValueError, match=r"bias: expected shape \(20,\), got \(2, 20\)"):
        reference.lstm(inputs, *weights, np.zeros((2, four)))
    three = 3 * UNITS
    weights = np.zeros((FEATURES, three)), np.zeros((UNITS, three))
    with pytest.raises(ValueError, match=r"bias: expected shape \(2, 15\), got \(15,\)"):
        reference.gru(inputs, *weights, np.zeros(three))
    with pytest.raises(ValueError, match=r"recurrent_kernel: expected shape \(7, 21\), got \(5, 21\)"):
        reference.gru(inputs, np.zeros((FEATURES, 21)), np.zeros((UNITS, 21)), np.zeros((2, 21)))


def test_attention_worked_by_hand():
    query, key = np.array([[[2.0], [0.0]]]), np.array([[[1.0], [-1.0], [3.0]]])
    value = np.array([[[1.0, 0.0], [0.0, 1.0], [5.0, 5.0]]])
    mask = np.array([[[True, True, False], [True, True, True]]])
    context, weights = reference.attention(query, key, value, mask=mask)
    first = 1 / (1 + np.exp(-4.0))  # scores 2 and -2
    assert np.allclose(weights, [[[first, 1 - first, 0], [1 / 3, 1 / 3, 1 / 3]]])
    assert np.allclose(context, [[[first, 1 - first], [2, 2]]])
    _, weights = reference.attention(query, key, value, score=lambda q, k: -abs(q[0] - k[0]))
    assert np.allclose(weights[0, 0], np.exp([-1, -3, -1]) / np.exp([-1, -3, -1]).sum())


def test_attention_that_sees_nothing_gives_zeros():
    random = np.random.default_rng(0)
    query, key, value = (random.normal(size=(BATCH, length, FEATURES)) for length in (TIME, UNITS, UNITS))
    mask = np.ones((BATCH, TIME, UNITS), dtype=bool)
    mask[1, 2] = False
    context, weights = reference.attention(query, key, value, mask=mask)
    assert not weights[1, 2].any() and not context[1, 2].any()
    assert np.allclose(np.delete(weights.reshape(-1, UNITS), TIME + 2, axis=0).sum(axis=-1), 1)


def test_attention_to_large_scores_stays_finite():
    array = np.array([[[1000.0], [999.0]]])
    _, weights = reference.attention(array, array, array)
    assert np.allclose(weights, [[[1, 0], [1, 0]]])


def test_two_heads_worked_by_hand():
    """Head one copies the key that matches, head two averages; the output keeps both, and adds its bias."""
    inputs = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    query_kernel = np.array([[100.0, 0.0, 0.0, 0.0], [0.0, 100.0, 0.0, 0.0]])
    twice = np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]])
    output_kernel = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 2.0]])
    biases = [np.zeros(4), np.zeros(4), np.array([0, 0, 3.0, 0]), np.array([0.0, 0.0, 10.0])]
    kernels = [query_kernel, twice, twice, output_kernel]
    context, weights = reference.multi_head_attention(inputs, inputs, inputs, kernels, biases, heads=2)
    assert np.allclose(weights, [[np.eye(2), np.full((2, 2), 0.5)]])
    assert np.allclose(context, [[[1, 0, 14.5], [0, 1, 14.5]]])


def test_heads_are_scaled_by_the_size_of_a_head():
    ones, eye = np.ones((1, 2, 4)), np.eye(4)
    key = np.stack([np.ones((1, 4)), np.zeros((1, 4))], axis=1)
    biases = [np.zeros(4)] * 4
    _, weights = reference.multi_head_attention(ones, key, key, [eye] * 4, biases, heads=2)
    score = 2 / np.sqrt(2)
    assert np.allclose(weights[0, :, 0, 0], np.exp(score) / (np.exp(score) + 1))


def test_one_head_is_attention_between_projections():
    random = np.random.default_rng(0)
    query, key, value = (random.normal(size=(BATCH, length, FEATURES)) for length in (TIME, UNITS, UNITS))
    kernels = [random.normal(size=shape) for shape in [(FEATURES, 4)] * 3 + [(4, FEATURES)]]
    biases = [random.normal(size=size) for size in (4, 4, 4, FEATURES)]
    mask = random.random((BATCH, TIME, UNITS)) < 0.7
    context, weights = reference.multi_head_attention(query, key, value, kernels, biases, 1, mask)
    projected = [
        array @ kernel + bias for array, kernel, bias in zip((query, key, value), kernels, biases, strict=False)
    ]
    expected, expected_weights = reference.attention(projected[0] / 2, *projected[1:], mask=mask)
    assert np.allclose(weights[:, 0], expected_weights)
    assert np.allclose(context, expected @ kernels[3] + biases[3])


def test_wrong_attention_shapes_are_named():
    query, key, value = (np.zeros((2, length, 4)) for length in (3, 5, 5))
    with pytest.raises(ValueError, match=r"query: expected three axes, .*got \(3, 4\)"):
        reference.attention(query[0], key, value)
    with pytest.raises(ValueError, match=r"query: expected a batch of 2, that of the keys, got \(1, 3, 4\)"):
        reference.attention(query[:1], key, value)
    with pytest.raises(ValueError, match=r"value: expected one for each key, \(2, 5\), got \(2, 3, 4\)"):
        reference.attention(query, key, query)
    with pytest.raises(ValueError, match=r"mask: expected shape \(2, 3, 5\), got \(2, 5\)"):
        reference.attention(query, key, value, mask=np.ones((2, 5), dtype=bool))
    kernels, biases = [np.zeros((4, 6))] * 3 + [np.zeros((6, 4))], [np.zeros(6)] * 3 + [np.zeros(4)]
    with pytest.raises(ValueError, match="heads: expected a divisor of 6, the width of the projections, got 4"):
        reference.multi_head_attention(query, key, value, kernels, biases, heads=4)
    with pytest.raises(ValueError, match=r"expected key of shape \(4, 6\) and \(6,\), got \(4, 6\) and \(4,\)"):
        reference.multi_head_attention(query, key, value, kernels, [biases[0], biases[3], *biases[2:]], heads=2)
    with pytest.raises(ValueError, match=r"expected output of shape \(6, 6\) .*got \(4, 6\)"):
        reference.multi_head_attention(query, key, value, [kernels[0]] * 4, [biases[0]] * 4, heads=2)


def test_layer_normalization_worked_by_hand():
    inputs = np.array([[[1.0, 3.0], [5.0, 5.0]], [[0.0, -4.0], [2.0, 1.0]]])
    gamma, beta = np.array([2.0, 10.0]), np.array([0.5, 0.0])
    normalized = reference.layer_normalization(inputs, gamma, beta)
    unit, four, quarter = 1 / np.sqrt(1.001), 2 / np.sqrt(4.001), 0.5 / np.sqrt(0.251)
    first = [[0.5 - 2 * unit, 10 * unit], [0.5, 0]]
    assert np.allclose(normalized, [first, [[0.5 + 2 * four, -10 * four], [0.5 + 2 * quarter, -10 * quarter]]])
    assert np.allclose(reference.layer_normalization(inputs[:1, :1], gamma, beta, epsilon=3.0), [[[-0.5, 5.0]]])


def block_weights():
    """Weights of a block of one head and two features whose numbers are easy to follow."""
    eye, swap = np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]])
    norms = {f"{part}_norm": [np.ones(2), np.zeros(2)] for part in ("attention", "cross", "feed_forward")}
    return norms | {
        "attention": [eye, eye, 3 * eye, swap],
        "cross_attention": [eye, eye, eye, 7 * eye],
        "expand": [np.array([[1.0, -1.0, 1.0], [0.0, 0.0, 1.0]]), np.array([0.0, 0.0, 5.0])],
        "contract": [np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]]), np.array([0.25, 0.0])],
    }


def test_transformer_block_worked_by_hand():
    """With one step to attend to, attention gives that step's value: three times it, turned round."""
    inputs, unit = np.array([[[1.0, 3.0]]]), 1 / np.sqrt(1.001)
    output, weights, memory_weights = reference.transformer_block(inputs, block_weights(), heads=1)
    middle = np.array([1 + 3 * unit, 3 - 3 * unit])
    high = (middle[0] - middle[1]) / 2
    high = high / np.sqrt(high**2 + 1e-3)  # normalized, the middle is high and minus high
    assert np.allclose(output, middle + [high + 0.25, 2 * 5])
    assert np.array_equal(weights, [[[[1.0]]]]) and memory_weights is None

    output, _, _ = reference.transformer_block(inputs, block_weights(), heads=1, norm="post")
    middle = 3 / np.sqrt(9.001)  # 1 + 9 and 3 + 3, normalized
    change = np.array([middle + 0.25, 2 * 5])
    assert np.allclose(output, reference.layer_normalization([middle, -middle] + change[None, None], [1, 1], [0, 0]))

    output, _, _ = reference.transformer_block(inputs, block_weights(), heads=1, residual=False)
    high = 3 * unit / np.sqrt((3 * unit) ** 2 + 1e-3)
    assert np.allclose(output, [[[high + 0.25, 2 * 5]]])


def test_transformer_block_reads_its_memory_and_leaves_out_what_has_no_weights():
    inputs, memory = np.array([[[1.0, 3.0]]]), np.array([[[4.0, 1.0], [100.0, 100.0]]])
    weights = {name: arrays for name, arrays in block_weights().items() if name not in ("expand", "contract")}
    memory_mask = np.array([[[True, False]]])
    output, _, seen = reference.transformer_block(inputs, weights, 1, memory=memory, memory_mask=memory_mask)
    unit = 1 / np.sqrt(1.001)
    assert np.allclose(output, [[[1 + 3 * unit + 28, 3 - 3 * unit + 7]]])
    assert np.array_equal(seen, [[[[1.0, 0.0]]]])
    alone, _, seen = reference.transformer_block(inputs, weights, 1)
    assert np.allclose(alone, [[[1 + 3 * unit, 3 - 3 * unit]]]) and seen is None
    two = np.array([[[1.0, 3.0], [2.0, 5.0]]])
    masked, seen, _ = reference.transformer_block(two, weights, 1, mask=np.array([[[True, False]] * 2]))
    assert np.allclose(masked[:, :1], alone) and np.array_equal(seen, [[[[1.0, 0.0]] * 2]])


def test_wrong_block_arguments_are_named():
    inputs = np.zeros((1, 3, 2))
    with pytest.raises(ValueError, match=r"inputs: expected shape \(batch, time, features\), got \(3, 2\)"):
        reference.layer_normalization(inputs[0], np.ones(2), np.zeros(2))
    with pytest.raises(ValueError, match=r"beta: expected shape \(2,\), got \(3,\)"):
        reference.layer_normalization(inputs, np.ones(2), np.zeros(3))
    with pytest.raises(ValueError, match="norm: expected pre or post, got 'none'"):
        reference.transformer_block(inputs, block_weights(), 1, norm="none")
