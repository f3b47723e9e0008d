"""Sentences in two languages as arrays: by one simple rule for tokens, or by pieces that are learned.

Vocabularies and pieces come from the training part alone.
"""

import re
import unicodedata
from collections import Counter

import numpy as np

from seqlib.datasets import Dataset
from seqlib.text import Vocabulary, pad

RULES = ("words", "characters")
BY = (*RULES, "pieces")
SPECIALS = {"padding": "<pad>", "unknown": "<unk>"}
SPACE = "▁"  # what stands for the space before a word, in pieces
TOKEN = re.compile(r"\w+|[^\w\s]")  # a run of letters and digits, or one mark


def tokenize(text, by="words"):
    """Give the tokens of a sentence, by one fixed rule for all languages.

    Capital letters become small, accented letters one character each (Unicode's form NFC), the curly apostrophe a
    straight one, and any white space, such as the narrow one of French, one space. Words are runs of letters and
    digits, and every mark is a token of its own: `d'un` gives `d`, `'`, `un`. By characters, a space is a token too.

    Args:
        text: a string.
        by: `"words"` or `"characters"`.

    Returns:
        List of strings.

    Raises:
        ValueError: where `by` is neither.

    Taught in chapter 7.
    """
    if by not in RULES:
        raise ValueError(f"by: expected one of {', '.join(RULES)}, got {by!r}")
    text = _one_form(text).lower().replace("’", "'")
    return TOKEN.findall(text) if by == "words" else list(text)


def written(ids, vocabulary):
    """Give the sentence that a row of pieces spells, to be read, and to be judged against another.

    Args:
        ids: a row of ids, such as a search finds or `encode` makes; it counts up to the first `<end>`, if it has one,
            and without `<start>` and padding.
        vocabulary: the `seqlib.text.Vocabulary` of pieces that they are of.

    Returns:
        String, with the spaces and the capital letters of the original.

    Raises:
        ValueError: where an id is none of the vocabulary's.

    Taught in chapter 7.
    """
    ids = np.asarray(ids)
    ids = ids[np.cumsum(ids == vocabulary.end_id) == 0]
    kept = ids[(ids != vocabulary.start_id) & (ids != vocabulary.padding_id)]
    return vocabulary.decode(kept).replace(SPACE, " ").strip()


def check_tokens(by, min_count=1, size=4000):
    """Raise ValueError where `by` is no kind of token, or a number that goes with it is none of those allowed."""
    if by not in BY:
        raise ValueError(f"by: expected one of {', '.join(BY)}, got {by!r}")
    for name, number, least in (("min_count", min_count, 1), ("size", size, 5)):
        if not isinstance(number, int) or number < least:
            raise ValueError(f"{name}: expected a whole number, {least} or more, got {number!r}")


def encode(name, source, parts, by="words", min_count=1, size=4000):
    """Make a data set of sentence pairs.

    Args:
        name, source: as in `seqlib.datasets.Dataset`.
        parts: dictionary from `"train"`, `"validation"` and `"test"` to lists of pairs of strings.
        by: what a token is: `"words"` or `"characters"`, as in `tokenize`; or `"pieces"`, parts of words that
            byte-pair encoding finds by what stands together most often, where capital letters stay, and from which
            `written` gives the sentence back.
        min_count: how often a word or a character has to stand in the training part; rarer ones are unknown. So are
            tokens of the other parts that stand nowhere in it.
        size: how many tokens each vocabulary of pieces has, special ones counted. Fewer where the training part has
            no more to join, more where it has more different characters.

    Returns:
        `seqlib.datasets.Dataset` whose parts are tuples: sources, `(rows, source time)` of int32, and targets,
        `(rows, target time)` of int32, `<start>`, the tokens, `<end>`; both padded with 0, to the same length in all
        parts. Its vocabularies are `"source"` and `"target"`, the most frequent tokens first.

    Raises:
        ValueError: where `by`, `min_count` or `size` is none of these, or a part is empty.

    Source: Sennrich, Haddow and Birch, 2016, Neural machine translation of rare words with subword units (byte-pair
    encoding, here by the library tokenizers). Taught in chapter 7.
    """
    check_tokens(by, min_count, size)
    texts = [{part: [pair[side] for pair in pairs] for part, pairs in parts.items()} for side in (0, 1)]
    ends = ({}, {"start": "<start>", "end": "<end>"})
    if by == "pieces":
        made = [_pieces(side, size, SPECIALS | end) for side, end in zip(texts, ends, strict=True)]
    else:
        made = [_tokens(side, by, min_count, SPECIALS | end) for side, end in zip(texts, ends, strict=True)]
    sides, (source_vocabulary, target_vocabulary) = zip(*made, strict=True)
    sources = {part: [source_vocabulary.encode(tokens) for tokens in side] for part, side in sides[0].items()}
    targets = {
        part: [target_vocabulary.encode(["<start>", *tokens, "<end>"]) for tokens in side]
        for part, side in sides[1].items()
    }
    sources, targets = _padded(sources), _padded(targets)
    return Dataset(
        name=name,
        source=source,
        **{part: (sources[part], targets[part]) for part in parts},
        vocabularies={"source": source_vocabulary, "target": target_vocabulary},
        unit="pairs",
    )


def _tokens(texts, by, min_count, specials):
    """Give the tokens of all parts by rule, and their vocabulary."""
    parts = {part: [tokenize(text, by) for text in side] for part, side in texts.items()}
    counts = Counter(token for tokens in parts["train"] for token in tokens)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    kept = [token for token, count in ranked if count >= min_count]
    return parts, Vocabulary(kept, separator=" " if by == "words" else "", **specials)


def _pieces(texts, size, specials):
    """Learn pieces from the training part; give those of all parts, and their vocabulary."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    unknown = specials["unknown"]
    tokenizer = Tokenizer(models.BPE(unk_token=unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(SPACE)
    learner = trainers.BpeTrainer(vocab_size=size - len(specials) + 1, special_tokens=[unknown], show_progress=False)
    texts = {part: [_one_form(text) for text in side] for part, side in texts.items()}
    tokenizer.train_from_iterator(texts["train"], learner)
    parts = {part: [row.tokens for row in tokenizer.encode_batch(side)] for part, side in texts.items()}
    pieces = sorted(tokenizer.get_vocab(), key=tokenizer.token_to_id)
    return parts, Vocabulary(pieces, **specials)


def _one_form(text):
    """Give a text with each accented letter as one character, and any white space as one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _padded(parts):
    longest = max(len(row) for rows in parts.values() for row in rows)
    return {part: pad(rows, longest) for part, rows in parts.items()}
