"""Multi30k: 31,014 captions of photographs in English, German and French, the small benchmark of translation."""

import gzip

from seqlib.datasets import download, sentence_pairs

LANGUAGES = ("de", "fr")
PARTS = {"train": "train", "validation": "val", "test": "test_2016_flickr"}
ADDRESS = "https://raw.githubusercontent.com/multi30k/dataset/a3d2e0d26b56f3846f66a952536ffed4e401d05a/data/task1/raw/"
CHECKSUMS = {
    "train.en.gz": "sha256:d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
    "train.de.gz": "sha256:726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6",
    "train.fr.gz": "sha256:622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c",
    "val.en.gz": "sha256:14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
    "val.de.gz": "sha256:f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a",
    "val.fr.gz": "sha256:ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9",
    "test_2016_flickr.en.gz": "sha256:611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
    "test_2016_flickr.de.gz": "sha256:9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8",
    "test_2016_flickr.fr.gz": "sha256:6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90",
}


def load(language="de", by="words", min_count=2, quiet=False, size=4000):
    """Load English captions with their German or French translations, in the parts that published figures use.

    29,000 pairs train, 1,014 validate, and the 1,000 of 2016 test. Vocabularies hold what stands at least
    `min_count` times in the training part, all else is `<unk>`: at 2, of the words of the test, 1.7 % in English and
    in French, and 3.6 % in German with its compounds.

    Figures in papers are on the sentences themselves: compare with `sentences`, not with their tokens.

    Args:
        language: `"de"` German or `"fr"` French.
        by: `"words"`, `"characters"` or `"pieces"`, as in `seqlib.datasets.sentence_pairs.encode`.
        min_count: how often a token has to stand in the training part.
        quiet: whether to leave out the progress of the download, 1.3 MB.
        size: how many pieces, as in `seqlib.datasets.sentence_pairs.encode`.

    Returns:
        `seqlib.datasets.Dataset` whose parts are tuples, as `seqlib.datasets.sentence_pairs.encode` makes them:

        - sources, `(rows, source time)` of int32, English, padded with 0;
        - targets, `(rows, target time)` of int32: `<start>`, the tokens of the other language, `<end>`, padded with 0.

    Raises:
        ValueError: where `language`, `by`, `min_count` or `size` is none of these.
        seqlib.datasets.download.DownloadError: where a file cannot be had; `seqlib.datasets.numbers` needs no network.

    Source: Elliott and others, 2016, Multi30K: Multilingual English-German image descriptions, doi
    10.18653/v1/W16-3210; French: Elliott and others, 2017, Findings of the second shared task on multimodal machine
    translation and multilingual image description. Taught in chapter 7.
    """
    sentence_pairs.check_tokens(by, min_count, size)
    return sentence_pairs.encode(
        f"Multi30k, English to {language} by {by}",
        "github.com/multi30k/dataset, task 1 (Elliott et al. 2016, 2017)",
        sentences(language, quiet),
        by,
        min_count,
        size,
    )


def sentences(language="de", quiet=False):
    """Give the sentences themselves, to judge translations by.

    Args:
        language, quiet: as in `load`.

    Returns:
        Dictionary from `"train"`, `"validation"` and `"test"` to lists of pairs of strings, English first.

    Raises:
        ValueError, seqlib.datasets.download.DownloadError: as `load`.

    Taught in chapter 7.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language: expected one of {', '.join(LANGUAGES)}, got {language!r}")
    return {
        part: list(zip(_lines(f"{file}.en.gz", quiet), _lines(f"{file}.{language}.gz", quiet), strict=True))
        for part, file in PARTS.items()
    }


def _lines(file, quiet):
    path = download.fetch(
        f"multi30k/{file}", ADDRESS + file, CHECKSUMS[file], instead="seqlib.datasets.numbers", quiet=quiet
    )
    # Some captions hold other characters that `splitlines` takes for the end of a line.
    return gzip.decompress(path.read_bytes()).decode("utf-8").removesuffix("\n").split("\n")
