"""How long a sequence can be before its beginning is no longer learned: the horizon of chapter 4.

Ten kinds of recurrent network learn two tasks whose answer needs the beginning and is asked for at the end, at one
length after the other: delayed recall and the adding problem. A network has learned when over 100 steps in a row it is
right on 95 % of new sequences, or errs by less than 0.02 in the mean square (always answering 1 costs 1/6).

Each seed draws the sequences and trains two networks of every kind on them, all at once (`seqlib.ensembles`), so five
seeds give ten networks. Recall has 800 batches of 16 at most, adding 2,500. A kind is stopped at the first length at
which neither network learns, and not tried at the longer ones: those rows say `tried` 0.

The step sizes were chosen beforehand, under other seeds, among 0.001, 0.003 and 0.01, by which networks of the kind
learned, and how fast: recall at lengths of 20 and 80, adding at 20.
"""

SEEDS = range(5)
EACH = 2  # networks of a kind under each seed
# Outputs, the mark, the most steps of training, and the lengths.
TASKS = {"recall": (4, 0.95, 800, (5, 10, 20, 40, 80)), "adding": (1, 0.02, 2500, (10, 20, 40))}
CASES = [{"task": task} for task in TASKS]


def kinds():
    """Give the networks that compete: a dictionary from name to `Recurrence`."""
    from seqlib.ensembles import Recurrence

    return {
        "tanh, random": Recurrence(start="normal", rate=0.003),
        "tanh, orthogonal": Recurrence(rate=0.003),
        "tanh, orthogonal, not clipped": Recurrence(clip=None, rate=0.003),
        "tanh, identity": Recurrence(start="identity", rate=0.001),
        "tanh, layer normalization": Recurrence(normalized=True, rate=0.003),
        "sigmoid": Recurrence(activation="sigmoid", rate=0.01),
        "ReLU, random": Recurrence(activation="relu", start="normal", rate=0.001),
        "ReLU, identity": Recurrence(activation="relu", start="identity", rate=0.003),
        "GRU": Recurrence(cell="GRU", rate=0.01),
        "LSTM": Recurrence(cell="LSTM", rate=0.003),
    }


def measure(seed, task):
    """Climb from length to length; give a row for each length, kind and network."""
    import numpy as np

    from seqlib.datasets import memory
    from seqlib.ensembles import learn

    random = np.random.default_rng(seed)
    outputs, mark, steps, lengths = TASKS[task]
    stopped = set()
    rows = []
    for length in lengths:

        def draw(count, length=length):
            tasks = {"recall": memory.delayed_recall, "adding": memory.adding}
            return tasks[task](count, length, seed=random)

        tried = {name: kind for name, kind in kinds().items() if name not in stopped}
        for cell in ("simple", "GRU", "LSTM"):
            names = [name for name, kind in tried.items() if kind.cell == cell for _ in range(EACH)]
            if not names:
                continue
            met, scores = learn([tried[name] for name in names], draw, outputs, mark, steps)
            for network, name in enumerate(names):
                rows.append(row(length, name, network % EACH, 1, met[network], scores[network]))
            for name in set(names):
                learned = any(np.isfinite(met[place]) for place, other in enumerate(names) if other == name)
                if not learned:
                    stopped.add(name)
        for name in [name for name in kinds() if name not in tried]:
            rows += [row(length, name, network, 0, float("nan"), float("nan")) for network in range(EACH)]
    return rows


def row(length, kind, network, tried, steps, score):
    """Say how one network did: `steps` until it had learned, NaN where it has not."""
    learned = int(steps == steps)
    return {
        "length": length,
        "kind": kind,
        "network": network,
        "tried": tried,
        "learned": learned,
        "steps": float(steps),
        "score": float(score),
    }
