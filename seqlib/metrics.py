r"""How good predictions are, in the units of the field. NumPy, and sacrebleu for those who ask for its scores."""

import numpy as np

# Those of sacrebleu's ways to cut a sentence into words that need no other package and no network.
TOKENIZERS = ("13a", "intl", "zh", "char", "none")


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
    _check_numbers(predictions, references)
    return float(np.mean([list(one) == list(other) for one, other in zip(predictions, references, strict=True)]))


def corpus_bleu(predictions, references, tokenize="13a"):
    r"""Score translations by the runs of one to four words that they share with the references, from 0 to 100.

    .. math:: 100 \, \min\big(1, e^{1 - r/c}\big) \, \Big( \prod_{n=1}^{4} p_n \Big)^{1/4}

    Of all runs of n words in the predictions, :math:`p_n` is the share found in the reference of the same sentence,
    each run at most as often as it occurs there. The predictions have :math:`c` words in all, the references
    :math:`r`: where they are fewer, the first factor punishes it. Everything is counted over the whole corpus, so the
    score is no mean over sentences. Where a corpus shares no run of some length, sacrebleu puts a small number in place
    of the 0 (`smooth:exp`).

    Simplified: one reference for each prediction; sacrebleu takes several.

    Args:
        predictions: list of strings, whole sentences as they are written, with no special tokens such as `<end>`.
        references: the right ones, in the same order.
        tokenize: how a sentence is cut into words. `"13a"`, the standard for most languages; `"zh"` for Chinese;
            `"char"`, every character is a word, for other languages that write without spaces; `"intl"`, by the
            punctuation of all scripts; `"none"`, at spaces only.

    Returns:
        `(score, signature)`: a number from 0 to 100, and sacrebleu's signature, a string with every setting and the
        version. Only scores with the same signature, up to the version, can be compared.

    Raises:
        ValueError: where the two differ in number, there are none, they are no strings, or `tokenize` is none of these.

    Source: Papineni and others, 2002, BLEU: a method for automatic evaluation of machine translation; computed by
    sacrebleu, Post, 2018, A call for clarity in reporting BLEU scores. Taught in chapter 7.
    """
    if tokenize not in TOKENIZERS:
        raise ValueError(f"tokenize: expected one of {', '.join(TOKENIZERS)}, got {tokenize!r}")
    from sacrebleu.metrics import BLEU

    return _score(BLEU(tokenize=tokenize), predictions, references)


def corpus_chrf(predictions, references, word_order=0):
    r"""Score translations by the runs of one to six characters that they share with the references, from 0 to 100.

    .. math:: 100 \, \frac{(1 + \beta^2) P R}{\beta^2 P + R}, \qquad \beta = 2

    :math:`P` is the share of the predictions' runs that the references have too, :math:`R` the share of the
    references' runs that the predictions have too, both counted over the whole corpus for each length and then averaged
    over the lengths. Spaces do not count. An ending that is wrong costs little, where BLEU loses the whole word.

    Simplified: one reference for each prediction; sacrebleu takes several.

    Args:
        predictions: list of strings, whole sentences with no special tokens such as `<end>`.
        references: the right ones, in the same order.
        word_order: length of the longest run of words that is counted too: 0 for chrF2, 2 for chrF2++.

    Returns:
        `(score, signature)`, as from `corpus_bleu`.

    Raises:
        ValueError: where the two differ in number, there are none, they are no strings, or `word_order` is below 0.

    Source: Popović, 2015, chrF: character n-gram F-score for automatic MT evaluation; with words, Popović, 2017,
    chrF++: words helping character n-grams; computed by sacrebleu. Taught in chapter 7.
    """
    if not isinstance(word_order, int) or word_order < 0:
        raise ValueError(f"word_order: expected a whole number of at least 0, got {word_order!r}")
    from sacrebleu.metrics import CHRF

    return _score(CHRF(word_order=word_order), predictions, references)


def alignment_error_rate(predicted, alignment, possible=None):
    r"""Give how far links between tokens are from the true ones, from 0, all of them right, to 1, none.

    .. math:: \text{AER} = 1 - \frac{|A \cap S| + |A \cap P|}{|A| + |S|}

    :math:`A` are the predicted links, :math:`S` the sure ones, which have to be there, and :math:`P` the possible ones,
    which may: links of :math:`A` outside of :math:`P` and links of :math:`S` outside of :math:`A` are errors. All rows
    are counted together. Where every true link is sure, :math:`P = S`, this is 1 less the F-score of the links.

    Attention weights become links so: each target token that has a true link (a possible one, where `possible` is
    given) is linked to the source token with its largest weight, the first of equals, and to no other. Target tokens
    without a true link (`<end>`, padding, words such as *and*) get none, for attention has to look somewhere, and
    wherever it looks there is neither right nor wrong. Source tokens that are padding stay: to look there is an error.
    A token whose weights are all 0 looks at nothing and gets no link. One link a token is not enough where a token has
    several: the lowest rate that attention can reach is `alignment_error_rate(alignment.astype(float), alignment)`.

    Links that are given as such all count, those of tokens without a true link too, as in the paper.

    Args:
        predicted: `(..., target time, source time)`, links as booleans, or attention weights as floats (of one head,
            or a mean over heads).
        alignment: same shape, booleans, True for a link that is sure, as from `seqlib.datasets.numbers.load`; mind that
            the weights of a decoder that reads `targets[:, :-1]` go with `alignment[:, 1:]`.
        possible: same shape, booleans, True for a link that is possible, the sure ones among them; None where all
            possible links are sure.

    Raises:
        ValueError: where the shapes differ or have fewer than two axes, truth is not of booleans, predictions are
            neither booleans nor finite floats, no link is sure, or a sure one is not possible.

    Source: Och and Ney, 2003, A systematic comparison of various statistical alignment models. Taught in chapter 7.
    """
    predicted, sure = np.asarray(predicted), _checked_truth("alignment", alignment, np.shape(predicted))
    possible = sure if possible is None else _checked_truth("possible", possible, predicted.shape)
    if not sure.any():
        raise ValueError("alignment: expected at least one link, got none")
    if (sure & ~possible).any():
        raise ValueError("possible: expected every sure link among them, got some of `alignment` left out")
    links = predicted if predicted.dtype == bool else _links_of_weights(predicted, possible)
    right = (links & sure).sum() + (links & possible).sum()
    return float(1 - right / (links.sum() + sure.sum()))


def _links_of_weights(weights, possible):
    """Link each token that has a true link to where its weight is largest."""
    if not np.issubdtype(weights.dtype, np.floating) or not np.isfinite(weights).all():
        raise ValueError(f"predicted: expected booleans or finite floats, got {weights.dtype}, {weights.min()}")
    largest = np.arange(weights.shape[-1]) == weights.argmax(axis=-1)[..., None]
    return largest & (weights > 0) & possible.any(axis=-1, keepdims=True)


def _checked_truth(name, links, shape):
    links = np.asarray(links)
    if links.dtype != bool:
        raise ValueError(f"{name}: expected booleans, got {links.dtype}")
    if links.ndim < 2 or links.shape != shape:
        raise ValueError(f"{name}: expected (..., target time, source time), {shape} as `predicted`, got {links.shape}")
    return links


def _score(metric, predictions, references):
    """Give a score of sacrebleu's with its signature, which the metric knows only afterwards."""
    for name, texts in (("predictions", predictions), ("references", references)):
        # One string is a sequence of strings too, its characters.
        strangers = [texts] if isinstance(texts, str) else [text for text in texts if not isinstance(text, str)]
        if strangers:
            raise ValueError(f"{name}: expected a list of strings, got {strangers[0]!r}")
    _check_numbers(predictions, references)
    score = metric.corpus_score(list(predictions), [list(references)]).score
    return float(score), str(metric.get_signature())


def _check_numbers(predictions, references):
    if len(predictions) != len(references):
        raise ValueError(f"references: expected {len(predictions)}, as many as predictions, got {len(references)}")
    if len(predictions) == 0:
        raise ValueError("predictions: expected at least one sequence, got none")
