r"""Teacher forcing: batches by length, a smoothed loss, and `fit` for models that read one sequence and write another.

While it trains, a decoder reads the right answer: :math:`y_1, \dots, y_{t-1}`, whatever it would have said itself, and
is to predict :math:`y_t`. So all steps are trained at once.
"""

import itertools

import keras
import numpy as np
from keras import ops

from seqlib import training

# XLA compiles anew for every shape. Numbers in German, 2,000 tokens a batch: lengths as they are make 72 shapes and 1 %
# padding, multiples of 4 make 18 shapes and 5 %, multiples of 16 make 6 shapes and 18 %; plain batches of 32 have 31 %.
MULTIPLE = 4


class TokenBatches(keras.utils.PyDataset):
    r"""Feed pairs of sequences in batches of similar length, with about as many target tokens in each.

    Rows are sorted by target length, then by source length, both rounded up to a multiple, longest first. A batch
    takes the length :math:`T` of its first row, which settles how many rows it has:

    .. math:: B = \lfloor \text{tokens} / T \rfloor

    So there are few different shapes; only the last batch, of the shortest rows, may have fewer. After each epoch
    rows of equal rounded length are dealt anew and batches come in a new order. Simplification: source tokens do not
    count.

    `batches[index]` gives `(sources, inputs), outputs`, ids of int32 of shapes `(batch, source time)`, `(batch, time)`
    and `(batch, time)`: inputs are `targets[:, :-1]`, outputs `targets[:, 1:]`, each cut to the longest row.

    Args:
        sources: `(N, source time)` of ids, padded with 0 on the right.
        targets: `(N, target time)` of ids, `<start>`, the tokens, `<end>`, padded with 0 on the right.
        tokens: how many tokens the outputs of a batch hold at most, padding counted.
        seed: draws the order of rows and of batches.
        multiple: lengths are rounded up to a multiple of this, though never beyond the arrays; the larger it is,
            the fewer shapes there are to compile, and the more padding.

    Raises:
        ValueError: where arrays do not fit each other, a row has no token, padding before a token or another
            `<start>` than the first row, `tokens` is less than the longest row takes, or `multiple` is less than 1.

    Source: Vaswani and others, 2017, Attention is all you need, section 5.1. Taught in chapters 7 and 8.
    """

    def __init__(self, sources, targets, tokens=2000, seed=0, multiple=MULTIPLE):
        super().__init__()
        sources, targets = _checked_pairs(sources, targets)
        for name, number in (("tokens", tokens), ("multiple", multiple)):
            if not isinstance(number, int) or number < 1:
                raise ValueError(f"{name}: expected a whole number of at least 1, got {number!r}")
        self.sources, self.inputs, self.outputs = sources, targets[:, :-1], targets[:, 1:]
        self.lengths = np.stack([_lengths(sources, multiple), _lengths(self.outputs, multiple)], axis=1)
        longest = self.lengths[:, 1].max()
        if tokens < longest:
            raise ValueError(f"tokens: expected at least {longest}, what the longest row takes, got {tokens!r}")
        self.tokens, self.random = tokens, np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        """Count the batches of an epoch."""
        return len(self.batches)

    def __getitem__(self, index):
        """Give one batch, `(sources, inputs), outputs`."""
        rows = self.batches[index]
        source_time, time = self.lengths[rows].max(axis=0)
        inputs = self.sources[rows, :source_time], self.inputs[rows, :time]
        return inputs, self.outputs[rows, :time]

    def on_epoch_end(self):
        """Deal rows and order batches anew."""
        rows = self.random.permutation(len(self.sources))
        source_lengths, lengths = self.lengths[rows].T
        rows = rows[np.lexsort((source_lengths, lengths))[::-1]]  # equal lengths stay in the order drawn
        batches = []
        while len(rows):
            size = self.tokens // self.lengths[rows[0], 1]
            batches.append(rows[:size])
            rows = rows[size:]
        self.batches = self._different_first([batches[place] for place in self.random.permutation(len(batches))])

    def padding(self):
        """Give the share of padding in the ids of an epoch, sources and outputs together, from 0 to 1.

        Without batches by length it is the share of zeros in `sources` and `targets[:, 1:]`.
        """
        fed = sum(len(rows) * self.lengths[rows].max(axis=0).sum() for rows in self.batches)
        return 1 - (np.count_nonzero(self.sources) + np.count_nonzero(self.outputs)) / fed

    def _different_first(self, batches):
        """Move two batches to the front that differ in both lengths, or in one: by the first two Keras on TensorFlow
        settles for all that follow which axes may vary."""
        shapes = [tuple(self.lengths[rows].max(axis=0)) for rows in batches]
        pairs = itertools.combinations(sorted(set(shapes)), 2)
        pair = max(pairs, key=lambda pair: np.not_equal(*pair).sum(), default=())
        first = [shapes.index(shape) for shape in pair]
        rest = [place for place in range(len(batches)) if place not in first]
        return [batches[place] for place in first + rest]


@keras.saving.register_keras_serializable("seqlib")
class SmoothedCrossentropy(keras.losses.Loss):
    r"""Cross-entropy with label smoothing: the mean over the tokens that are no padding, in nats.

    The right token is to get :math:`1 - \epsilon` of the probability, and all :math:`V` tokens share the rest evenly:

    .. math::
        L_t = -\sum_k \left((1 - \epsilon) [k = y_t] + \frac{\epsilon}{V}\right) \log P(k)
            = \log \sum_k e^{z_k} - (1 - \epsilon) z_{y_t} - \frac{\epsilon}{V} \sum_k z_k

    for logits :math:`z`. It is `keras.losses.CategoricalCrossentropy` with `label_smoothing`, without an array of
    one-hot targets; with :math:`\epsilon = 0` it is `seqlib.training.masked_crossentropy`. The mean is over all
    tokens of a batch, so a long sequence counts for more than a short one. Where all is padding it is 0, and so are
    its gradients. Where the model hands a mask on, what that calls padding does not count either.

    Called with targets `(batch, time)` of ids and logits `(batch, time, V)` it gives one number.

    Args:
        smoothing: :math:`\epsilon`, from 0 to less than 1.
        padding_id: the id that does not count.

    Raises:
        ValueError: where `smoothing` is no such number, or, when called, the shapes do not fit each other.

    Source: Szegedy and others, 2016, Rethinking the Inception architecture for computer vision, section 7; Vaswani and
    others, 2017, Attention is all you need, section 5.4. Taught in chapter 8.
    """

    def __init__(self, smoothing=0.1, padding_id=0, name="smoothed_crossentropy"):
        # Keras then divides by the sum of the weights, here by the number of tokens, and not by batch times time.
        super().__init__(name=name, reduction="mean_with_sample_weight")
        if not 0 <= smoothing < 1:
            raise ValueError(f"smoothing: expected 0 or more and less than 1, got {smoothing!r}")
        self.smoothing, self.padding_id = smoothing, padding_id

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Give the mean; `sample_weight`, where given, is `(batch, time)` like the targets."""
        mask = ops.cast(ops.not_equal(y_true, self.padding_id), self.dtype)
        if sample_weight is not None:
            mask = mask * ops.convert_to_tensor(sample_weight, dtype=self.dtype)
        return super().__call__(y_true, y_pred, mask)

    def call(self, y_true, y_pred):
        """Give the loss of each token, `(batch, time)`, padding included."""
        training._check_shapes(y_true, y_pred)
        right = ops.take_along_axis(y_pred, ops.expand_dims(ops.cast(y_true, "int32"), axis=-1), axis=-1)[..., 0]
        kept = (1 - self.smoothing) * right + self.smoothing * ops.mean(y_pred, axis=-1)
        return ops.logsumexp(y_pred, axis=-1) - kept

    def get_config(self):
        """Give the arguments, for saving."""
        return {"smoothing": self.smoothing, "padding_id": self.padding_id, "name": self.name}


@keras.saving.register_keras_serializable("seqlib")
class TokenCrossentropy(keras.metrics.Mean):
    r"""Cross-entropy without smoothing, a mean over all tokens of an epoch that are no padding, in nats.

    .. math:: -\frac{1}{N} \sum_{n = 1}^{N} \log P(y_n)

    for the :math:`N` such tokens of all batches. Keras' own mean of the loss weights each batch by its rows,
    and batches by length have few rows where they have long ones.

    Args:
        padding_id: the id that does not count.

    Taught in chapter 8.
    """

    def __init__(self, padding_id=0, name="token_crossentropy", **options):
        super().__init__(name=name, **options)
        self.padding_id = padding_id

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add a batch of targets `(batch, time)` and logits `(batch, time, V)`."""
        losses = SmoothedCrossentropy(0.0).call(y_true, ops.cast(y_pred, self.dtype))
        mask = ops.not_equal(y_true, self.padding_id)
        super().update_state(ops.reshape(losses, (-1,)), ops.reshape(mask, (-1,)))  # flat: Keras takes means of rows

    def get_config(self):
        """Give the arguments, for saving."""
        return {**super().get_config(), "padding_id": self.padding_id}


@keras.saving.register_keras_serializable("seqlib")
class InverseSquareRoot(keras.optimizers.schedules.LearningRateSchedule):
    r"""Let the learning rate rise in a line, then fall with the root of the step.

    .. math:: \eta_n = \eta \min\left(\frac{n}{w}, \sqrt{\frac{w}{n}}\right), \qquad n = 1, 2, \dots

    Equation 3 of the paper has :math:`\eta = (d w)^{-1/2}`, for a model of width :math:`d`. This schedule needs not
    know when the training ends; one that does is `keras.optimizers.schedules.CosineDecay` with `warmup_steps`.

    Args:
        peak: :math:`\eta`, the highest learning rate, reached at step :math:`w`.
        warmup: :math:`w`, the number of steps of the rise.

    Raises:
        ValueError: where `peak` is not above 0, or `warmup` is less than 1.

    Source: Vaswani and others, 2017, Attention is all you need, section 5.3. Taught in chapter 8.
    """

    def __init__(self, peak, warmup):
        if not peak > 0:
            raise ValueError(f"peak: expected above 0, got {peak!r}")
        if warmup < 1:
            raise ValueError(f"warmup: expected at least 1, got {warmup!r}")
        self.peak, self.warmup = peak, warmup

    def __call__(self, step):
        """Give the learning rate after `step` steps, counted from 0."""
        number = ops.cast(step, "float32") + 1
        return self.peak * ops.minimum(number / self.warmup, ops.sqrt(self.warmup / number))

    def get_config(self):
        """Give the arguments, for saving."""
        return {"peak": self.peak, "warmup": self.warmup}


def fit(
    model,
    part,
    validation=None,
    epochs=10,
    tokens=2000,
    learning_rate=0.001,
    smoothing=0.0,
    seconds=None,
    seed=0,
):
    """Train an encoder-decoder model with teacher forcing, and print a line an epoch.

    Adam on `SmoothedCrossentropy`, with the gradient of all weights together clipped to a norm of 1, in batches of
    `TokenBatches`. After `seqlib.start(seed)` and a newly built model the same call gives the same weights on the same
    machine, unless `seconds` ends it.

    Args:
        model: a Keras model from `[sources, inputs]`, ids `(batch, source time)` and `(batch, time)` of any lengths, to
            logits `(batch, time, V)`. Padding is 0, and the model has to mask it in the sources itself.
        part: `(sources, targets, ...)`, such as the `train` of a data set of pairs; targets are `<start>`, the tokens,
            `<end>`, padded with 0 on the right. Anything after the two is left out.
        validation: another such part to score after each epoch, or None.
        epochs: how many times to go through the part at most.
        tokens: target tokens for each step of Adam, padding counted.
        learning_rate: a number, or a schedule, such as `InverseSquareRoot`.
        smoothing: how much probability label smoothing takes from the right token.
        seconds: stop after the batch in which this much time is over; None for no such limit.
        seed: draws the order of rows and of batches.

    Returns:
        A `seqlib.training.History`: bits per token, `<end>` among them, in training and in validation without
        smoothing.

    Raises:
        ValueError: where sources, targets and what the model gives do not fit each other, a row is not as `part`
            says, a target is no id of the model's vocabulary, or as `TokenBatches` and `SmoothedCrossentropy` say.

    Source: Williams and Zipser, 1989, A learning algorithm for continually running fully recurrent neural networks
    (teacher forcing); Pascanu, Mikolov and Bengio, 2013, On the difficulty of training recurrent neural networks
    (clipping). Taught in chapters 7 and 8.
    """
    _check_part(model, "part", part)
    if validation is not None:
        _check_part(model, "validation", validation)
        validation = TokenBatches(*validation[:2], tokens=tokens)
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate, global_clipnorm=1.0),
        loss=SmoothedCrossentropy(smoothing),
        metrics=[TokenCrossentropy(name="nats")],
    )
    reporter = _Reporter(seconds)
    model.fit(
        TokenBatches(*part[:2], tokens=tokens, seed=seed),
        validation_data=validation,
        epochs=epochs,
        callbacks=[reporter],
        shuffle=False,  # the batches shuffle themselves, by `seed` alone
        verbose=0,
    )
    return reporter.history


class _Reporter(training._Reporter):
    """Print and keep the mean over tokens in place of the loss, which is smoothed."""

    def on_epoch_end(self, epoch, logs=None):
        names = {"nats": "loss", "val_nats": "val_loss"}
        super().on_epoch_end(epoch, {names[name]: value for name, value in logs.items() if name in names})


def _lengths(ids, multiple):
    """Count each row's tokens, rounded up to a multiple, but not beyond the array."""
    counts = np.count_nonzero(ids, axis=1)
    return np.minimum(-(-counts // multiple) * multiple, ids.shape[1])


def _checked_pairs(sources, targets, name=""):
    """Give both arrays of ids as int32; errors name them, after the name of the part where there is one."""
    sources = _checked_ids(f"{name}sources", sources, least=1)
    targets = _checked_ids(f"{name}targets", targets, least=2)
    if len(sources) != len(targets):
        raise ValueError(f"{name}targets: expected as many rows as sources, {len(sources)}, got {len(targets)}")
    other = targets[:, 0] != targets[0, 0]
    if other.any():
        row = int(np.argmax(other))
        raise ValueError(
            f"{name}targets: expected every row to begin with the same <start>, "
            f"got {targets[0, 0]} in row 0 and {targets[row, 0]} in row {row}"
        )
    return sources, targets


def _checked_ids(name, ids, least):
    ids = np.asarray(ids)
    if ids.ndim != 2 or not ids.size or not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(f"{name}: expected (rows, time) of whole numbers, got {ids.shape} of {ids.dtype}")
    if ids.min() < 0:
        raise ValueError(f"{name}: expected ids of at least 0, got {ids.min()}")
    counts = np.count_nonzero(ids, axis=1)
    if counts.min() < least:
        raise ValueError(
            f"{name}: expected at least {least} tokens in each row, got {counts.min()} in row {counts.argmin()}"
        )
    gaps = (ids != 0) != (np.arange(ids.shape[1]) < counts[:, None])
    if gaps.any():
        row = int(gaps.any(axis=1).argmax())
        raise ValueError(f"{name}: expected padding on the right only, got {ids[row].tolist()} in row {row}")
    return ids.astype("int32")


def _check_part(model, name, part):
    """Compare a part with what the model gives for it, before Keras fails on it in its own words."""
    if not isinstance(part, (tuple, list)) or len(part) < 2:
        raise ValueError(f"{name}: expected a tuple (sources, targets, ...), got {type(part).__name__}")
    sources, targets = _checked_pairs(*part[:2], name=f"{name}: ")
    time = targets.shape[1] - 1
    # Symbols in place of arrays: an embedding on TensorFlow fails on an id beyond it before it can be named here.
    shapes = ((1, sources.shape[1]), (1, time))
    logits = model([keras.KerasTensor(shape, dtype="int32") for shape in shapes], training=False)
    if len(logits.shape) != 3 or logits.shape[1] not in (None, time):
        raise ValueError(f"model: expected logits of shape (batch, {time}, V), got {tuple(logits.shape)}")
    if targets.max() >= logits.shape[-1]:
        raise ValueError(f"{name}: targets: expected ids from 0 to {logits.shape[-1] - 1}, got {targets.max()}")
