"""Writes llms.txt: every page of the site with a line on what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_HEAD = """\
# recycling

> Takes an experiment in thermodynamic recycling from a spec file to a verdict: did this erasure
> dissipate less than any thermal bath could have allowed, and by how many standard errors? Python
> package and command line; SI units, entropies in nats; simulated results are labelled simulated.

## Pages

"""
_LONGEST = 160


def first_sentence(document: nodes.document) -> str:
    """First sentence of a page, cut at a word where it is long."""
    for paragraph in document.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if isinstance(paragraph.parent, nodes.entry):
            continue
        # A full stop after a single letter is that of a first name.
        sentences = re.split(r"(?<=[\w)]{2})[.:] ", text)
        sentence = next((each.rstrip(".:") for each in sentences if len(each) > 20), "")
        if sentence:
            short = len(sentence) <= _LONGEST
            return sentence if short else f"{sentence[:_LONGEST].rsplit(' ', 1)[0]} …"
    return ""


def _write(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    lines = []
    for page in sorted(app.env.found_docs, key=lambda name: (name.count("/"), name)):
        if page == "index":
            continue
        title = " ".join(app.env.titles[page].astext().split())
        says = first_sentence(app.env.get_doctree(page))
        lines.append(f"- [{title}]({page}.html)" + (f": {says}" if says else ""))
    text = _HEAD + "\n".join(lines) + "\n"
    (Path(app.outdir) / "llms.txt").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the writer."""
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
