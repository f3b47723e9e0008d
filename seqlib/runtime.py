"""Start a notebook: seeds, device, precision; and compile for whichever backend runs.

With `gradients` the only module that names a backend.
"""

import contextlib
import importlib.util
import operator
import os

BACKENDS = ("tensorflow", "jax", "torch")
PRECISIONS = ("auto", "float32", "mixed_bfloat16", "mixed_float16")


def start(seed=0, precision="auto"):
    """Make a run repeatable and say in one line what it runs on.

    Sets the seeds of Python, NumPy and the backend (`keras.utils.set_random_seed`), lets TensorFlow
    take GPU memory as it needs it, and sets Keras' precision. Call it before anything else uses Keras.

    Simplified: a seed makes runs repeat on one machine. Another processor, backend or version rounds
    differently, so trained results differ within the bands that the course states.

    Args:
        seed: whole number from 0 to 2**32 - 1. The environment variable `SEQLIB_SEED` overrules it, so
            that a whole notebook can be run under other seeds without editing it.
        precision: `"auto"` stores in float32 and lets a card multiply in the format that it is fast at
            (TensorFloat-32, where it has it); `"float32"` multiplies in full too; `"mixed_bfloat16"` and
            `"mixed_float16"` are Keras' mixed precision policies.

    Raises:
        ValueError: where `seed`, `SEQLIB_SEED` or `precision` is none of these.
        ModuleNotFoundError: where no backend of Keras is installed.

    Taught in chapter 2.
    """
    seed = _checked_seed(os.environ.get("SEQLIB_SEED", seed))
    if precision not in PRECISIONS:
        raise ValueError(f"precision: expected one of {', '.join(PRECISIONS)}, got {precision!r}")
    _choose_backend()
    with _quiet():
        import keras

        device = _prepare_device(keras.backend.backend())
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy("float32" if precision == "auto" else precision)
    _set_matmul(keras.backend.backend(), full=precision == "float32")
    print(f"Keras {keras.__version__} on {keras.backend.backend()}, {device}, seed {seed}, {precision} precision")


@contextlib.contextmanager
def exact():
    """Multiply matrices in full float32 inside a `with` block, so that equal formulas give equal numbers.

    GPUs and TPUs round the factors of a product to two or three decimal digits where they may
    (bfloat16, TensorFloat-32). That is fine for training, and too coarse to prove two formulas equal.
    On a CPU nothing changes.

    Taught in chapter 2.
    """
    import keras

    backend = keras.backend.backend()
    before = _set_matmul(backend, full=True)
    try:
        yield
    finally:
        _set_matmul(backend, full=before)


def compile_step(model):
    """Compile a Keras model's forward pass for calls in a loop, such as one step of decoding.

    `model.predict` does the same job for whole data sets; a loop of single steps would spend most of its
    time in the set-up of each call.

    Args:
        model: a built `keras.Model`.

    Returns:
        A function of the model's inputs that gives its outputs, as tensors of the backend, with the
        weights that the model has at the time of the call.

    Taught in chapter 2.
    """
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow

        return tensorflow.function(lambda inputs: model(inputs, training=False), reduce_retracing=True)
    if keras.backend.backend() == "jax":
        import jax

        # Weights are arguments: jit would freeze those that it finds in a closure.
        forward = jax.jit(lambda *arguments: model.stateless_call(*arguments, training=False)[0])
        return lambda inputs: forward(
            _values(model.trainable_variables), _values(model.non_trainable_variables), inputs
        )
    import torch

    return torch.no_grad()(lambda inputs: model(inputs, training=False))


def _values(variables):
    return [variable.value for variable in variables]


def _checked_seed(seed):
    try:
        number = int(seed) if isinstance(seed, str) else operator.index(seed)
    except (TypeError, ValueError):
        number = -1
    if not 0 <= number < 2**32:
        raise ValueError(f"seed: expected a whole number from 0 to 2**32 - 1, got {seed!r}")
    return number


def _choose_backend():
    """Leave the choice to Keras, except where it would fail: its default is not installed, another is."""
    installed = [name for name in BACKENDS if importlib.util.find_spec(name)]
    if not installed:
        raise ModuleNotFoundError(
            f"Keras needs a backend: expected one of {', '.join(BACKENDS)} to be installed, found none. "
            "`pip install tensorflow` adds the course's default."
        )
    if "tensorflow" not in installed:
        os.environ.setdefault("KERAS_BACKEND", installed[0])


@contextlib.contextmanager
def _quiet():
    """Drop what is written to the process's error stream: TensorFlow's notes on its own build, at import.

    No setting of TensorFlow's turns off the ones that it writes before its logger starts. Errors are
    exceptions and pass through.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    saved = os.dup(2)
    try:
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def _prepare_device(backend):
    """Name the device that will do the work, after asking TensorFlow not to take all of its memory."""
    if backend == "tensorflow":
        import tensorflow

        cards = tensorflow.config.list_physical_devices("GPU")
        for card in cards:
            # A second start in the same process finds the card in use: its memory growth is set already.
            with contextlib.suppress(RuntimeError):
                tensorflow.config.experimental.set_memory_growth(card, True)
        details = [tensorflow.config.experimental.get_device_details(card) for card in cards]
        names = [detail.get("device_name", "GPU") for detail in details]
    elif backend == "jax":
        import jax

        names = [device.device_kind for device in jax.devices() if device.platform != "cpu"]
    else:
        import torch

        names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return f"{len(names)} x {names[0]}" if names else f"CPU with {os.cpu_count()} cores"


def _set_matmul(backend, full):
    """Choose between full and fast float32 products; return whether they were full before."""
    if backend == "tensorflow":
        import tensorflow

        before = not tensorflow.config.experimental.tensor_float_32_execution_enabled()
        tensorflow.config.experimental.enable_tensor_float_32_execution(not full)
    elif backend == "jax":
        import jax

        before = jax.config.jax_default_matmul_precision == "highest"
        jax.config.update("jax_default_matmul_precision", "highest" if full else None)
    else:
        import torch

        before = torch.get_float32_matmul_precision() == "highest"
        torch.set_float32_matmul_precision("highest" if full else "high")
    return before
