"""Training that teaches nothing: for the test that every claim which rests on training then fails."""

import copy
import inspect

import setup_cell


def switch_off():
    """Let no optimizer of Keras move a weight, in `fit` or in a loop written by hand, on any backend.

    Optimizers still build their variables and count their steps. Whole in itself, since notebooks get its source.
    """
    import keras

    def apply(self, grads, trainable_variables=None):
        if not self.built:
            self.build(list(trainable_variables))
        self._iterations.assign_add(1)

    keras.optimizers.Optimizer.apply = apply
    # With `use_ema`, `fit` ends by putting averages in the place of the weights: averages of nothing, here.
    keras.optimizers.Optimizer.finalize_variable_values = lambda self, var_list: None


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
