"""Training that teaches nothing: for the test that every claim which rests on training then fails."""

import copy
import inspect

import setup_cell


def switch_off():
    """Let no optimizer of Keras move a weight, in `fit` or in a loop written by hand, on any backend.

    Optimizers still build their variables and count their steps. Where no weight moves, two batches show what all
    would: `fit` takes no more of its arrays, and ends soon. Whole in itself, since notebooks get its source.
    """
    import functools

    import keras

    def apply(self, grads, trainable_variables=None):
        if not self.built:
            self.build(list(trainable_variables))
        self._iterations.assign_add(1)

    keras.optimizers.Optimizer.apply = apply
    # With `use_ema`, `fit` ends by putting averages in the place of the weights: averages of nothing, here.
    keras.optimizers.Optimizer.finalize_variable_values = lambda self, var_list: None
    whole_fit = keras.Model.fit

    @functools.wraps(whole_fit)
    def fit(self, x=None, y=None, batch_size=None, *arguments, validation_data=None, **options):
        rows = 2 * (batch_size or 32)
        x, y, validation_data = keras.tree.map_structure(
            lambda part: part[:rows] if hasattr(part, "shape") else part, (x, y, validation_data)
        )
        return whole_fit(self, x, y, batch_size, *arguments, validation_data=validation_data, **options)

    keras.Model.fit = fit


def without_learning(notebook, name):
    """Give a copy of a notebook whose setup cell also switches learning off, so that all cells keep their numbers.

    Args:
        notebook: as `nbformat.read` gives it.
        name: what a message calls it.

    Raises:
        ValueError: where the notebook has not one setup cell.
    """
    changed = copy.deepcopy(notebook)
    cells = [cell for cell in changed.cells if setup_cell.is_setup(cell)]
    if len(cells) != 1:
        raise ValueError(f"{name}: expected one cell tagged {setup_cell.TAG!r}, got {len(cells)}")
    cells[0].source += f"\n\n\n{inspect.getsource(switch_off)}\n\nswitch_off()"
    return changed
