"""Downloads: once, checked, whole or not at all, and an error that says what came and what needs no network."""

import ast
import errno
import hashlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pooch
import pytest

from seqlib.datasets import download

CONTENT = b"ein Hund\nzwei Hunde\n" * 5000
CHECKSUM = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
NAME, ORIGINAL = "corpus/train.txt", "https://example.org/elsewhere/train.txt"
PAGE = b"\n<!DOCTYPE html><html><body>Please log in to the network</body></html>"


def fetch(name=NAME, address=ORIGINAL, checksum=CHECKSUM, **rest):
    return download.fetch(name, address, checksum, "seqlib.datasets.numbers", **{"quiet": True, **rest})


def left_in(cache):
    """What lies in the cache besides its folders of corpora, temporary folders included."""
    return sorted(path.name for path in cache.rglob("*") if path != cache / "corpus")


def broken_off(handler):
    handler.head(len(CONTENT))
    handler.wfile.write(CONTENT[: len(CONTENT) // 2])


def test_a_file_is_downloaded_once_and_then_taken_from_the_cache(cache, server):
    server.files[NAME] = CONTENT
    path = fetch()
    assert path == cache / "corpus" / "train.txt" and path.read_bytes() == CONTENT
    server.files.clear()
    assert fetch() == path
    assert server.asked == ["/" + NAME]
    assert left_in(cache) == ["train.txt"]


def test_without_a_mirror_the_original_address_is_asked(cache, server, monkeypatch):
    monkeypatch.delenv("SEQLIB_MIRROR")
    server.files["elsewhere.txt"] = CONTENT
    fetch(address=server.address + "/elsewhere.txt")
    assert server.asked == ["/elsewhere.txt"]


@pytest.mark.parametrize(
    ("answer", "came", "tries"),
    [
        (404, "HTTP 404 Not Found", 1),
        (503, "HTTP 503 Service Unavailable", 3),
        (broken_off, "a connection that broke off before the end of the file", 3),
        (CONTENT[:-1], f"{len(CONTENT) - 1:,} bytes with sha256:{hashlib.sha256(CONTENT[:-1]).hexdigest()}", 3),
        (b"", f"0 bytes with sha256:{hashlib.sha256(b'').hexdigest()}", 3),
        (PAGE, f"a web page of {len(PAGE)} bytes", 3),
    ],
)
def test_what_goes_wrong_is_said_and_leaves_nothing(cache, server, answer, came, tries):
    server.files[NAME] = answer
    with pytest.raises(download.DownloadError) as error:
        fetch()
    message = str(error.value)
    assert message.startswith(f"{NAME}: expected a file with {CHECKSUM}, got {came}")
    assert f"{server.address}/{NAME}" in message
    assert "seqlib.datasets.numbers.load()" in message
    assert len(server.asked) == tries
    assert left_in(cache) == []
    server.files[NAME] = CONTENT
    assert fetch().read_bytes() == CONTENT


@pytest.mark.parametrize("answer", [503, broken_off, PAGE, CONTENT[:-1]])
def test_what_goes_wrong_once_is_tried_again(cache, server, answer):
    server.files[NAME] = [answer, CONTENT]
    assert fetch().read_bytes() == CONTENT
    assert len(server.asked) == 2 and left_in(cache) == ["train.txt"]


def test_no_network(cache, server, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        monkeypatch.setenv("SEQLIB_MIRROR", f"http://127.0.0.1:{taken.getsockname()[1]}/")
        with pytest.raises(
            download.DownloadError, match=r"(?s)got no connection to the server\n.*seqlib\.datasets\.num"
        ):
            fetch()
    assert left_in(cache) == []
    monkeypatch.setenv("SEQLIB_MIRROR", server.address)
    server.files[NAME] = CONTENT
    assert fetch().read_bytes() == CONTENT


def test_a_server_that_does_not_answer(cache, server, monkeypatch):
    release = threading.Event()
    server.files[NAME] = lambda handler: release.wait(20)
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    begun = time.monotonic()
    with pytest.raises(download.DownloadError, match="got no answer within 0.2 seconds"):
        fetch()
    release.set()
    assert time.monotonic() - begun < 4
    assert left_in(cache) == []


def test_a_full_disk(cache, server, monkeypatch):
    server.files[NAME] = CONTENT

    class Full:
        """A file that takes the first bytes, and then there is no room."""

        def __init__(self, *name_and_mode):
            self.file = open(*name_and_mode)
            self.close = self.file.close

        def write(self, data):
            self.file.write(data[:100])
            self.file.flush()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("pooch.downloaders.open", Full, raising=False)
        with pytest.raises(download.DownloadError, match=f"got an error in writing it: {os.strerror(errno.ENOSPC)}"):
            fetch()
    assert len(server.asked) == 1 and left_in(cache) == []
    assert fetch().read_bytes() == CONTENT


def test_a_cache_that_cannot_be_made(cache, server):
    cache.write_text("a file where the folder should be")
    with pytest.raises(download.DownloadError, match="got an error in writing it: .*SEQLIB_CACHE"):
        fetch()


def running():
    """Start another Python that fetches the file and prints its length."""
    given = ", ".join(map(repr, (NAME, ORIGINAL, CHECKSUM, "seqlib.datasets.numbers")))
    code = f"from seqlib.datasets import download\nprint(len(download.fetch({given}, quiet=True).read_bytes()))"
    command, pipe = [sys.executable, "-c", code], subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=Path(__file__).parents[2])


def test_two_processes_at_once(cache, server):
    both = threading.Barrier(2)

    def half_and_half(handler):
        handler.head(len(CONTENT))
        handler.wfile.write(CONTENT[:1000])
        both.wait(60)  # until the other process is in the middle of the file, too
        handler.wfile.write(CONTENT[1000:])

    server.files[NAME] = half_and_half
    processes = [running(), running()]
    printed = [process.communicate(timeout=60) for process in processes]
    assert printed == [(f"{len(CONTENT)}\n", "")] * 2
    assert len(server.asked) == 2 and left_in(cache) == ["train.txt"]
    assert fetch().read_bytes() == CONTENT


def test_a_killed_process_leaves_no_file_of_that_name(cache, server):
    begun, release = threading.Event(), threading.Event()

    def slow(handler):
        handler.head(len(CONTENT))
        handler.wfile.write(CONTENT[:70_000])
        begun.set()
        release.wait(60)

    server.files[NAME] = slow
    process = running()
    assert begun.wait(60)
    process.kill()
    process.communicate(timeout=60)
    release.set()
    assert process.returncode in (-getattr(signal, "SIGKILL", 9), 1)
    assert not (cache / NAME).exists()
    server.files[NAME] = CONTENT
    assert fetch().read_bytes() == CONTENT


@pytest.mark.parametrize("taken_by", [CONTENT, CONTENT[:-1], None])
def test_where_an_open_file_cannot_be_replaced_an_equal_one_will_do(cache, server, monkeypatch, taken_by):
    """As on Windows, where another process has just put its copy there and reads it."""
    server.files[NAME] = CONTENT

    def refuse(new, path):
        if taken_by is not None:
            Path(path).write_bytes(taken_by)
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(download.os, "replace", refuse)
    if taken_by == CONTENT:
        assert fetch().read_bytes() == CONTENT
    else:
        with pytest.raises(download.DownloadError, match="got an error in writing it"):
            fetch()


def test_a_damaged_file_in_the_cache_is_replaced(cache, server):
    server.files[NAME] = CONTENT
    path = fetch()
    path.write_bytes(CONTENT[:-1] + b"!")
    assert fetch().read_bytes() == CONTENT
    assert len(server.asked) == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_shared_cache_can_be_read_by_others(cache, server):
    server.files[NAME] = CONTENT
    assert fetch().stat().st_mode & 0o777 == 0o644


def test_other_kinds_of_checksum(cache, server):
    server.files[NAME] = CONTENT
    checksum = "md5:" + hashlib.md5(CONTENT).hexdigest()
    assert fetch(checksum=checksum).read_bytes() == CONTENT
    with pytest.raises(download.DownloadError, match="expected a file with sha1:0000, got .* with sha1:[0-9a-f]{40}"):
        fetch(checksum="sha1:0000")


def test_with_no_checksum_published_the_first_one_is_recorded_and_holds(cache, server, capsys):
    server.files[NAME] = CONTENT
    path = fetch(checksum=None, size=len(CONTENT), quiet=False)
    record = cache / "corpus" / "train.txt.sha256"
    assert record.read_text().strip() == CHECKSUM
    assert f"recorded {CHECKSUM} in {record}" in capsys.readouterr().err
    server.files[NAME] = CONTENT.swapcase()
    assert fetch(checksum=None, size=len(CONTENT)) == path and len(server.asked) == 1
    path.write_bytes(CONTENT.swapcase())  # the cache is held to the record, and so is what comes next
    with pytest.raises(download.DownloadError, match="recorded at the first download.*delete .*train.txt.sha256"):
        fetch(checksum=None, size=len(CONTENT))
    record.unlink()
    path.unlink()
    assert fetch(checksum=None, size=len(CONTENT)).read_bytes() == CONTENT.swapcase()


@pytest.mark.parametrize("answer", [PAGE, CONTENT[:-1], broken_off, 404])
def test_with_no_checksum_nothing_wrong_is_recorded(cache, server, answer):
    server.files[NAME] = answer
    with pytest.raises(download.DownloadError, match=f"expected a file of {len(CONTENT):,} bytes, got "):
        fetch(checksum=None, size=len(CONTENT))
    assert left_in(cache) == []
    cache.joinpath(NAME).write_bytes(CONTENT[:-1])
    server.files[NAME] = CONTENT
    assert fetch(checksum=None, size=len(CONTENT)).read_bytes() == CONTENT


def test_with_neither_checksum_nor_length_a_web_page_is_still_refused(cache, server):
    server.files[NAME] = PAGE
    with pytest.raises(download.DownloadError, match="expected a file, got a web page of"):
        fetch(checksum=None)
    assert left_in(cache) == []
    server.files[NAME] = broken_off
    with pytest.raises(download.DownloadError, match="expected a file, got a connection that broke off"):
        fetch(checksum=None)
    assert left_in(cache) == []


def test_progress_goes_to_the_error_stream_and_can_be_left_out(cache, server, capsys):
    server.files[NAME] = CONTENT
    fetch(quiet=False)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"\r{NAME}: 0.1 of 0.1 MB\n"
    (cache / NAME).unlink()
    fetch()
    assert capsys.readouterr() == ("", "")


def test_the_messages_of_pooch_are_as_loud_afterwards_as_before(cache, server):
    server.files[NAME] = CONTENT
    logger = pooch.get_logger()
    before = logger.level
    try:
        logger.setLevel("ERROR")
        fetch()
        assert logger.level == logging.ERROR
    finally:
        logger.setLevel(before)


def test_progress_counts_up_and_never_past_the_end(capsys):
    progress = download.Progress("long.txt")
    progress.total = 2_500_000
    for _ in range(3):
        progress.update(1_000_000)
    progress.close()
    progress.close()
    counts = "".join(f"\rlong.txt: {done} of 2.5 MB" for done in (1.0, 2.0, 2.5))
    assert capsys.readouterr().err == counts + "\n"
    progress.total = 0  # where the server does not say
    progress.update(500_000)
    assert capsys.readouterr().err == "\rlong.txt: 3.5 MB"


def test_the_mirror_has_to_be_an_address_and_the_cache_may_be_anywhere(cache, monkeypatch):
    monkeypatch.setenv("SEQLIB_MIRROR", "school/data")
    with pytest.raises(ValueError, match="SEQLIB_MIRROR: expected an address that begins with .*, got 'school/data'"):
        fetch()
    monkeypatch.setenv("SEQLIB_CACHE", "~/elsewhere")
    assert download.cache() == Path.home() / "elsewhere"
    monkeypatch.delenv("SEQLIB_CACHE")
    assert download.cache().is_absolute() and "sequence-models-course" in str(download.cache())


def test_a_missing_pooch_is_named(cache, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ModuleNotFoundError, match="pip install pooch"):
        fetch()


def test_unzip_gives_the_one_file_that_ends_so(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("folder/fra.txt", "Ça va ?")
        archive.writestr("folder/about.txt", "")
        archive.writestr("__MACOSX/folder/fra.txt", "")
    assert download.unzip(tmp_path / "a.zip", "fra.txt") == "Ça va ?"
    for ending, count in ((".txt", 2), (".csv", 0)):
        with pytest.raises(ValueError, match=f"ends in '{ending}', got {count}"):
            download.unzip(tmp_path / "a.zip", ending)


def test_nothing_else_in_seqlib_fetches():
    package, fetchers = Path(download.__file__).parents[1], {"pooch", "requests", "urllib", "http", "socket", "ftplib"}
    for path in package.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        found = fetchers & {name.split(".")[0] for name in names}
        assert bool(found) == (path == Path(download.__file__)), (path, found)


def test_pooch_is_loaded_when_something_is_asked_for():
    code = (
        "import sys\nfrom seqlib.datasets import imdb, jena, multi30k, shakespeare, tatoeba\n"
        "print({'pooch', 'requests', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
