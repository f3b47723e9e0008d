"""Which remedies let a net of 20 layers learn, and by how much each of its layers moves: for chapter 4.

One kind of net, on scikit-learn's 8x8 digits: 20 layers of 32 units, with other activations, sizes of first weights
and normalizations, and with skip connections. Each is trained for 10 passes by gradient descent, and three of them by
Adam too. A row for each has the accuracy on held-out images, and by how much the weights of the first and the last
layer have moved, as a share of their size.
"""

SEEDS = range(5)
DEPTH, WIDTH, EPOCHS = 20, 32, 10
# Activation, variance of the first weights times the width, normalization, skip connections.
NETS = {
    "sigmoid": ("sigmoid", 1, None, False),
    "tanh": ("tanh", 1, None, False),
    "ReLU": ("relu", 2, None, False),
    "ReLU, small weights": ("relu", 0.25, None, False),
    "sigmoid, batch normalization": ("sigmoid", 1, "batch", False),
    "ReLU, batch normalization": ("relu", 2, "batch", False),
    "sigmoid, layer normalization": ("sigmoid", 1, "layer", False),
    "ReLU, batch normalization, skips": ("relu", 2, "batch", True),
}
WITH_ADAM = ("sigmoid", "ReLU", "ReLU, small weights")


def measure(seed):
    """Train each net in two ways; give a row for each."""
    import keras

    rows = []
    for name, choices in NETS.items():
        net = deep_net(*choices)
        start = net.get_weights()
        optimizers = [keras.optimizers.SGD(0.1)] + [keras.optimizers.Adam(0.003)] * (name in WITH_ADAM)
        for optimizer in optimizers:
            net.set_weights(start)
            rows.append({"net": name, "optimizer": optimizer.name, **results(net, optimizer)})
    return rows


def deep_net(activation, scale, normalize, skip):
    """Build a net as the chapter does."""
    import keras
    from keras import layers

    def dense():
        # A new initializer each time: one and the same gives equal weights to every layer of a shape.
        return layers.Dense(WIDTH, kernel_initializer=keras.initializers.VarianceScaling(scale))

    inputs = keras.Input((64,))
    x = dense()(inputs)
    for _ in range(DEPTH):
        below = x
        x = dense()(x)
        if normalize == "batch":
            x = layers.BatchNormalization(momentum=0.9)(x)
        if normalize == "layer":
            x = layers.LayerNormalization()(x)
        x = layers.Activation(activation)(x)
        if skip:
            x = x + below
    return keras.Model(inputs, layers.Dense(10)(x))


def results(net, optimizer):
    """Train one net; give what the columns say."""
    import keras
    import numpy as np
    from sklearn.datasets import load_digits

    images, digits = load_digits(return_X_y=True)
    images = ((images - images.mean(axis=0)) / 16).astype("float32")
    order = np.random.default_rng(0).permutation(len(images))
    images, digits = images[order], digits[order]
    dense = [layer for layer in net.layers if isinstance(layer, keras.layers.Dense)]
    kernels = [dense[1].kernel, dense[-2].kernel]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    before = [keras.ops.convert_to_numpy(kernel) for kernel in kernels]
    net.compile(optimizer, loss=loss, jit_compile=False)  # many layers, few steps
    net.fit(images[:1400], digits[:1400], batch_size=32, epochs=EPOCHS, verbose=0)
    after = [keras.ops.convert_to_numpy(kernel) for kernel in kernels]
    moved = [np.linalg.norm(new - old) / np.linalg.norm(old) for new, old in zip(after, before, strict=True)]
    answers = keras.ops.convert_to_numpy(net(images[1400:])).argmax(axis=1)
    return {
        "accuracy": float(np.mean(answers == digits[1400:])),
        "moved_first": float(moved[0]),
        "moved_last": float(moved[1]),
    }
