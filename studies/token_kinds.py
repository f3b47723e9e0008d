"""What the choice of tokens costs: bytes, characters, pieces and words, in bits a character. For chapter 8.

The transformer of the study `language_model`, on the same text, with tokens of another kind. `bytes` are those of
UTF-8. `pieces` come from byte-pair encoding by the library tokenizers, learned on the training part, until there are
512 or 2,048 of them, the 256 bytes included. `words` are the 2,000 most frequent words of the training part; every
other word, and every sign, is spelled by its characters. Nothing is lost by any of them, so that bits a character
compare.

All read windows of 100 tokens, so that larger tokens see further, in batches with about 1,600 characters, and go
through the text `epochs` times with as many steps; the step size rises for a tenth of them to 0.01 and falls to zero. A
row an epoch: `validation`, the bits a character of the validation part, and at the last one, else NaN, `test`, those of
the test part, each window read from its start. `tokens` and `characters` are how many the test part has.
"""

import re

SEEDS = range(5)
CASES = [
    {"kind": kind, "size": size, "epochs": 2}
    for kind, size in (("bytes", 0), ("characters", 0), ("pieces", 512), ("pieces", 2048), ("words", 2000))
]
FEATURES, HEADS, HIDDEN, BLOCKS, RATE, WINDOW, CHARACTERS = 64, 4, 264, 2, 0.01, 100, 1600


def measure(seed, kind, size, epochs):
    """Train one model; give a row for each epoch."""
    import keras

    from seqlib import metrics, seq2seq, training
    from seqlib.datasets import python_docs

    documentation = python_docs.load()
    decode = documentation.vocabularies["characters"].decode
    texts = {part: decode(getattr(documentation, part)) for part in ("train", "validation", "test")}
    encode, vocabulary = tokenizer(kind, size, texts["train"])
    ids = {part: encode(text) for part, text in texts.items()}
    model, _, _ = seq2seq.decoder_only(vocabulary, FEATURES, HEADS, HIDDEN, BLOCKS, length=WINDOW, positions="rotary")
    inputs, targets = training.windows(ids["train"], WINDOW)
    rows = round(CHARACTERS / WINDOW * len(ids["train"]) / len(texts["train"]))
    steps = epochs * -(-len(inputs) // rows)
    rising = {"warmup_target": RATE, "warmup_steps": steps // 10}
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps - steps // 10, **rising)
    validation, test = (training.windows(ids[part], WINDOW) for part in ("validation", "test"))
    history = training.fit(
        model, inputs, targets, validation, epochs=epochs, batch_size=rows, learning_rate=rate, jit_compile=True
    )
    tokens_a_character = {part: len(ids[part]) / len(texts[part]) for part in ids}
    bits = metrics.bits(model.evaluate(*test, batch_size=rows, verbose=0)) * tokens_a_character["test"]
    return [
        {
            "vocabulary": vocabulary,
            "weights": model.count_params(),
            "tokens": len(ids["test"]),
            "characters": len(texts["test"]),
            "epoch": epoch,
            "validation": float(a_token * tokens_a_character["validation"]),
            "training_seconds": seconds,
            "test": float(bits) if epoch == epochs else float("nan"),
        }
        for epoch, (a_token, seconds) in enumerate(zip(history.validation, history.seconds, strict=True), start=1)
    ]


def tokenizer(kind, size, text):
    """Give a function from a text to its ids, and how many ids there are."""
    import numpy as np

    if kind == "bytes":
        return lambda text: np.frombuffer(text.encode(), dtype="uint8").astype("int32"), 256
    if kind == "pieces":
        pieces = byte_pairs(size, text)
        return lambda text: np.array(pieces.encode(text).ids, dtype="int32"), pieces.get_vocab_size()
    # Every character of the documentation, those of the test too, as in seqlib.datasets.python_docs.
    return spelled(text, size if kind == "words" else 0)


def byte_pairs(size, text):
    """Give a byte-pair tokenizer with `size` pieces, learned on a text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    pieces.train_from_iterator(
        [text], trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    )
    return pieces


def spelled(text, words):
    """Give a function that takes the most frequent words of a text whole and spells the others."""
    from collections import Counter

    import numpy as np

    from seqlib.datasets import python_docs

    frequent = Counter(re.findall(r"\w\w+", text)).most_common(words)
    known = [*python_docs.load().vocabularies["characters"].tokens, *(word for word, _ in frequent)]
    place = {token: i for i, token in enumerate(known)}

    def encode(text):
        words = re.findall(r"\w+|\W", text)
        return np.array([place[t] for word in words for t in ([word] if word in place else word)], dtype="int32")

    return encode, len(known)
