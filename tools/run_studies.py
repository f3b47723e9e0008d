"""Run the studies whose stored result is missing, or was made by other code.

    python tools/run_studies.py [--again] [NAME ...]
    python tools/run_studies.py --stale NAME "why the result still stands, though the code has changed"

Without names: all of studies/. `--again` measures anew what is fresh. Every case and seed is measured in a process of
its own: no model leaves anything behind for the next, and the order makes no difference. What is measured is kept at
once in .studies/, so that a run that was stopped goes on where it was, and becomes the result,
seqlib/evidence/NAME.csv, when all is there.
"""

import argparse
import csv
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import check_studies
import study_code
from check_studies import ROOT
from seqlib.evidence import results

MEASURE = Path(__file__).with_name("measure_study.py")
KEPT = ".studies"


class Failed(Exception):
    """A study could not be measured to its end."""


def run(name, root=ROOT):
    """Measure all of a study that is not kept from before, and store its result.

    Raises:
        Failed: where something cannot be measured, or the code changes meanwhile; what was measured is kept.
    """
    if "SEQLIB_SEED" in os.environ:
        got = os.environ["SEQLIB_SEED"]
        raise Failed(f"SEQLIB_SEED: expected it unset, since it overrules every seed of a study, got {got!r}")
    script = check_studies.script_of(name, root)
    code, plan = study_code.digest(script), _plan(name, script)
    # What other code, another machine or other versions have measured lies elsewhere and is not mixed in.
    key = hashlib.sha256(json.dumps([code, plan]).encode()).hexdigest()[:12]
    folder = root / KEPT / name / key
    folder.mkdir(parents=True, exist_ok=True)
    parts = _measure_all(name, script, code, plan, folder)
    seconds = round(sum(part["seconds"] for part in parts))
    heading = {"study": name, "code": code, "seeds": len(plan["seeds"]), "seconds": seconds, **plan["made_with"]}
    check_studies.write(check_studies.result_of(name, root), _text(heading, parts))
    shutil.rmtree(folder.parent)
    print(f"{name}: stored in seqlib/evidence/{name}.csv", flush=True)


def _plan(name, script):
    """Ask a study for its seeds and cases, and this machine for what measures them."""
    plan = _ask(name, script)
    seeds, cases = plan["seeds"], plan["cases"]
    if len(set(seeds)) < max(results.FEWEST, len(seeds)) or not all(isinstance(seed, int) for seed in seeds):
        raise Failed(f"{name}: SEEDS: expected at least {results.FEWEST} different whole numbers, got {seeds}")
    dictionaries = isinstance(cases, list) and cases and all(isinstance(case, dict) for case in cases)
    if not dictionaries or any(case.keys() != cases[0].keys() for case in cases):
        raise Failed(f"{name}: CASES: expected a list of dictionaries with the same keys, got {cases}")
    return plan


def _measure_all(name, script, code, plan, folder):
    """Measure what `folder` does not have yet, and keep it there; give all parts by case, then seed."""
    files = {
        (case, seed): folder / f"{case}-{seed}.json" for seed in plan["seeds"] for case in range(len(plan["cases"]))
    }
    parts = {place: json.loads(file.read_text(encoding="utf-8")) for place, file in files.items() if file.is_file()}
    print(f"{name}: {len(files)} to measure" + (f", {len(parts)} kept from before" if parts else ""), flush=True)
    for case, seed in [place for place in files if place not in parts]:
        what = ", ".join([name, *(f"{key} {value}" for key, value in plan["cases"][case].items()), f"seed {seed}"])
        part = _ask(what, script, case, seed)
        if study_code.digest(script) != code:
            raise Failed(f"{what}: the code has changed since the run began: begin again")
        if any(part["rows"][0].keys() != other["rows"][0].keys() for other in parts.values()):
            raise Failed(f"{what}: expected the same columns as in the other rows, got {', '.join(part['rows'][0])}")
        check_studies.write(files[case, seed], json.dumps(part))
        parts[case, seed] = part
        _report(what, part["seconds"], parts, len(files))
    return [parts[place] for place in sorted(parts)]


def _report(what, seconds, parts, total):
    left = sum(part["seconds"] for part in parts.values()) / len(parts) * (total - len(parts))
    left = f"{left:.0f} s" if left < 100 else f"{left / 60:.0f} min"
    print(f"  {len(parts)} of {total}: {what}: {seconds:.0f} s, about {left} left", flush=True)


def _ask(what, *arguments):
    """Start a process that measures; give its answer."""
    command = [sys.executable, str(MEASURE), *map(str, arguments)]
    process = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    if process.returncode:
        raise Failed(f"{what} failed, exit status {process.returncode}\n{process.stderr.strip()}")
    return json.loads(process.stdout.splitlines()[-1])


def _text(heading, parts):
    """Write a result as text: the heading, then the rows, numbers to 6 digits."""
    text = io.StringIO()
    text.writelines(f"# {key}: {value}\n" for key, value in heading.items())
    writer = csv.DictWriter(text, fieldnames=parts[0]["rows"][0], lineterminator="\n")
    writer.writeheader()
    for row in (row for part in parts for row in part["rows"]):
        writer.writerow({key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()})
    return text.getvalue()


def _due(name, again, root):
    """Say whether to run a study, and print why not."""
    if again or check_studies.problems(name, root):
        return True
    reason = results.heading(check_studies.result_of(name, root)).get("stale")
    print(f"{name}: stale, and stands: {reason}" if reason else f"{name}: fresh")
    return False


def main(arguments, root=ROOT):
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description="Run the studies whose result is missing, or was made by other code.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a study; all where none is named")
    parser.add_argument("--again", action="store_true", help="measure anew what is fresh")
    parser.add_argument("--stale", nargs=2, metavar=("NAME", "REASON"), help="say why a result still stands")
    options = parser.parse_args(arguments)
    if options.stale:
        try:
            return check_studies.mark_stale(*options.stale, root)
        except ValueError as error:
            parser.error(str(error))
    scripts = [name for name in check_studies.names(root) if check_studies.script_of(name, root).is_file()]
    unknown = [name for name in options.names if name not in scripts]
    if unknown:
        parser.error(f"NAME: expected among {', '.join(scripts)}, got {', '.join(unknown)}")
    try:
        for name in options.names or scripts:
            if _due(name, options.again, root):
                run(name, root)
    except (Failed, SyntaxError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. What is measured is kept: the same command goes on from there.")


if __name__ == "__main__":
    main(sys.argv[1:])
