"""Links: those of the pages as they are stored, and those of the built site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LINK = re.compile(r"(?<!`)\]\((?P<target>[^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.M | re.S)
#: Pages that exist once the site is built.
_MADE = ("reference/", "notebooks/", "project/", "gallery/")


def broken_links(page: Path) -> Iterator[str]:
    """Relative links of a page in Markdown that lead to nothing, and links of a strange form."""
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    for found in _LINK.finditer(text):
        parts = urlsplit(found["target"])
        if parts.scheme:
            if parts.scheme not in ("https", "http", "mailto") or not (parts.netloc or parts.path):
                yield f"{found['target']}: no address"
            continue
        path = page.parent / unquote(parts.path) if parts.path else page
        name = found["target"].removeprefix("../")
        if name.startswith(_MADE) and not path.exists():
            continue
        if not path.exists():
            yield f"{found['target']}: no such file"
        elif parts.fragment and path.suffix == ".md" and parts.fragment not in _anchors(path):
            yield f"{found['target']}: no such heading"


@cache
def _anchors(page: Path) -> frozenset[str]:
    """Anchors of the headings of a page, as GitHub and MyST make them."""
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ +(.+)$", text, re.M)
    return frozenset(
        re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles
    )


class _Page(HTMLParser):
    """Addresses and anchors of a page of the site."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect what a tag refers to and is called."""
        given = dict(attrs)
        self.anchors |= {value for key in ("id", "name") if (value := given.get(key))}
        for key in ("href", "src"):
            if value := given.get(key):
                self.targets.append(value)


@cache
def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def _anchors_of(path: Path) -> set[str]:
    """Anchors of a page of the site."""
    return _read(path.resolve()).anchors


def broken_site_links(site: Path) -> Iterator[str]:
    """Links of the built site that lead to no file or no anchor of it."""
    for path in sorted(site.rglob("*.html")):
        if "gallery" in path.relative_to(site).parts[:-1]:
            continue  # reports have tests of their own
        for target in dict.fromkeys(_read(path).targets):
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            other = path.parent / unquote(parts.path) if parts.path else path
            name = path.relative_to(site)
            if not other.exists():
                yield f"{name}: {target}: no such file"
            elif parts.fragment and unquote(parts.fragment) not in _anchors_of(other):
                yield f"{name}: {target}: no such anchor"
