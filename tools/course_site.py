"""Sphinx extension of the book, mostly for what depends on whether the repository's address is set.

Unset: no Colab button (the theme's would lead nowhere). Set: the notebooks that the pages offer for download
know where to install seqlib from, as those that the Colab button opens do.
"""

import hashlib
import subprocess
from pathlib import Path

import nbformat
from sphinx.errors import ExtensionError

import publish_notebooks
import toc
import vendor_assets
from seqlib import runtime
from set_address import address


def drop_buttons(app, config):
    """Offer no Colab button while no address is set, nor for a host other than GitHub, which Colab cannot open."""
    if not address().startswith("https://github.com/"):
        config.html_theme_options.pop("launch_buttons", None)
        # The theme refuses a host that it does not know.
        config.html_theme_options.pop("repository_url", None)


def fill_downloads(app, exception):
    """Write the address, with the commit of this build, into the notebooks offered for download."""
    url = address()
    if exception or not url or app.builder.name != "html":
        return
    source = Path(app.srcdir)
    commit = _commit(source)
    for path in toc.notebooks(source):
        notebook = publish_notebooks.filled(path, url, commit, source)
        nbformat.write(notebook, Path(app.outdir) / "_sources" / path)


def import_keras(app, docname, source):
    """Import Keras for the API reference before autodoc does: TensorFlow's notes on its build are no warnings."""
    if docname == "book/api":
        with runtime._quiet():
            import keras  # noqa: F401


def _commit(folder):
    result = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True)
    if result.returncode:
        raise ExtensionError(f"expected {folder} to be a git clone with a commit, got: {result.stderr.strip()}")
    return result.stdout.strip()


def _look(folder):
    """Give a hash of the files that every page loads from `folder`; what npm brought stands there by its stamp."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("*")) + [vendor_assets.VENDOR / vendor_assets.STAMP]:
        if path.is_file():
            total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()


def setup(app):
    """Connect to Sphinx."""
    # Sphinx copies such files only when it writes pages: a value of this kind makes it write them.
    app.add_config_value("course_look", _look(Path(app.srcdir) / "book" / "_static"), "html", [str])
    # Before the theme reads its options, which it does at the usual priority.
    app.connect("config-inited", drop_buttons, priority=100)
    app.connect("source-read", import_keras)
    app.connect("build-finished", fill_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
