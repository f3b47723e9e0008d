r"""Ensembles: many small recurrent networks of the same shape, trained at once and apart, on one more axis.

Whether a network learns a task is a matter of luck as well, so one run says little. Ten networks in one array take
about as long as two trained one by one, since a step of a small network is mostly waiting (benchmarks/ensembles.md).
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

WIDTHS = {"simple": 1, "GRU": 3, "LSTM": 4}  # gates and candidates, in units


@dataclass(frozen=True)
class Recurrence:
    r"""What one network of an ensemble is like.

    Attributes:
        cell: `"simple"`, `"GRU"` or `"LSTM"`; the gated ones are Keras' own, with its defaults.
        activation: of a simple cell: `"tanh"`, `"sigmoid"` or `"relu"`.
        start: how the recurrent weights begin: `"orthogonal"`, Keras' default; `"identity"`, as for the IRNN of Le,
            Jaitly and Hinton, 2015; or `"normal"`, each weight drawn by itself with variance 1 / units (2 / units
            for ReLU, as He et al., 2015, have it).
        normalized: whether a simple cell's sum goes through layer normalization (Ba, Kiros and Hinton, 2016).
        clip: the largest norm of the gradient of all its weights; None for any.
        rate: step size of Adam.
        forget_bias: what the bias of the gate that keeps begins with: of an LSTM its forget gate, of a GRU its update
            gate; None for Keras' 1 and 0.
        chrono: the longest lag that the gates of a gated cell shall begin for: each unit draws a lag :math:`T` evenly
            from 1 to `chrono` - 1; the bias of the gate that keeps begins with :math:`\log T`, that of an LSTM's input
            gate with :math:`-\log T` (Tallec and Ollivier, 2018, Can recurrent neural networks warp time?). None for
            `forget_bias`.

    Raises:
        ValueError: where a name is none of these, or `chrono` is less than 3.

    Taught in chapters 4 and 5.
    """

    cell: str = "simple"
    activation: str = "tanh"
    start: str = "orthogonal"
    normalized: bool = False
    clip: float | None = 1.0
    rate: float = 1e-3
    forget_bias: float | None = None
    chrono: int | None = None

    def __post_init__(self):
        known = {
            "cell": WIDTHS,
            "activation": ("tanh", "sigmoid", "relu"),
            "start": ("orthogonal", "identity", "normal"),
        }
        for name, choices in known.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name}: expected one of {', '.join(choices)}, got {getattr(self, name)!r}")
        if self.chrono is not None and self.chrono < 3:
            raise ValueError(f"chrono: expected at least 3, got {self.chrono!r}")
        if self.cell == "simple" and (self.forget_bias is not None or self.chrono is not None):
            raise ValueError("cell: expected LSTM or GRU where forget_bias or chrono is given, got 'simple'")


class Ensemble(keras.Model):
    r"""Networks that read the same sequences, each with weights of its own, and answer from the last state.

    Network :math:`n` of simple cells computes :math:`h_t = f(x_t W^n_{xh} + h_{t-1} W^n_{hh} + b^n)` and
    :math:`h_T W^n_{hy} + c^n`. Every weight has the networks as its first axis.

    Args:
        recurrences: a list of `Recurrence`, one for each network, all with the same `cell`.
        units, features, outputs: sizes, the same for all.
        batch: number of sequences in a batch, always the same.

    Calls take `(batch, time, features)` and give `(batch, networks, outputs)`.

    Raises:
        ValueError: where there are no recurrences, or their cells differ.

    Taught in chapter 4.
    """

    def __init__(self, recurrences, units, features, outputs, batch):
        super().__init__()
        if len({recurrence.cell for recurrence in recurrences}) != 1:
            got = ", ".join(recurrence.cell for recurrence in recurrences)
            raise ValueError(f"recurrences: expected some, all with the same cell, got {got or 'none'}")
        self.recurrences, self.units, self.batch = tuple(recurrences), units, batch
        width = WIDTHS[recurrences[0].cell]
        draw = keras.initializers.GlorotUniform
        self.kernel = _weight(self, [draw()((features, width * units)) for _ in recurrences])
        self.rnn = keras.layers.RNN(_Cell(self.recurrences, units, batch))
        self.head = _weight(self, [draw()((units, outputs)) for _ in recurrences])
        self.head_bias = _weight(self, [np.zeros((1, outputs))] * len(recurrences))

    def call(self, inputs):
        """Read `(batch, time, features)`; give `(batch, networks, outputs)`."""
        networks, time = len(self.recurrences), inputs.shape[1]
        weighted = ops.einsum("btf,nfu->ntbu", inputs, self.kernel)
        # To Keras' loop the networks are the batch, and a batch of states is one state.
        states = self.rnn(ops.reshape(weighted, (networks, time, -1)))
        states = ops.reshape(states, (networks, self.batch, self.units))
        return ops.transpose(ops.matmul(states, self.head) + self.head_bias, (1, 0, 2))


class _Cell(keras.layers.Layer):
    """One step of every network; the inputs come weighted."""

    def __init__(self, recurrences, units, batch):
        super().__init__()
        self.recurrences, self.units, self.batch = recurrences, units, batch
        self.kind = recurrences[0].cell
        self.state_size = [batch * units] * (2 if self.kind == "LSTM" else 1)
        self.output_size = batch * units
        starts = np.stack([_start(recurrence, units, WIDTHS[self.kind]) for recurrence in recurrences])
        # The LSTM's forget gate begins open, and the GRU has a second bias, both as in Keras.
        biases = np.stack([_biases(recurrence, units, starts.shape[-1]) for recurrence in recurrences])
        self.recurrent_kernel, self.bias = _weight(self, starts), _weight(self, biases)
        if self.kind == "GRU":
            self.recurrent_bias = self.add_weight(shape=biases.shape, initializer="zeros")
        if any(recurrence.normalized for recurrence in recurrences):
            self.gain = self.add_weight(shape=biases.shape, initializer="ones")
        self.built = True

    def call(self, inputs, states):
        networks = len(self.recurrences)
        x, h, *c = (ops.reshape(part, (networks, self.batch, -1)) for part in (inputs, *states))
        states = {"simple": self._simple, "GRU": self._gru, "LSTM": self._lstm}[self.kind](x, h, *c)
        states = [ops.reshape(state, (networks, -1)) for state in states]
        return states[0], states

    def _simple(self, x, h):
        total = x + ops.matmul(h, self.recurrent_kernel)
        parts = []
        for n, (recurrence, count) in _runs(self.recurrences):
            part = total[n : n + count]
            if recurrence.normalized:
                part = part - ops.mean(part, axis=-1, keepdims=True)
                part = part * ops.rsqrt(ops.mean(part**2, axis=-1, keepdims=True) + 1e-5) * self.gain[n : n + count]
            parts.append(getattr(ops, recurrence.activation)(part + self.bias[n : n + count]))
        return [ops.concatenate(parts)]

    def _gru(self, x, h):
        z, r, new = ops.split(x + self.bias, 3, axis=-1)
        z_past, r_past, new_past = ops.split(ops.matmul(h, self.recurrent_kernel) + self.recurrent_bias, 3, axis=-1)
        z, r = ops.sigmoid(z + z_past), ops.sigmoid(r + r_past)
        return [z * h + (1 - z) * ops.tanh(new + r * new_past)]

    def _lstm(self, x, h, c):
        i, f, new, o = ops.split(x + ops.matmul(h, self.recurrent_kernel) + self.bias, 4, axis=-1)
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(new)
        return [ops.sigmoid(o) * ops.tanh(c), c]


class Separate(keras.optimizers.Adam):
    """Adam for an ensemble: each network has a step size and a clipping norm of its own.

    Args:
        recurrences: those of the ensemble.

    Source: Kingma and Ba, 2015, Adam; its steps are taken weight by weight, so no network moves another.
    Taught in chapter 4.
    """

    def __init__(self, recurrences):
        super().__init__(learning_rate=1.0)
        self.rates = np.array([[[recurrence.rate]] for recurrence in recurrences], dtype="float32")
        clips = [np.inf if recurrence.clip is None else recurrence.clip for recurrence in recurrences]
        self.clips = np.array(clips, dtype="float32")[:, None, None]

    def apply(self, grads, trainable_variables=None):
        """Clip each network's gradients by their common norm; step."""
        norm = ops.sqrt(sum(ops.sum(gradient**2, axis=(1, 2), keepdims=True) for gradient in grads))
        scale = ops.minimum(1.0, ops.convert_to_tensor(self.clips) / ops.maximum(norm, 1e-12))
        return super().apply([gradient * scale for gradient in grads], trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        """Move one weight of every network, each with its own step size."""
        super().update_step(gradient, variable, learning_rate * ops.convert_to_tensor(self.rates))


def learn(recurrences, draw, outputs, mark, steps, units=32, batch=16, every=100):
    """Train networks at once until each has met the mark, or the steps are used up.

    Every batch is new, so the score that a network makes on it, before the step, is one on sequences that it has never
    seen. The mark is met by the mean score of `every` steps in a row.

    Args:
        recurrences: a list of `Recurrence`, one for each network, all with the same `cell`.
        draw: takes a number of sequences, gives `(inputs, targets)`, new ones at each call: `(count, time, features)`,
            and `(count,)` of integers (which of the `outputs` is right) or of floats (the value of the only output).
        outputs: how many numbers a network answers with.
        mark: with integer targets the share of right answers to reach; with floats the mean squared error to get
            below.
        steps: the most steps of training.
        units, batch: sizes of the networks and of a batch.
        every: how many steps a score is taken over.

    Returns:
        `(met, scores)`: `(networks,)` each, the steps after which the mark was met, NaN where it was not, and the score
        at the end.

    Raises:
        ValueError: where `steps` is less than `every`, or as in `Ensemble`.

    Taught in chapter 4.
    """
    first = draw(batch)
    ensemble = Ensemble(recurrences, units, first[0].shape[-1], outputs, batch)
    waiting = [first]
    return train(ensemble, lambda count: waiting.pop() if waiting else draw(count), mark, steps, every)


def train(ensemble, draw, mark, steps, every=100, stop=True):
    """Train an ensemble as `learn` does, which builds one; who builds it can go on with it afterwards.

    Args:
        ensemble: an `Ensemble`.
        draw, mark, steps, every: as in `learn`.
        stop: whether to end as soon as every network has met the mark.

    Returns:
        `(met, scores)` as in `learn`.

    Raises:
        ValueError: where `steps` is less than `every`.

    Taught in chapter 5.
    """
    if not 1 <= every <= steps:
        raise ValueError(f"steps: expected at least every = {every}, got {steps!r}")
    networks = len(ensemble.recurrences)
    inputs, targets = draw(ensemble.batch)
    chosen = np.issubdtype(targets.dtype, np.integer)
    loss = _choice_loss if chosen else _value_loss
    quick = keras.backend.backend() != "torch"  # whose compiler takes longer than the training that it saves
    score = _Score(networks, chosen)
    ensemble.compile(Separate(ensemble.recurrences), loss=loss, metrics=[score], jit_compile=quick)
    met, recent = np.full(networks, np.nan), []
    for step in range(1, steps + 1):
        ensemble.reset_metrics()  # the score of this batch alone, in every version of Keras
        recent.append(ensemble.train_on_batch(inputs, targets, return_dict=True)["score"])
        inputs, targets = draw(ensemble.batch)
        if step % every == 0:
            scores = np.mean(recent, axis=0)
            passed = scores >= mark if chosen else scores < mark
            met[np.isnan(met) & passed] = step
            recent = []
            if stop and not np.isnan(met).any():
                break
    return met, scores


def score(ensemble, inputs, targets):
    """Score each network of an ensemble, as `learn` does, on sequences of any length, and learn nothing from them.

    Args:
        ensemble: an `Ensemble`.
        inputs: `(count, time, features)`, `count` a multiple of the ensemble's batch.
        targets: `(count,)` of integers or of floats, as in `learn`.

    Returns:
        `(networks,)`: the share of right answers with integer targets, the mean squared error with floats.

    Raises:
        ValueError: where `inputs` are no multiple of the batch.

    Taught in chapter 5.
    """
    if len(inputs) == 0 or len(inputs) % ensemble.batch:
        raise ValueError(f"inputs: expected a multiple of {ensemble.batch} sequences, got {len(inputs)}")
    ensemble.make_predict_function(force=True)  # anew, since the one there is may be made for another length
    answers = ensemble.predict(inputs, batch_size=ensemble.batch, verbose=0)
    if np.issubdtype(targets.dtype, np.integer):
        return np.mean(answers.argmax(axis=-1) == targets[:, None], axis=0)
    return np.mean((answers[..., 0] - targets[:, None]) ** 2, axis=0)


def network(ensemble, place):
    """Give one network of an ensemble as Keras' own layers, with a copy of its weights.

    Args:
        ensemble: an `Ensemble`, its cells not normalized.
        place: which of its networks, from 0.

    Returns:
        `(recurrent, head)`: a built `keras.layers.SimpleRNN`, `GRU` or `LSTM` that gives the last state, and the built
        `keras.layers.Dense` that answers from it.

    Raises:
        ValueError: where the cell is normalized, which Keras' is not.

    Taught in chapter 5.
    """
    recurrence, cell = ensemble.recurrences[place], ensemble.rnn.cell
    if recurrence.normalized:
        raise ValueError(f"place: expected a network that is not normalized, got {place!r}")
    kinds = {"simple": keras.layers.SimpleRNN, "GRU": keras.layers.GRU, "LSTM": keras.layers.LSTM}
    options = {"activation": recurrence.activation} if recurrence.cell == "simple" else {}
    recurrent = kinds[recurrence.cell](ensemble.units, **options)
    kernel, recurrent_kernel, bias, weight, head_bias = (
        ops.convert_to_numpy(value)[place]
        for value in (ensemble.kernel, cell.recurrent_kernel, cell.bias, ensemble.head, ensemble.head_bias)
    )
    if recurrence.cell == "GRU":
        bias = np.concatenate([bias, ops.convert_to_numpy(cell.recurrent_bias)[place]])
    else:
        bias = bias[0]
    head = keras.layers.Dense(weight.shape[1])
    recurrent.build((None, None, len(kernel)))
    head.build((None, ensemble.units))
    recurrent.set_weights([kernel, recurrent_kernel, bias])
    head.set_weights([weight, head_bias[0]])
    return recurrent, head


class _Score(keras.metrics.Metric):
    """Share of right answers, or mean squared error, of each network."""

    def __init__(self, networks, chosen):
        super().__init__(name="score")
        self.chosen = chosen
        self.total = self.add_variable((networks,), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, targets, answers, sample_weight=None):
        if self.chosen:
            targets = ops.cast(ops.reshape(targets, (-1, 1)), "int32")
            values = ops.cast(ops.cast(ops.argmax(answers, axis=-1), "int32") == targets, "float32")
        else:
            values = (answers[..., 0] - ops.reshape(targets, (-1, 1))) ** 2
        self.total.assign_add(ops.sum(values, axis=0))
        self.count.assign_add(ops.cast(ops.shape(values)[0], "float32"))

    def result(self):
        return self.total / self.count


def _choice_loss(targets, answers):
    """Cross-entropy, the networks' added up: each one's gradient is its own."""
    targets = ops.repeat(ops.reshape(targets, (-1, 1)), answers.shape[1], axis=1)
    return ops.sum(keras.losses.sparse_categorical_crossentropy(targets, answers, from_logits=True), axis=-1)


def _value_loss(targets, answers):
    return ops.sum((answers[..., 0] - ops.reshape(targets, (-1, 1))) ** 2, axis=-1)


def _weight(layer, networks):
    """Add a weight to a layer: what each of the networks has to begin with."""
    values = np.stack([ops.convert_to_numpy(network) for network in networks])
    return layer.add_weight(shape=values.shape, initializer=lambda shape, dtype: ops.cast(values, dtype))


def _start(recurrence, units, width):
    """Give one network's recurrent weights, (units, width * units)."""
    if recurrence.start == "identity":
        return np.tile(np.eye(units), width)
    if recurrence.start == "orthogonal":
        initializer = keras.initializers.Orthogonal()
    else:
        variance = (2 if recurrence.activation == "relu" else 1) / units
        initializer = keras.initializers.RandomNormal(stddev=variance**0.5)
    return ops.convert_to_numpy(initializer((units, width * units)))


def _biases(recurrence, units, width):
    """Give what one network's biases begin with, (1, width)."""
    biases = np.zeros((1, width))
    keeps = {"simple": slice(0), "GRU": slice(units), "LSTM": slice(units, 2 * units)}[recurrence.cell]
    default = 1.0 if recurrence.cell == "LSTM" else 0.0
    biases[:, keeps] = default if recurrence.forget_bias is None else recurrence.forget_bias
    if recurrence.chrono is not None:
        lags = ops.convert_to_numpy(keras.random.uniform((units,), 1, recurrence.chrono - 1))
        biases[:, keeps] = np.log(lags)
        if recurrence.cell == "LSTM":
            biases[:, :units] = -np.log(lags)  # the input gate opens as seldom as the forget gate closes
    return biases


def _runs(recurrences):
    """List where a run of alike recurrences begins, the recurrence and how many there are: one step for each run."""
    starts = [n for n, recurrence in enumerate(recurrences) if n == 0 or _step(recurrence) != _step(recurrences[n - 1])]
    return [(n, (recurrences[n], end - n)) for n, end in zip(starts, [*starts[1:], len(recurrences)], strict=True)]


def _step(recurrence):
    return recurrence.activation, recurrence.normalized
