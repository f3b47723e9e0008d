"""Write the address of the book's repository in the one place that holds it: `repository.url` in _config.yml.

    python tools/set_address.py https://host/owner/name
    python tools/set_address.py ""

The empty address unsets it: a book without one has no Colab buttons.
"""

import os
import re
import sys
from pathlib import Path

import yaml

CONFIG = Path(__file__).resolve().parent.parent / "_config.yml"
LINE = re.compile(
    r"^(repository:[^\n]*\n(?:[ \t]+[^\n]*\n|[ \t]*\n)*?[ \t]+url:[ \t]*)(\"[^\"\n]*\"|'[^'\n]*'|[^\s#]*)", re.M
)


def address(config=CONFIG):
    """Give the address of the book's repository, empty where none is set."""
    return (yaml.safe_load(config.read_text(encoding="utf-8")).get("repository") or {}).get("url") or ""


def checked(url):
    """Give an address in the form in which it is kept, `https://host/owner/name`; empty stays empty.

    Raises:
        ValueError: where it is no such address.
    """
    kept = url.strip().rstrip("/").removesuffix(".git")
    if kept and not re.fullmatch(
        r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:\d+)?(/[A-Za-z0-9_][A-Za-z0-9._-]*){2}", kept
    ):
        raise ValueError(f"URL: expected an address such as https://host/owner/name, got {url!r}")
    return kept


def set_address(url, config=CONFIG):
    """Write an address into `config`, and nothing else; give it as it is kept.

    Raises:
        ValueError: where it is no address, or `config` has no place for one.
    """
    url = checked(url)
    before = config.read_text(encoding="utf-8")
    after = LINE.sub(lambda match: f'{match[1]}"{url}"', before, count=1)
    values = yaml.safe_load(before)
    if after == before and address(config) != url or not isinstance(values.get("repository"), dict):
        raise ValueError(f"{config.name}: expected a line `url:` below `repository:`, found none")
    values["repository"]["url"] = url
    if yaml.safe_load(after) != values:
        raise ValueError(f"{config.name}: expected `url:` below `repository:` to be one plain line")
    temporary = config.with_name(f".{config.name}.new")
    temporary.write_text(after, encoding="utf-8", newline="\n")
    os.replace(temporary, config)
    return url


def main(arguments):
    """Set the address given."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        url = set_address(arguments[0])
    except ValueError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    print(f"The repository's address is {url}" if url else "The repository's address is unset")


if __name__ == "__main__":
    main(sys.argv[1:])
