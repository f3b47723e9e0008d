"""A server on this machine that gives what a test puts on it, well or badly, and an empty cache to download into."""

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


class Answers(BaseHTTPRequestHandler):
    """Give the bytes of `server.files`; a function gives its own answer, and of a list each request takes the next."""

    def do_GET(self):
        self.server.asked.append(self.path)
        answer = self.server.files.get(self.path.lstrip("/"), 404)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer(self)
        elif isinstance(answer, int):
            self.send_error(answer)
        else:
            self.head(len(answer))
            self.wfile.write(answer)

    def head(self, length):
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.files, server.asked = {}, []
        server.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path, monkeypatch, server):
    """An empty cache, with the server as mirror, and no waiting between tries."""
    monkeypatch.setenv("SEQLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SEQLIB_MIRROR", server.address)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    return tmp_path / "cache"


@pytest.fixture
def corpora():
    """The folder of real corpora, where this machine has one."""
    folder = os.environ.get("SEQLIB_TEST_DATA")
    if not folder:
        pytest.skip("SEQLIB_TEST_DATA names no folder of real corpora")
    return Path(folder)
