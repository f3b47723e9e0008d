"""Check that every study has a stored result, and every stored result its script and the code that made it."""

import os
from pathlib import Path

import study_code
from seqlib.evidence import results

ROOT = Path(__file__).resolve().parent.parent
PROVENANCE = ("study", "code", "seeds", "seconds", "machine", "Python", "NumPy", "Keras", "backend")


def names(root=ROOT):
    """List the studies: the name of every script and of every stored result."""
    files = [*(root / "studies").glob("*.py"), *(root / "seqlib" / "evidence").glob("*.csv")]
    return sorted({file.stem for file in files})


def script_of(name, root=ROOT):
    """Give the path of a study's script."""
    return root / "studies" / f"{name}.py"


def result_of(name, root=ROOT):
    """Give the path of a study's stored result."""
    return root / "seqlib" / "evidence" / f"{name}.csv"


def problems(name, root=ROOT):
    """List why the stored result of a study cannot stand as it is, and what to do."""
    script, result = script_of(name, root), result_of(name, root)
    if not script.is_file():
        return [f"{name}: expected its script, studies/{name}.py: write it, or delete seqlib/evidence/{name}.csv"]
    again = f"run `python tools/run_studies.py {name}`"
    if not result.is_file():
        return [f"{name}: expected its result, seqlib/evidence/{name}.csv: {again}"]
    heading, table = results.heading(result), results.table(result)
    missing = [key for key in PROVENANCE if key not in heading]
    if missing or heading["study"] != name:
        wanted = f"lines such as `# study: {name}` above its rows"
        return [f"{name}: expected {wanted}, missing or wrong: {', '.join(missing) or 'study'}: {again}"]
    return [f"{name}: {problem}" for problem in (*_seeds(heading, table, again), *_code(name, script, heading, again))]


def mark_stale(name, reason, root=ROOT):
    """Say in a stored result that it stands though the code is not what it was; it holds until the next change.

    Raises:
        ValueError: where there is no such result, no reason, or the code is what it was.
    """
    script, result = script_of(name, root), result_of(name, root)
    if not script.is_file() or not result.is_file():
        raise ValueError(f"NAME: expected a study with a stored result, got {name!r}")
    if not reason.strip() or not reason.isprintable():
        raise ValueError(f"REASON: expected a line that says why the result still stands, got {reason!r}")
    code = study_code.digest(script)
    if code == results.heading(result).get("code"):
        raise ValueError(f"NAME: expected a study whose code has changed, and that of {name} has not")
    lines = result.read_text(encoding="utf-8").splitlines(keepends=True)
    heading = [line for line in lines if line.startswith("#") and not line.startswith("# stale")]
    heading += [f"# stale: {reason.strip()}\n", f"# stale_code: {code}\n"]
    write(result, "".join(heading + [line for line in lines if not line.startswith("#")]))


def write(path, text):
    """Write a file as a whole or not at all."""
    data, half = text.encode("utf-8"), path.with_name(f".{path.name}.new")
    half.write_bytes(data)
    os.replace(half, path)


def _seeds(heading, table, again):
    seeds = len(set(table.get("seed", [])))
    if str(seeds) != heading["seeds"] or seeds < results.FEWEST:
        said = f"{heading['seeds']} seeds in its rows, as its heading says, and at least {results.FEWEST}"
        yield f"expected {said}, got {seeds}: {again}"


def _code(name, script, heading, again):
    code = study_code.digest(script)
    if code not in (heading["code"], "stale" in heading and heading.get("stale_code")):
        mark = f'where the change cannot move its numbers `python tools/run_studies.py --stale {name} "why"`'
        yield f"expected the code that made its result, {heading['code']}, got {code}: {again}, or {mark}"
