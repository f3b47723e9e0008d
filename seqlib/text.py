"""Text to whole numbers and back: vocabularies and padding, NumPy only."""

import numpy as np

SIDES = ("left", "right")


class Vocabulary:
    """The tokens that a model knows, each with its id: its place in the list.

    Special tokens come first, in the order padding, unknown, start, end, so that padding, where there is
    one, has id 0. A token is a character where `separator` is empty, else what stands between separators.

    Args:
        tokens: the ordinary tokens, in the order of their ids; repeated ones count once.
        padding, unknown, start, end: the special tokens, such as `"<pad>"`; None leaves one out.
        separator: what stands between two tokens of a text: `""` for characters, `" "` for words.

    Attributes:
        tokens: all tokens, so that `tokens[id]` is the token of an id.
        padding_id, unknown_id, start_id, end_id: ids of the special tokens, None for one left out.

    Raises:
        ValueError: where there is no token at all.

    Taught in chapter 2.
    """

    def __init__(self, tokens, padding=None, unknown=None, start=None, end=None, separator=""):
        specials = [token for token in (padding, unknown, start, end) if token is not None]
        self.tokens = tuple(dict.fromkeys([*specials, *tokens]))
        if not self.tokens:
            raise ValueError("tokens: expected at least one token, got none")
        self.separator = separator
        self._ids = {token: id for id, token in enumerate(self.tokens)}
        self.padding_id, self.unknown_id, self.start_id, self.end_id = map(
            self._ids.get, (padding, unknown, start, end)
        )

    @classmethod
    def from_text(cls, text, separator="", **specials):
        """Make the vocabulary of all tokens in a text, sorted, so that equal texts give equal ids.

        Args:
            text: a string.
            separator: as in `Vocabulary`.
            **specials: `padding`, `unknown`, `start` and `end`, as in `Vocabulary`.
        """
        return cls(sorted(set(_split(text, separator))), separator=separator, **specials)

    def encode(self, tokens):
        """Give the ids of a text.

        Args:
            tokens: a string, which is split at the separator, or a sequence of tokens.

        Returns:
            Array of int32, one id for each token. A token that is not in the vocabulary gets `unknown_id`.

        Raises:
            ValueError: for such a token where the vocabulary has no unknown token.
        """
        tokens = _split(tokens, self.separator) if isinstance(tokens, str) else tokens
        ids = [self._ids.get(token, self.unknown_id) for token in tokens]
        if None in ids:
            stranger = list(tokens)[ids.index(None)]
            raise ValueError(f"tokens: expected tokens of this vocabulary ({len(self)} of them), got {stranger!r}")
        return np.array(ids, dtype="int32")

    def decode(self, ids):
        """Give the text of a sequence of ids, special tokens included.

        Args:
            ids: sequence of whole numbers from 0 to `len(vocabulary) - 1`.

        Raises:
            ValueError: where `ids` has more than one axis, or an id lies outside of that.
        """
        ids = np.asarray(ids)
        if ids.ndim != 1:
            raise ValueError(f"ids: expected one sequence, shape (time,), got shape {ids.shape}")
        outside = ids[(ids < 0) | (ids >= len(self))]
        if outside.size:
            raise ValueError(f"ids: expected ids from 0 to {len(self) - 1}, got {outside[0]}")
        return self.separator.join(self.tokens[id] for id in ids.astype(int))

    def __len__(self):
        return len(self.tokens)

    def __contains__(self, token):
        return token in self._ids

    def __repr__(self):
        return f"Vocabulary({len(self)} tokens)"


def pad(sequences, length=None, value=0, side="right"):
    """Put sequences of different lengths into one array.

    Args:
        sequences: list of sequences of ids.
        length: length of the rows, the longest sequence's where None. Nothing is ever cut off.
        value: the id that fills up, the padding id.
        side: `"right"` fills after each sequence, `"left"` before it.

    Returns:
        `(batch, length)` of int32.

    Raises:
        ValueError: where there is no sequence, one is longer than `length`, or `side` is neither.

    Taught in chapter 2.
    """
    if side not in SIDES:
        raise ValueError(f"side: expected one of {', '.join(SIDES)}, got {side!r}")
    if len(sequences) == 0:
        raise ValueError("sequences: expected at least one sequence, got none")
    longest = max(len(sequence) for sequence in sequences)
    length = longest if length is None else length
    if longest > length:
        raise ValueError(f"length: expected at least {longest}, the longest sequence's, got {length}")
    padded = np.full((len(sequences), length), value, dtype="int32")
    for row, sequence in zip(padded, sequences, strict=True):
        start = 0 if side == "right" else length - len(sequence)
        row[start : start + len(sequence)] = sequence
    return padded


def _split(text, separator):
    return text.split(separator) if separator else list(text)
