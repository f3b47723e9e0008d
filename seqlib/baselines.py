r"""What counting alone can do: n-gram language models, NumPy only."""

import numpy as np

DISCOUNTS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


class NGram:
    r"""A language model that counts which token followed the last `order - 1` ones.

    Interpolated Kneser-Ney smoothing: each count :math:`c` gives up a discount :math:`D`, and what is
    saved is spread as the next shorter context :math:`h'` says,

    .. math::
        P(w \mid h) = \frac{\max(c(hw) - D, 0)}{c(h)} + \frac{D \, N(h)}{c(h)} P(w \mid h')

    where :math:`N(h)` is the number of different tokens seen after :math:`h`. The longest contexts count
    occurrences. Shorter ones count in how many contexts one token longer the token was seen, since they are
    asked only where the longer one is unsure. A context never seen passes the question on to the next shorter
    one; below them all stands the uniform :math:`1/V`, so that no token is impossible.

    Args:
        order: length of the n-grams: 1 looks at no context, 6 at the last five tokens.
        size: number of tokens in the vocabulary, :math:`V`.
        discount: :math:`D`, more than 0 and at most 1.

    Raises:
        ValueError: where an argument is out of its range, or n-grams are too many to number in 64 bits.

    Source: Kneser and Ney, 1995, Improved backing-off for m-gram language modeling; interpolated as in
    Chen and Goodman, 1999, An empirical study of smoothing techniques for language modeling.
    Simplified: one discount for all orders. Taught in chapter 2.
    """

    def __init__(self, order, size, discount=0.75):
        if order < 1:
            raise ValueError(f"order: expected at least 1, got {order}")
        if size < 1:
            raise ValueError(f"size: expected at least 1 token, got {size}")
        if (size + 1) ** order >= 2**63:
            raise ValueError(f"order: expected (size + 1)**order below 2**63, got order {order} with size {size}")
        if not 0 < discount <= 1:
            raise ValueError(f"discount: expected more than 0 and at most 1, got {discount}")
        self.order, self.size, self.discount = order, size, discount
        self._tables = None

    def fit(self, ids, validation=None):
        """Count the n-grams of a text.

        Args:
            ids: `(time,)` token ids to count.
            validation: `(time,)` token ids that follow; where given, the discount that costs the fewest bits
                on them is chosen among `DISCOUNTS`.

        Returns:
            The model itself.

        Raises:
            ValueError: where `ids` is shorter than `order`, or holds ids outside the vocabulary.
        """
        ids = self._checked("ids", ids)
        if len(ids) < self.order:
            raise ValueError(f"ids: expected at least {self.order} tokens, one n-gram, got {len(ids)}")
        windows = np.lib.stride_tricks.sliding_window_view(ids, self.order)
        numbers, counts = np.unique(self._numbers(windows), return_counts=True)
        self._tables = [_Table(numbers, counts, self.size)]
        for length in range(self.order - 1, 0, -1):
            numbers, counts = np.unique(numbers % self.size**length, return_counts=True)
            self._tables.insert(0, _Table(numbers, counts, self.size))
        if validation is not None:
            self.discount = self._best_discount(validation, context=ids)
        return self

    @property
    def entries(self):
        """Number of counts that the fitted model keeps, one for each different n-gram of each length."""
        return sum(len(table.counts) for table in self._tables or ())

    def bits(self, ids, context=()):
        """Score every token of a text, given all that stands before it.

        Args:
            ids: `(time,)` token ids to score.
            context: `(time,)` token ids that come right before them; without it the first tokens are
                predicted from the shorter contexts that there are.

        Returns:
            `(time,)`: minus the binary logarithm of each token's probability. The mean is in bits per token.

        Raises:
            ValueError: where an id lies outside the vocabulary, or the model has not been fitted.
        """
        ids = self._checked("ids", ids)
        before = self._context(context)
        windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([before, ids]), self.order)
        return -np.log2(self._interpolate(windows))

    def probabilities(self, context=()):
        """Give the probability of each next token after a context, `(size,)`; they add up to 1."""
        return self._following(self._context(context))

    def sample(self, length, context=(), seed=0):
        """Draw `length` tokens, each from the probabilities after those before it, `(length,)` of int32."""
        generator = np.random.default_rng(seed)
        ids = list(self._context(context))
        for _ in range(length):
            history = ids[len(ids) - self.order + 1 :]
            ids.append(generator.choice(self.size, p=self._following(history)))
        return np.array(ids[self.order - 1 :], dtype="int32")

    def _following(self, history):
        """Give the probability of each token after a history of `order - 1` ids."""
        histories = np.tile(np.asarray(history, dtype="int64"), (self.size, 1))
        return self._interpolate(np.column_stack([histories, np.arange(self.size)]))

    def _interpolate(self, windows):
        """Give the probability of the last token of each window, `(windows, order)`, after those before it."""
        if self._tables is None:
            raise ValueError("model: expected a fitted one, got one before fit")
        probability = np.full(len(windows), 1 / self.size)
        for length, table in enumerate(self._tables, start=1):
            numbers = self._numbers(windows[:, -length:])
            probability = table.interpolate(numbers, probability, self.discount)
        return probability

    def _best_discount(self, validation, context):
        costs = []
        for discount in DISCOUNTS:
            self.discount = discount
            costs.append(self.bits(validation, context).mean())
        return DISCOUNTS[int(np.argmin(costs))]

    def _context(self, context):
        """Give the last `order - 1` tokens before a text, filled up in front with the id after the last one.

        As leading digit it makes a number larger than that of any n-gram counted, so that it is backed off from.
        """
        context = self._checked("context", context)[-self.order + 1 :] if self.order > 1 else ()
        return np.concatenate([np.full(self.order - 1 - len(context), self.size), context]).astype("int64")

    def _numbers(self, windows):
        """Give each n-gram, `(n-grams, length)`, one number: its ids are the digits."""
        return windows @ self.size ** np.arange(windows.shape[1] - 1, -1, -1, dtype="int64")

    def _checked(self, name, ids):
        ids = np.asarray(ids, dtype="int64")
        if ids.ndim != 1:
            raise ValueError(f"{name}: expected one sequence, shape (time,), got shape {ids.shape}")
        if ids.size and not 0 <= ids.min() <= ids.max() < self.size:
            raise ValueError(f"{name}: expected ids from 0 to {self.size - 1}, got {ids.min()} to {ids.max()}")
        return ids


class _Table:
    """The counts of all n-grams of one length, found by their numbers."""

    def __init__(self, numbers, counts, base):
        self.base, self.numbers, self.counts = base, numbers, counts
        self.contexts, places = np.unique(numbers // base, return_inverse=True)
        self.totals = np.bincount(places, weights=counts)
        self.followers = np.bincount(places)

    def interpolate(self, numbers, shorter, discount):
        """Mix what is counted here with `shorter`, the probabilities that the shorter contexts give."""
        total = _look_up(numbers // self.base, self.contexts, self.totals)
        followers = _look_up(numbers // self.base, self.contexts, self.followers)
        counted = np.maximum(_look_up(numbers, self.numbers, self.counts) - discount, 0)
        return np.where(total > 0, (counted + discount * followers * shorter) / np.maximum(total, 1), shorter)


def _look_up(wanted, keys, values):
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)
