"""Run a whole notebook under other seeds, and show which of its claims hold under each.

    python tools/test_seeds.py notebook [--seeds 1 2 3 4 5]

Exits 1 where a claim does not hold, or another cell fails, under one of the seeds.
"""

import argparse
import sys
from pathlib import Path

import claim_runs
from claim_runs import HELD
from kernels import CellFailed

SEEDS = [1, 2, 3, 4, 5]


def table(runs):
    """Lay out what became of each claim under each seed.

    Args:
        runs: dictionary from a seed to `(outcomes, failures)`, as `claim_runs.run` gives them.

    Returns:
        Lines: a row for each claim and a column for each seed; then each claim's figures; then what else failed.
    """
    ids = list(next(iter(runs.values()))[0])
    wide = max(map(len, ids))
    lines = [f"{'':{wide}}" + "".join(f"  {f'seed {seed}':10}" for seed in runs)]
    lines += [f"{id:{wide}}" + "".join(f"  {outcomes[id].state:10}" for outcomes, _ in runs.values()) for id in ids]
    for id in ids:
        lines += ["", id]
        lines += [f"  seed {seed}: {outcomes[id].state}: {outcomes[id].text}" for seed, (outcomes, _) in runs.items()]
    others = [(seed, failure) for seed, (_, failures) in runs.items() for failure in failures]
    lines += ["", "Other cells that failed"] if others else []
    lines += [f"  seed {seed}: cell {other.cell}: {other.name}: {other.message}" for seed, other in others]
    return [line.rstrip() for line in lines]


def robust(runs):
    """Say whether every claim held, and no cell failed, under every seed."""
    return all(
        not failures and all(outcome.state == HELD for outcome in outcomes.values())
        for outcomes, failures in runs.values()
    )


def main(arguments):
    """Run the notebook under each seed, one after another; exit 1 where it does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--seeds", nargs="+", type=_seed, default=SEEDS)
    options = parser.parse_args(arguments)
    try:
        runs = {seed: claim_runs.run(options.notebook, seed=seed) for seed in options.seeds}
    except (CellFailed, ValueError) as error:
        sys.exit(str(error))
    print("\n".join(table(runs)))
    sys.exit(0 if robust(runs) else 1)


def _seed(text):
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"expected whole numbers from 0 to 2**32 - 1, got {text!r}")
    return int(text)


if __name__ == "__main__":
    main(sys.argv[1:])
