"""Serve the built site on this machine only.

python tools/serve.py [PORT]
"""

import functools
import http.server
import sys

import toc

SITE = toc.ROOT / "_build" / "html"


def main(arguments):
    """Serve until interrupted."""
    if not (SITE / "index.html").is_file():
        sys.exit(f"Expected a site in {SITE}, found none: run `make book` first.")
    port = arguments[0] if arguments else "8000"
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        sys.exit(f"PORT: expected a whole number from 1 to 65535, got {port!r}")
    port = int(port)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=SITE)
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        sys.exit(f"Port {port} cannot be used ({error.strerror}): choose another, `make serve PORT={port + 1}`.")
    print(f"http://127.0.0.1:{port}/  (Ctrl+C stops)", flush=True)
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main(sys.argv[1:])
