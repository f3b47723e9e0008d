"""Build the site into _build/html: fetch what its pages load, run the notebooks that changed, build.

    python tools/build_book.py

A warning counts as an error.
"""

import shutil
import subprocess
import sys
import time

import execute_notebooks
import toc
import vendor_assets

BUILD = toc.ROOT / "_build"
SITE = BUILD / "html"


def build():
    """Build the site; give the exit status of Jupyter Book."""
    vendor_assets.vendor()
    if execute_notebooks.execute(toc.ROOT):
        # Sphinx compares the notebooks' files, and would not see that what they print is new.
        shutil.rmtree(BUILD / ".doctrees", ignore_errors=True)
    print("Building the pages", flush=True)
    run = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", run, "build", str(toc.ROOT), "-W", "--keep-going", "--quiet"]
    return subprocess.run(command, stdout=subprocess.DEVNULL).returncode


def main():
    """Build and say where the site is."""
    start = time.monotonic()
    try:
        status = build()
    except (execute_notebooks.CellFailed, OSError, RuntimeError) as error:
        sys.exit(f"The book was not built. {error}")
    except KeyboardInterrupt:
        sys.exit("Stopped")
    if status:
        sys.exit("The book was not built: the lines with WARNING or ERROR above say why.")
    print(f"The site is in {SITE} ({time.monotonic() - start:.0f} s). `make serve` shows it.")


if __name__ == "__main__":
    main()
