"""How far plain and gated networks with equally many weights remember and add: chapters 5 and 6.

Two tasks whose answer is asked for after the last step: delayed recall and the adding problem. The LSTM has 32 units;
of the others each has as many as bring its number of weights within 3 % of the LSTM's. The gated ones compete twice: as
Keras begins them, and with gates that begin for lags as long as the sequence (`chrono`).

Each seed draws the sequences and trains two networks of every kind on them (`seqlib.ensembles`), so five seeds give
ten. All have the same number of batches at most, 16 sequences each. A network has learned when over 100 steps in a row
it is right on 95 % of new sequences, or errs by less than 0.02 in the mean square (always answering 1 costs 1/6). A
kind is stopped at the first length at which neither network learns, and not tried at the longer ones: those rows say
`tried` 0.

The step sizes of recall are those of the study horizon, chosen there under other seeds; so are those of adding, except
that the LSTM's was chosen anew at a length of 100, under another seed, between 0.003 and 0.01.
"""

SEEDS = range(5)
EACH = 2  # networks of a kind under each seed
UNITS = 32  # of the LSTM
# Outputs, features, the mark, the most steps of training, and the lengths.
TASKS = {
    "recall": (4, 8, 0.95, 400, (20, 40, 200)),
    "adding": (1, 2, 0.02, 800, (40, 200)),
}
CASES = [{"task": task} for task in TASKS]


def kinds(task, length):
    """Give the networks that compete: a dictionary from name to `Recurrence`."""
    from seqlib.ensembles import Recurrence

    gru, lstm = {"cell": "GRU", "rate": 0.01}, {"cell": "LSTM", "rate": 0.003 if task == "recall" else 0.01}
    return {
        "tanh": Recurrence(rate=0.003),
        "ReLU, identity": Recurrence(activation="relu", start="identity", rate=0.003),
        "GRU": Recurrence(**gru),
        "GRU, chrono": Recurrence(**gru, chrono=length),
        "LSTM": Recurrence(**lstm),
        "LSTM, chrono": Recurrence(**lstm, chrono=length),
    }


def sizes(task):
    """Give each cell's `(units, weights)`: as many weights as the LSTM's, as nearly as can be."""
    outputs, features = TASKS[task][:2]
    aim = weights("LSTM", UNITS, features, outputs)
    found = {}
    for cell in ("simple", "GRU", "LSTM"):
        units = min(range(UNITS, 4 * UNITS), key=lambda size: abs(weights(cell, size, features, outputs) - aim))
        found[cell] = units, weights(cell, units, features, outputs)
        if abs(found[cell][1] / aim - 1) > 0.03:
            raise RuntimeError(f"{cell}: {found[cell][1]} weights beside {aim}")
    return found


def weights(cell, units, features, outputs):
    """Count a network's weights, those of its answering layer among them, as Keras makes them."""
    parts, biases = {"simple": (1, 1), "GRU": (3, 2), "LSTM": (4, 1)}[cell]
    return parts * units * (features + units + biases) + (units + 1) * outputs


def measure(seed, task):
    """Climb from length to length; give a row for each length, kind and network."""
    import numpy as np

    from seqlib.datasets import memory
    from seqlib.ensembles import learn

    random = np.random.default_rng(seed)
    outputs, _, mark, steps, lengths = TASKS[task]
    stopped, rows = set(), []
    for length in lengths:

        def draw(number, length=length):
            tasks = {"recall": memory.delayed_recall, "adding": memory.adding}
            return tasks[task](number, length, seed=random)

        for cell, (units, number) in sizes(task).items():
            every = {name: kind for name, kind in kinds(task, length).items() if kind.cell == cell}
            names = [name for name in every if name not in stopped for _ in range(EACH)]
            if names:
                met, scores = learn([every[name] for name in names], draw, outputs, mark, steps, units)
            for name in every:
                places = [place for place, other in enumerate(names) if other == name]
                for network in range(EACH):
                    result = (met[places[network]], scores[places[network]]) if places else (np.nan, np.nan)
                    rows.append(row(length, name, units, number, network, int(bool(places)), *result))
                if places and np.isnan(met[places]).all():
                    stopped.add(name)
    return rows


def row(length, kind, units, weights, network, tried, steps, score):
    """Say how one network did: `steps` until it had learned, NaN where it has not."""
    return {
        "length": length,
        "kind": kind,
        "units": units,
        "weights": weights,
        "network": network,
        "tried": tried,
        "learned": int(steps == steps),
        "steps": float(steps),
        "score": float(score),
    }
