"""The helper package of the course: sequence models on Keras 3, written to be read.

Importing it costs nothing: Keras, plots, widgets and data are loaded when they are asked for.
"""

from seqlib.runtime import exact, start

__all__ = ["exact", "start"]
__version__ = "0.1.0"
