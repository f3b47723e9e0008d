"""Numbers spelled out in English and in another language, and which word of one goes with which of the other."""

import numpy as np

from seqlib.datasets import Dataset, number_grammar, number_words
from seqlib.text import Vocabulary, pad

WORDS = ("fr", "ru", "fa", "bn")  # languages that put spaces between short words
CHARACTERS = ("de", "nl", "ja", "ko", "th")  # languages that write numbers as few long words
LANGUAGES = (*WORDS, *CHARACTERS)
BY = ("words", "characters", "pieces")


def load(language="fr", pairs=12_000, seed=0, by=None):
    r"""Load numbers below one million in English and in another language, with the true alignment between the two.

    The numbers are those of `seqlib.datasets.number_words.load`: as many digits as one to six are drawn, each equally
    often as far as there are numbers, and no number twice. The last 1,000 test, the 500 before them validate.

    Every token denotes parts of the number, as `seqlib.datasets.number_grammar` defines them, and two tokens of the
    two languages are linked where they share a part:

    .. math:: A_{ts} = 1 \text{ where } \text{parts}(y_t) \cap \text{parts}(x_s) \ne \emptyset, \quad 0 \text{ else}

    Row :math:`t` of the alignment belongs to the token `targets[:, t]` itself. A decoder that reads
    `targets[:, :-1]` is to predict `targets[:, 1:]`, so its attention weights go with `alignment[:, 1:]`.
    Links are many-to-many, and all of them are sure links in the sense of Och and Ney: the possible links are
    the same. Words such as *and*, *et*, *und*, a space, `<start>`, `<end>` and padding have no link at all.

    Args:
        language: `"fr"` French, `"ru"` Russian, `"fa"` Persian (written from right to left), `"bn"` Bengali (one word
            for each number below 100; groups of 1,000 and 100,000), `"de"` German and `"nl"` Dutch (units before
            tens, one long word), `"ja"` Japanese and `"ko"` Korean (groups of 10,000), or `"th"` Thai (a word
            for each power of ten).
        pairs: how many numbers in all.
        seed: draws the numbers and their order.
        by: what a target token is. `"words"`, what stands between spaces; `"characters"`, each with the links of
            the piece that it stands in; `"pieces"`, the words that a compound is made of, spaces left out. None takes
            words in the first four languages and characters in the others, which have no short words.

    Returns:
        `seqlib.datasets.Dataset` whose parts are tuples:

        - sources, `(rows, source time)` of int32, the English words, padded with 0;
        - targets, `(rows, target time)` of int32: `<start>`, the tokens of the other language, `<end>`, padded with 0;
        - alignment, `(rows, target time, source time)` of bool, True for a link.

        Its vocabularies are `"source"` and `"target"`, the tokens of all pairs.

    Raises:
        ValueError: where `language` or `by` is none of these, by words where there are no short ones, where there are
            too few pairs to split or too many, or where the installed num2words does not know the language (Bengali
            came with 0.5.14) or spells a number otherwise than the grammar.

    Source: num2words, LGPL, which every number is compared with; alignments by the grammar. Sure and possible links:
    Och and Ney, 2003, A systematic comparison of various statistical alignment models. Taught in chapter 7.
    """
    by = _token_kind(language, by)
    if not 3000 <= pairs <= 100_000:
        raise ValueError(f"pairs: expected 3,000 to 100,000, got {pairs!r}")
    numbers = number_words._numbers(pairs, np.random.default_rng(seed))
    sources, targets = ([_tokens(n, *side) for n in numbers] for side in (("en", "words"), (language, by)))
    source = Vocabulary(_distinct(sources), padding="<pad>", separator=" ")
    separator = "" if by == "characters" else " "
    target = Vocabulary(_distinct(targets), padding="<pad>", start="<start>", end="<end>", separator=separator)
    arrays = (
        pad([source.encode(tokens) for tokens, _ in sources]),
        pad([target.encode(["<start>", *tokens, "<end>"]) for tokens, _ in targets]),
        _links(pad([parts for _, parts in sources]), pad([[0, *parts, 0] for _, parts in targets])),
    )
    validation, test = pairs - 1500, pairs - 1000
    rows = {"train": slice(validation), "validation": slice(validation, test), "test": slice(test, None)}
    return Dataset(
        name=f"Numbers, English to {language} by {by}",
        source="num2words, LGPL; alignment by a grammar, written for this course",
        **{part: tuple(array[row] for array in arrays) for part, row in rows.items()},
        vocabularies={"source": source, "target": target},
        unit="pairs",
    )


def align(number, language="fr", by=None):
    """Spell one number in English and in another language, and link the tokens of the two.

    Args:
        number: 0 to 999,999.
        language, by: as in `load`.

    Returns:
        `source, target, links`: two lists of strings, without `<start>` and `<end>`, and `(target tokens, source
        tokens)` of bool, the alignment.

    Raises:
        ValueError: as `load`, and where `number` is not one of these.

    Taught in chapter 7.
    """
    by = _token_kind(language, by)
    (source, source_parts), (target, target_parts) = _tokens(number, "en", "words"), _tokens(number, language, by)
    return source, target, _links(np.array([source_parts]), np.array([target_parts]))[0]


def _token_kind(language, by):
    """Give what a target token is, where `by` is None the kind that suits the language."""
    if language not in LANGUAGES:
        raise ValueError(f"language: expected one of {', '.join(LANGUAGES)}, got {language!r}")
    by = ("words" if language in WORDS else "characters") if by is None else by
    if by not in BY:
        raise ValueError(f"by: expected one of {', '.join(BY)}, or None, got {by!r}")
    if by == "words" and language not in WORDS:
        raise ValueError(f"by: expected characters or pieces in {language!r}, which has no short words, got {by!r}")
    return by


def _tokens(number, language, by):
    """Give the tokens of a number, and the parts that each of them denotes."""
    pieces = number_grammar.spell(number, language)
    _compare("".join(text for text, _ in pieces), number, language)
    if by == "characters":
        tokens = [(character, parts) for text, parts in pieces for character in text]
    elif by == "pieces":
        tokens = [(text, parts) for text, parts in pieces if text != " "]
    else:
        tokens = [("", 0)]
        for text, parts in pieces:
            word, denoted = tokens[-1]
            tokens[-1:] = [(word, denoted), ("", 0)] if text == " " else [(word + text, denoted | parts)]
    return [text for text, _ in tokens], [parts for _, parts in tokens]


def _compare(text, number, language):
    """Hold the text of the grammar against that of num2words."""
    try:
        expected = number_words.spell(number, language)
    except NotImplementedError as error:
        raise ValueError(f"language: expected one that the installed num2words knows, got {language!r}") from error
    if text != expected:
        message = f"expected the spelling of num2words for {number:,}, {expected!r}, got {text!r} from the grammar"
        raise ValueError(f"language: in {language!r}, {message}")


def _links(source_parts, target_parts):
    """Link tokens that share a part: `(rows, source time)` and `(rows, target time)` give the alignment."""
    columns = [(target_parts & column[:, None]) != 0 for column in source_parts.T]
    return np.stack(columns, axis=-1)


def _distinct(spelled):
    return sorted({token for tokens, _ in spelled for token in tokens})
