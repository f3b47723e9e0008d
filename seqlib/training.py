r"""Training: windows of a long text, losses that ignore padding, and `fit`."""

import time
import warnings
from dataclasses import dataclass, field

import keras
import numpy as np
from keras import ops

NATS_PER_BIT = np.log(2)
# What `jit_compile` is worth trying on each backend: JAX has only XLA, and compiling for PyTorch takes longer than most
# of the course's trainings.
JIT_CHOICES = {"tensorflow": (False, True), "jax": (True,), "torch": (False,)}


def windows(ids, length, stride=None):
    r"""Cut a long sequence into inputs and the targets one step ahead of them.

    .. math:: y_t = x_{t+1}

    Args:
        ids: `(time,)` token ids.
        length: number of steps in each window.
        stride: steps from the start of one window to the next; `length` where None, so that each token is a
            target once.

    Returns:
        `inputs, targets`, each `(windows, length)`. What is left at the end and fills no window is dropped.

    Raises:
        ValueError: where `length` or `stride` is below 1, or `ids` has fewer than `length + 1` tokens.

    Taught in chapter 2.
    """
    ids = np.asarray(ids)
    stride = length if stride is None else stride
    if length < 1 or stride < 1:
        raise ValueError(f"length, stride: expected at least 1 each, got {length} and {stride}")
    if ids.ndim != 1 or len(ids) <= length:
        raise ValueError(f"ids: expected one sequence of at least length + 1 = {length + 1} tokens, got {ids.shape}")
    cut = np.lib.stride_tricks.sliding_window_view(ids, length + 1)[::stride]
    return cut[:, :-1].copy(), cut[:, 1:].copy()


def masked_crossentropy(targets, logits, padding_id=0):
    r"""Give the mean cross-entropy of the tokens that are no padding, in nats.

    .. math:: -\frac{1}{\sum_t m_t} \sum_t m_t \log P(y_t), \qquad m_t = [y_t \ne \text{padding}]

    Args:
        targets: `(batch, time)`, the right ids :math:`y_t`.
        logits: `(batch, time, V)`, unnormalized scores.
        padding_id: the id that does not count; None where every token counts.

    Returns:
        One number. Where all is padding it is 0, and so are its gradients.

    Raises:
        ValueError: where the shapes do not fit each other.

    Taught in chapter 2.
    """
    _check_shapes(targets, logits)
    losses = ops.sparse_categorical_crossentropy(ops.cast(targets, "int32"), logits, from_logits=True)
    return _masked_mean(losses, targets, padding_id)


def masked_accuracy(targets, logits, padding_id=0):
    """Give the share of right tokens among those that are no padding, from 0 to 1; 0 where all is padding.

    Args:
        targets, logits, padding_id: as in `masked_crossentropy`.

    Raises:
        ValueError: where the shapes do not fit each other.

    Taught in chapter 2.
    """
    _check_shapes(targets, logits)
    right = ops.equal(ops.cast(targets, "int32"), ops.cast(ops.argmax(logits, axis=-1), "int32"))
    return _masked_mean(ops.cast(right, "float32"), targets, padding_id)


@dataclass
class History:
    """What `fit` has seen, one entry an epoch, for plotting.

    Attributes:
        seconds: time since the start of the training, compiling included.
        training: bits per token, a mean over the epoch, while the weights still moved.
        validation: bits per token with the weights at the end of the epoch; empty without validation data.
    """

    seconds: list = field(default_factory=list)
    training: list = field(default_factory=list)
    validation: list = field(default_factory=list)


def fit(
    model,
    inputs,
    targets,
    validation=None,
    epochs=10,
    batch_size=64,
    learning_rate=0.001,
    seconds=None,
    padding_id=None,
    jit_compile="auto",
):
    """Train a model that gives logits for every step, and print a line an epoch.

    Adam on Keras' cross-entropy, the same number as `masked_crossentropy`, with the gradient of each weight
    array clipped to a norm of 1 and rows drawn in a new order each epoch. After `seqlib.start(seed)` and a newly
    built model the same call gives the same weights on the same machine, unless `seconds` ends it.

    Args:
        model: a Keras model from `inputs` to `(batch, time, V)`.
        inputs: `(N, time)` of ids, or whatever else the model takes, `N` rows.
        targets: `(N, time)` of ids.
        validation: `(inputs, targets)` to score after each epoch, or None.
        epochs: how many times to go through the training data at most.
        batch_size: rows for each step of Adam.
        learning_rate: a number, or a schedule such as `keras.optimizers.schedules.CosineDecay`.
        seconds: stop after the batch in which this much time is over; None for no such limit.
        padding_id: the target id that does not count; None where every token counts.
        jit_compile: how the step is compiled: `"auto"`, Keras' own choice; `"measured"`, what `quickest` finds, and
            prints; True or False, with XLA or without. A choice by the clock may fall otherwise next time, and other
            compiling rounds otherwise: only with the first and the last two does a call repeat itself.

    Returns:
        A `History`.

    Raises:
        ValueError: where inputs, targets and what the model gives do not fit each other, or a target is no id of
            the model's vocabulary.

    Source: Kingma and Ba, 2015, Adam; Pascanu, Mikolov and Bengio, 2013, On the difficulty of training
    recurrent neural networks (clipping, there of all weights together). Taught in chapter 2.
    """
    _check_data(model, "targets", inputs, targets)
    if validation is not None:
        _check_data(model, "validation", *validation)
    if jit_compile not in ("auto", "measured", True, False):
        raise ValueError(f"jit_compile: expected auto, measured, True or False, got {jit_compile!r}")
    if jit_compile == "measured":
        jit_compile = quickest(model, inputs, targets, batch_size, padding_id=padding_id)
    _compile(model, learning_rate, padding_id, jit_compile)
    reporter = _Reporter(seconds)
    model.fit(
        inputs,
        targets,
        validation_data=validation,
        epochs=epochs,
        batch_size=batch_size,
        callbacks=[reporter],
        verbose=0,
    )
    return reporter.history


def quickest(model, inputs, targets, batch_size=64, steps=5, padding_id=None):
    """Measure on this device whether a training step is faster with XLA or without, and print both times.

    Keras' `"auto"` goes by rules: on TensorFlow no XLA without an accelerator, nor for layers that may run on NVIDIA's
    own kernels. Which is faster depends on the layer, its sizes, the device and the versions: so this tries a few steps
    of each. What the trials learn is undone. On JAX there is only XLA, on PyTorch only the way without is tried.

    Args:
        model: as in `fit`; its weights stay as they are, and it is left compiled.
        inputs, targets, batch_size, padding_id: as in `fit`.
        steps: how many steps to time, after a first one that compiles; the fastest counts.

    Returns:
        What to give `fit` as `jit_compile`, True or False.

    Raises:
        ValueError: where inputs, targets and what the model gives do not fit each other, or `steps` is less than 1.

    Taught in chapter 5.
    """
    if steps < 1:
        raise ValueError(f"steps: expected at least 1, got {steps!r}")
    _check_data(model, "targets", inputs, targets)
    batch = keras.tree.map_structure(lambda part: part[:batch_size], inputs)
    kept = [(variable, ops.convert_to_numpy(variable.value)) for variable in model.variables]
    times = {}
    for choice in JIT_CHOICES[keras.backend.backend()]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where a layer cannot have XLA, Keras says so and goes on without
            _compile(model, 0.001, padding_id, choice)
        if model.jit_compile == choice:
            times[choice] = _seconds_a_step(model, batch, targets[:batch_size], steps)
    for variable, value in kept:
        variable.assign(value)
    best = min(times, key=times.get)
    names = {True: "with XLA", False: "without XLA"}
    measured = ", ".join(f"{names[choice]} {1000 * seconds:.0f} ms" for choice, seconds in times.items())
    print(f"a step {measured}: {names[best]}")
    return best


def _compile(model, learning_rate, padding_id, jit_compile):
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate, clipnorm=1.0),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=padding_id),
        jit_compile=jit_compile,
    )


def _seconds_a_step(model, inputs, targets, steps):
    model.train_on_batch(inputs, targets)  # compiles
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        model.train_on_batch(inputs, targets)
        times.append(time.perf_counter() - start)
    return min(times)


class _Reporter(keras.callbacks.Callback):
    """Print and keep each epoch's bits; stop when the time is over."""

    def __init__(self, seconds):
        super().__init__()
        self.limit, self.history = seconds, History()

    def on_train_begin(self, logs=None):
        self.start = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        if self.limit is not None and time.perf_counter() - self.start > self.limit:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        self.history.seconds.append(time.perf_counter() - self.start)
        self.history.training.append(logs["loss"] / NATS_PER_BIT)
        line = f"epoch {epoch + 1:2d}  {self.history.seconds[-1]:5.0f} s  training {self.history.training[-1]:.3f} bits"
        if "val_loss" in logs:
            self.history.validation.append(logs["val_loss"] / NATS_PER_BIT)
            line += f"  validation {self.history.validation[-1]:.3f} bits"
        print(line, flush=True)


def _masked_mean(values, targets, padding_id):
    if padding_id is None:
        return ops.mean(values)
    mask = ops.cast(ops.not_equal(targets, padding_id), values.dtype)
    return ops.sum(values * mask) / ops.maximum(ops.sum(mask), 1)


def _check_shapes(targets, logits):
    if tuple(targets.shape) != tuple(logits.shape[:-1]):
        raise ValueError(
            f"targets: expected shape {tuple(logits.shape[:-1])}, that of logits less its last, "
            f"got {tuple(targets.shape)}"
        )


def _check_data(model, name, inputs, targets):
    """Compare targets with what the model gives for a first row, before Keras fails on them in its own words."""
    rows = {len(part) for part in keras.tree.flatten(inputs)}
    if rows != {len(targets)}:
        raise ValueError(f"{name}: expected as many rows of targets as of inputs, {sorted(rows)}, got {len(targets)}")
    logits = model(keras.tree.map_structure(lambda part: part[:1], inputs), training=False)
    if np.shape(targets)[1:] != tuple(logits.shape[1:-1]):
        raise ValueError(
            f"{name}: expected targets of shape {(len(targets), *logits.shape[1:-1])}, got {np.shape(targets)}"
        )
    if not 0 <= np.min(targets) <= np.max(targets) < logits.shape[-1]:
        raise ValueError(
            f"{name}: expected target ids from 0 to {logits.shape[-1] - 1}, got {np.min(targets)} to {np.max(targets)}"
        )
