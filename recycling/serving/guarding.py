"""Who is answered, what the answer may do in a browser, and which files may be read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from recycling.errors import BadInput

#: Names of this machine for itself. A page from elsewhere whose name was rebound to the loopback
#: address has another one in its Host header.
_HOST = re.compile(r"(127\.0\.0\.1|localhost)(:\d{1,5})?", re.IGNORECASE)
METHODS = ("GET", "HEAD")
#: What every answer says to a browser.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
#: Of the pages made here: their style and script are files of this package.
PAGE = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: Of what lies in the folder: a document of no origin, which reaches nobody, this server included.
SANDBOX = (
    "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads; "
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def refusal(method: str, host: str) -> tuple[int, str] | None:
    """Status and reason of a request that is refused; None for one that is answered.

    Example:
        >>> refusal("GET", "127.0.0.1:8000") is None
        True
        >>> refusal("GET", "rebound.example:8000")
        (400, 'the Host header names another host than this machine')
    """
    if not _HOST.fullmatch(host):
        return 400, "the Host header names another host than this machine"
    if method not in METHODS:
        return 405, f"only {' and '.join(METHODS)}: nothing can be changed from here"
    return None


def is_inside(root: Path, path: Path) -> bool:
    """Whether a path, its links followed, lies in a folder.

    Example:
        >>> is_inside(Path("/runs"), Path("/runs/../etc/passwd"))
        False
    """
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # links in a circle
        return False


def check_links(root: Path, path: Path) -> None:
    """Check that no link in a folder leads out of the served one.

    Raises:
        BadInput: one does.

    Example:
        >>> check_links(Path("no such folder"), Path("no such folder/run"))
    """
    for file in files_of(path):
        if file.is_symlink() and not is_inside(root, file):
            raise BadInput(
                f"{file} is a link that leads out of the served folder: put the file there instead"
            )


def files_of(path: Path) -> Iterator[Path]:
    """Files and links below a folder; links are not followed.

    Example:
        >>> list(files_of(Path("no such folder")))
        []
    """
    for folder, folders, files in os.walk(path):
        for name in files:
            yield Path(folder, name)
        for name in folders:
            if os.path.islink(os.path.join(folder, name)):  # noqa: PTH114, PTH118
                yield Path(folder, name)


def own_files(path: Path) -> Mapping[str, Path]:
    """Regular files of a run by their names in it, those of links left out.

    Example:
        >>> own_files(Path("no such run"))
        {}
    """
    found = [file for file in files_of(path) if not file.is_symlink() and file.is_file()]
    names = {file.relative_to(path).as_posix(): file for file in sorted(found)}
    return {name: file for name, file in names.items() if not name.startswith(".")}
