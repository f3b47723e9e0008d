"""Tiny Shakespeare: a million characters of plays, the text of many first language models."""

from seqlib.datasets import Dataset, download
from seqlib.text import Vocabulary

NAME = "tinyshakespeare.txt"
ADDRESS = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
CHECKSUM = "sha256:86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


def load(quiet=False):
    """Load parts of Shakespeare's plays as character ids.

    The text is split in its own order, as `seqlib.datasets.python_docs` is: the last tenth is the test, the twentieth
    before it validation, the rest training. The vocabulary is that of the whole text, 65 characters, so that every
    character of the test can be scored. (Others hold out the last tenth for validation and have no test.)

    Args:
        quiet: whether to leave out the progress of the download, 1.1 MB.

    Returns:
        `seqlib.datasets.Dataset` whose parts are arrays of int32, `(characters,)`, and whose vocabulary is
        `vocabularies["characters"]`.

    Raises:
        seqlib.datasets.download.DownloadError: where the file cannot be had; `seqlib.datasets.python_docs` needs no
            network.

    Source: the file of char-rnn (Karpathy, 2015), text in the public domain. A real text for the models of chapter 2.
    """
    path = download.fetch(NAME, ADDRESS, CHECKSUM, instead="seqlib.datasets.python_docs", quiet=quiet)
    text = path.read_bytes().decode("utf-8")
    vocabulary = Vocabulary.from_text(text)
    ids = vocabulary.encode(text)
    test, validation = len(ids) * 18 // 20, len(ids) * 17 // 20
    return Dataset(
        name="Tiny Shakespeare",
        source="github.com/karpathy/char-rnn, text in the public domain",
        train=ids[:validation],
        validation=ids[validation:test],
        test=ids[test:],
        vocabularies={"characters": vocabulary},
        unit="characters",
    )
