"""Without learning no optimizer moves a weight, on any backend, in any loop; with it each of these loops does."""

import keras
import nbformat
import numpy as np
import pytest
from keras import ops

import no_learning
import setup_cell

STEPS = 4
OPTIMIZERS = {
    "SGD": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "Adam": lambda: keras.optimizers.Adam(0.1, clipnorm=1.0),
    "AdamW": lambda: keras.optimizers.AdamW(0.1, weight_decay=0.1),
    "averages at the end": lambda: keras.optimizers.Adam(0.1, use_ema=True),
    "averages on the way": lambda: keras.optimizers.Adam(0.1, use_ema=True, ema_overwrite_frequency=2),
    "accumulated": lambda: keras.optimizers.RMSprop(0.1, gradient_accumulation_steps=2),
    "schedule": lambda: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 100)),
}


@pytest.fixture
def put_back(monkeypatch):
    monkeypatch.setattr(keras.Model, "fit", keras.Model.fit)
    for name in ("apply", "finalize_variable_values"):
        monkeypatch.setattr(keras.optimizers.Optimizer, name, getattr(keras.optimizers.Optimizer, name))


@pytest.fixture
def learning_off(put_back):
    no_learning.switch_off()


def build():
    constraint = keras.constraints.UnitNorm()
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, kernel_constraint=constraint)])


def fit(model, optimizer):
    inputs = np.random.default_rng(0).normal(size=(2 * STEPS, 3)).astype("float32")
    model.compile(optimizer, "mse")
    model.fit(inputs, inputs[:, :2], batch_size=2, verbose=0)


def by_hand(model, optimizer):
    for step in range(STEPS):
        optimizer.apply(gradients(model), model.trainable_variables if step % 2 == 0 else None)


def in_pairs(model, optimizer):
    for _ in range(STEPS):
        optimizer.apply_gradients(zip(gradients(model), model.trainable_variables, strict=True))


def stateless(model, optimizer):
    optimizer.build(model.trainable_variables)
    weights = [variable.value for variable in model.trainable_variables]
    state = [variable.value for variable in optimizer.variables]
    for _ in range(STEPS):
        weights, state = optimizer.stateless_apply(state, gradients(model), weights)
    for variables, values in ((model.trainable_variables, weights), (optimizer.variables, state)):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def gradients(model):
    return [ops.ones(variable.shape) for variable in model.trainable_variables]


LOOPS = [fit, by_hand, in_pairs]
if keras.backend.backend() == "jax":
    LOOPS.append(stateless)
loops = pytest.mark.parametrize("loop", LOOPS)
optimizers = pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)


def moved(model, loop, optimizer):
    before = model.get_weights()
    loop(model, optimizer)
    return [bool((old != new).any()) for old, new in zip(before, model.get_weights(), strict=True)]


@loops
@optimizers
def test_without_learning_nothing_moves_and_steps_are_counted(loop, optimizer, learning_off):
    optimizer = optimizer()
    assert moved(build(), loop, optimizer) == [False, False]
    steps = (2 if loop is fit else STEPS) // (getattr(optimizer, "gradient_accumulation_steps", None) or 1)
    assert optimizer.built and int(optimizer.iterations) == steps


@loops
@optimizers
def test_with_learning_everything_moves(loop, optimizer):
    assert moved(build(), loop, optimizer()) == [True, True]


def test_without_learning_fit_takes_two_batches_of_whatever_holds_rows(learning_off):
    """Every epoch is still gone through, and a validation is still scored."""
    rows = np.ones((50, 3), "float32")
    model = build()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    for x in (rows, ops.convert_to_tensor(rows)):
        history = model.fit(x, rows[:, :2], 5, epochs=3, validation_data=(x, rows[:, :2]), verbose=0)
        assert history.params["steps"] == 2 and len(history.history["val_loss"]) == 3


def test_without_learning_fit_takes_other_data_whole(learning_off):
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 7

        def __getitem__(self, index):
            return np.ones((2, 3), "float32"), np.ones((2, 2), "float32")

    model = build()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    assert model.fit(Batches(), verbose=0).params["steps"] == 7


def test_an_optimizer_inside_another(put_back):
    """In `fit` alone: on JAX Keras cannot run this one in a loop written by hand."""
    for learning in (True, False):
        optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=2.0)
        assert moved(build(), fit, optimizer) == [learning, learning]
        no_learning.switch_off()


def test_the_setup_cell_switches_it_off_in_a_copy(put_back):
    cells = [nbformat.v4.new_code_cell(setup_cell.SOURCE, metadata={"tags": ["setup"]}), nbformat.v4.new_code_cell("1")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    setup, other = no_learning.without_learning(notebook, "x.ipynb").cells
    assert [cell.source for cell in notebook.cells] == [setup_cell.SOURCE, "1"] and other.source == "1"
    exec(setup.source.removeprefix(setup_cell.SOURCE), {})
    assert moved(build(), fit, keras.optimizers.SGD(0.1)) == [False, False]


@pytest.mark.parametrize("setups", [0, 2])
def test_one_setup_cell_is_needed(setups):
    cells = [nbformat.v4.new_code_cell("", metadata={"tags": ["setup"]}) for _ in range(setups)]
    with pytest.raises(ValueError, match=f"x.ipynb: expected one cell tagged 'setup', got {setups}"):
        no_learning.without_learning(nbformat.v4.new_notebook(cells=cells), "x.ipynb")
