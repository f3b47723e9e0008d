"""Do networks that learned to count go on counting beyond the numbers that they were trained with? Chapters 5 and 6.

The networks read strings of n a and then b, and say after the last letter whether there were fewer b, as many, or more.
They are trained with n up to 20, all with the same number of batches of 16, and then scored on 192 strings with exactly
as many a as `length` says. The LSTM has 32 units; of the others each has as many as bring its number of weights within
3 % of the LSTM's. The gated ones compete twice: as Keras begins them, and with gates that begin for lags as long as the
longest string (`chrono`). `learned` says whether 100 steps in a row were right on 95 % of new strings.

Each seed trains two networks of every kind, so five seeds give ten. The step sizes were chosen beforehand, under
another seed, among 0.003 and 0.01 for gated networks and 0.001 and 0.003 for plain ones, by which networks learned.
"""

SEEDS = range(5)
EACH = 2  # networks of a kind under each seed
UNITS = {"simple": 65, "GRU": 37, "LSTM": 32}
LONGEST, STEPS, MARK = 20, 1000, 0.95
LENGTHS = (20, 30, 40, 80)


def kinds():
    """Give the networks that compete: a dictionary from name to `Recurrence`."""
    from seqlib.ensembles import Recurrence

    return {
        "tanh": Recurrence(rate=0.003),
        "ReLU, identity": Recurrence(activation="relu", start="identity", rate=0.001),
        "GRU": Recurrence(cell="GRU", rate=0.01),
        "GRU, chrono": Recurrence(cell="GRU", rate=0.01, chrono=2 * LONGEST),
        "LSTM": Recurrence(cell="LSTM", rate=0.01),
        "LSTM, chrono": Recurrence(cell="LSTM", rate=0.01, chrono=2 * LONGEST),
    }


def measure(seed):
    """Train, score; give a row for each length, kind and network."""
    import numpy as np

    from seqlib.datasets import memory
    from seqlib.ensembles import Ensemble, score, train

    random = np.random.default_rng(seed)
    rows, most = [], 0
    for cell, units in UNITS.items():
        names = [name for name, kind in kinds().items() if kind.cell == cell for _ in range(EACH)]
        ensemble = Ensemble([kinds()[name] for name in names], units, features=2, outputs=3, batch=16)

        def draw(number):
            return memory.counting(number, LONGEST, seed=random)

        met, _ = train(ensemble, draw, MARK, STEPS, stop=False)
        weights = sum(int(np.prod(weight.shape[1:])) for weight in ensemble.trainable_variables)
        for length in LENGTHS:
            scores = score(ensemble, *memory.counting(192, length, length, seed=random))
            for place, name in enumerate(names):
                result = {"network": place % EACH, "learned": int(met[place] == met[place]), "score": scores[place]}
                rows.append({"length": length, "kind": name, "units": units, "weights": weights} | result)
        most = max(most, weights)
    if min(row["weights"] for row in rows) < 0.97 * most:
        raise RuntimeError(f"UNITS: expected equally many weights to 3 %, got { ({r['weights'] for r in rows}) }")
    return rows
