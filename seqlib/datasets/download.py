"""The one place that downloads: a cache, checksums, progress, another try, and errors that say what to do instead."""

import os
import sys
import tempfile
import zipfile
from pathlib import Path

CACHE = "SEQLIB_CACHE"  # variable that names the folder of downloaded files
MIRROR = "SEQLIB_MIRROR"  # variable with the address of a server that has them under the same names
RETRIES = 2
TIMEOUT = 30  # seconds without a byte
BROKEN_OFF = "a connection that broke off before the end of the file"
PAGE = (b"<!doctype html", b"<html")  # what a web page begins with; none of the corpora does


class DownloadError(OSError):
    """A file could not be had: its message names the file, what was expected, what came, and what needs no network."""


def fetch(name, address, checksum, instead, size=None, quiet=False):
    """Give the path of a file that others publish, downloaded once and checked each time.

    A file in the cache whose checksum is right is taken as it is, with no network. Otherwise it is downloaded beside
    its place, checked, and only then put there: what is half a file, or another one, never bears its name. A
    connection that fails, or a file that is not the one expected, is tried again twice. Two processes may ask for the
    same file at once: each downloads a copy of its own, and the later one takes the place of the other, its equal. One
    that is killed may leave a folder `.download-...` in the cache, which nothing reads.

    Where nobody publishes a checksum, the SHA-256 of the first download is recorded beside the file, in
    `<name>.sha256`, and holds from then on.

    Two variables of the environment change where files lie and where they come from. `SEQLIB_CACHE` is a folder; if
    it already holds the files, no network is needed. `SEQLIB_MIRROR` is the address of a server that has the files
    under the same names, for a classroom or a test: `<mirror>/<name>` is then asked for instead of the original
    address. Checksums hold for a mirror as well.

    Args:
        name: name in the cache, with `/` between folders.
        address: where it is published.
        checksum: such as `"sha256:86c4..."` or `"md5:bfaf..."`, None where nobody publishes one.
        instead: module with the embedded data that need no network, named when the download fails.
        size: length in bytes, where it is known and the checksum is not.
        quiet: whether to leave out the progress, which goes to the standard error stream.

    Returns:
        `pathlib.Path` of the file.

    Raises:
        DownloadError: where the file cannot be had or kept; nothing of it is left then, and a later call tries anew.
        ModuleNotFoundError: where the package pooch is missing.
        ValueError: where `SEQLIB_MIRROR` is no address.

    Source: pooch (Uieda and others, 2020, Pooch: A friend to fetch your data files, doi 10.21105/joss.01943).
    Behind the data sets of chapters 2 to 8 that need a network.
    """
    path = cache() / name
    record = path.with_name(path.name + ".sha256")
    recorded = checksum is None and record.is_file()
    known = record.read_text("ascii").strip() if recorded else checksum
    if path.is_file() and _is_as_known(path, known, size):
        return path
    address, download = _mirrored(name, address), _Download(name, known, size, quiet)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".download-") as folder:
            new = download.into(folder, path.name, address)
            known = known or _checksum(new)
            if checksum is None:
                _record(record, known, folder)
            _move(new, path, known)
        if checksum is None and not recorded and not quiet:
            print(f"{name}: recorded {known} in {record}, as nobody publishes one", file=sys.stderr)
    except (OSError, ValueError) as error:
        expected = f"a file with {known}" if known else f"a file of {size:,} bytes" if size else "a file"
        lines = [
            f"{name}: expected {expected}, got {download.came(error)}",
            f"address: {address}",
            f"Nothing of it was kept in {path.parent}, and a later call tries anew.",
            f"With no network, {instead}.load() gives data for the same kind of task.",
        ]
        if recorded:
            lines += [f"The checksum was recorded at the first download; to take a new file, delete {record}."]
        raise DownloadError("\n".join(lines)) from error
    return path


def cache():
    """Give the folder of downloaded files: `SEQLIB_CACHE` where it is set, else one in the user's own cache folder."""
    folder = os.environ.get(CACHE) or _pooch().os_cache("sequence-models-course")
    return Path(folder).expanduser().absolute()


def unzip(path, ending):
    """Give the text of the one file in an archive whose name ends so.

    Args:
        path: of a zip archive.
        ending: of the file's name in it.

    Raises:
        ValueError: where there is not exactly one such file.
    """
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(ending) and not name.startswith("__MACOSX/")]
        if len(names) != 1:
            raise ValueError(f"ending: expected one file in {path} whose name ends in {ending!r}, got {len(names)}")
        return archive.read(names[0]).decode("utf-8")


class Progress:
    """A line on the standard error stream that says how much of a file has come, as pooch wants to be shown it.

    Args:
        name: of the file.
        quiet: whether to show nothing.

    Attributes:
        total: bytes to come, 0 where the server does not say; pooch sets it.
    """

    def __init__(self, name, quiet=False):
        self.name, self.quiet, self.total, self.done, self.shown = name, quiet, 0, 0, None

    def update(self, count):
        """Show that so many bytes more have come; pooch counts whole chunks, so the last one may exceed the total."""
        self.done += count
        done = f"{min(self.done, self.total or self.done) / 1e6:.1f}"
        done += f" of {self.total / 1e6:.1f}" if self.total else ""
        if done != self.shown and not self.quiet:
            print(f"\r{self.name}: {done} MB", end="", file=sys.stderr, flush=True)
            self.shown = done

    def reset(self):
        """Begin to count again."""
        self.done = 0

    def close(self):
        """End the line, once."""
        if self.shown is not None:
            print(file=sys.stderr, flush=True)
            self.shown = None


class _Refused(OSError):
    """The server says that it will not give the file: pooch does not try again after an error of this class."""


class _Download:
    """Get a file through pooch, look at it before its checksum is taken, and say what came."""

    def __init__(self, name, known, size, quiet):
        self.name, self.known, self.size, self.quiet = name, known, size, quiet
        self.seen = "nothing"

    def into(self, folder, name, address):
        """Download into a folder of this process's own: where a file is there, pooch copies over it on Windows."""
        pooch = _pooch()
        logger = pooch.get_logger()
        level = logger.level
        logger.setLevel("WARNING")  # the progress says it, and the temporary folder is nobody's concern
        try:
            files = {"registry": {name: self.known}, "urls": {name: address}}
            return pooch.create(folder, base_url="", retry_if_failed=RETRIES, **files).fetch(name, downloader=self)
        finally:
            logger.setLevel(level)

    def __call__(self, url, output_file, _):
        from requests.exceptions import HTTPError

        progress = Progress(self.name, self.quiet)
        # Bytes as they are published: lengths and checksums are those of the file, not of a compressed answer.
        headers = {"Accept-Encoding": "identity"}
        get = _pooch().HTTPDownloader(progress, chunk_size=2**16, timeout=TIMEOUT, headers=headers)
        try:
            get(url, output_file, None)
        except HTTPError as error:
            if error.response.status_code < 500:
                raise _Refused(_status(error)) from error
            raise
        finally:
            progress.close()
        self.look(Path(output_file), progress.total)

    def look(self, path, announced):
        """Note what a downloaded file is; ValueError, after which pooch tries again, where it cannot be the one."""
        size = path.stat().st_size
        with path.open("rb") as file:
            page = file.read(512).lstrip().lower().startswith(PAGE)
        if size < announced:  # older versions of urllib3 do not mind
            self.seen = BROKEN_OFF
        elif page:
            self.seen = f"a web page of {size:,} bytes, such as a network's login page"
        else:
            self.seen = f"{size:,} bytes with {_checksum(path, self.known)}"
        if size < announced or page or (self.size is not None and size != self.size):
            raise ValueError(self.seen)

    def came(self, error):
        """Say in a few words what came instead of the file."""
        from requests import exceptions

        if isinstance(error, exceptions.HTTPError):
            return _status(error)
        if isinstance(error, exceptions.Timeout):
            return f"no answer within {TIMEOUT} seconds"
        if isinstance(error, exceptions.ChunkedEncodingError):
            return BROKEN_OFF
        if isinstance(error, exceptions.ConnectionError):
            return "no connection to the server"
        if isinstance(error, _Refused | exceptions.RequestException):
            return str(error)
        if isinstance(error, OSError):
            return f"an error in writing it: {error.strerror or error} (the variable {CACHE} names another folder)"
        return self.seen


def _status(error):
    return f"HTTP {error.response.status_code} {error.response.reason}"


def _is_as_known(path, known, size):
    if known is not None:
        return _checksum(path, known) == known
    return size is None or path.stat().st_size == size


def _checksum(path, like=None):
    """Give the checksum of a file, of the same kind as another, SHA-256 where there is none."""
    algorithm = like.split(":")[0] if like else "sha256"
    return f"{algorithm}:{_pooch().file_hash(str(path), alg=algorithm)}"


def _record(record, checksum, folder):
    draft = Path(folder) / record.name
    draft.write_text(checksum + "\n", "ascii")
    os.replace(draft, record)


def _move(new, path, checksum):
    """Put a checked file in its place in one step, readable for all who share the cache."""
    os.chmod(new, 0o644)  # a temporary file is readable for its owner alone
    try:
        os.replace(new, path)
    except PermissionError:  # on Windows, where another process was faster and has its copy open
        if not (path.is_file() and _checksum(path, checksum) == checksum):
            raise


def _mirrored(name, address):
    mirror = os.environ.get(MIRROR)
    if not mirror:
        return address
    if not mirror.startswith(("http://", "https://")):
        raise ValueError(f"{MIRROR}: expected an address that begins with http:// or https://, got {mirror!r}")
    return f"{mirror.rstrip('/')}/{name}"


def _pooch():
    try:
        import pooch
    except ModuleNotFoundError as error:
        message = "downloads go through the package pooch, which is missing: pip install pooch"
        raise ModuleNotFoundError(message) from error
    return pooch
