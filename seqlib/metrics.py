r"""How good predictions are, in the units of the field. NumPy only."""

import numpy as np


def bits(nats):
    r"""Turn nats, the unit of a cross-entropy with natural logarithms, into bits.

    .. math:: \text{bits} = \text{nats} / \ln 2

    Args:
        nats: number or array.

    Taught in chapter 2.
    """
    return np.asarray(nats) / np.log(2)


def perplexity(bits):
    r"""Give the number of equally likely tokens that would be as hard to guess among.

    .. math:: 2^{\frac{1}{T} \sum_t \text{bits}_t}

    Args:
        bits: bits of each token, any shape, or their mean.

    Source: Jelinek and others, 1977, Perplexity: a measure of the difficulty of speech recognition tasks.
    Taught in chapter 2.
    """
    return float(2 ** np.mean(bits))


def bits_per_token(logits, targets):
    r"""Give what each right token costs under a model's logits :math:`z`, in bits.

    .. math:: -\log_2 \frac{e^{z_y}}{\sum_j e^{z_j}}

    Args:
        logits: `(..., V)`, one unnormalized score for each token of the vocabulary. (Logarithms of
            probabilities are logits too.)
        targets: `(...)`, the id :math:`y` of the right token.

    Returns:
        `(...)` of float64.

    Raises:
        ValueError: where the shapes do not fit each other, or a target is outside the vocabulary.

    Taught in chapter 2.
    """
    logits, targets = np.asarray(logits, dtype="float64"), np.asarray(targets)
    if logits.shape[:-1] != targets.shape:
        raise ValueError(
            f"targets: expected shape {logits.shape[:-1]}, that of logits less its last, got {targets.shape}"
        )
    if targets.size and not 0 <= targets.min() <= targets.max() < logits.shape[-1]:
        raise ValueError(
            f"targets: expected ids from 0 to {logits.shape[-1] - 1}, got {targets.min()} to {targets.max()}"
        )
    right = np.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
    return bits(np.logaddexp.reduce(logits, axis=-1) - right)


def exact_match(predictions, references):
    """Give the share of sequences that are right from first to last token, from 0 to 1.

    Args:
        predictions: list of sequences: strings, lists or arrays of ids.
        references: the right ones, in the same order.

    Raises:
        ValueError: where the two differ in number, or there are none.

    Taught in chapter 2.
    """
    if len(predictions) != len(references):
        raise ValueError(f"references: expected {len(predictions)}, as many as predictions, got {len(references)}")
    if len(predictions) == 0:
        raise ValueError("predictions: expected at least one sequence, got none")
    return float(np.mean([list(one) == list(other) for one, other in zip(predictions, references, strict=True)]))
