"""Sections become a page: self-contained HTML that asks the network for nothing.

Templates are named by their package and file. Each extends ``recycling.reporting/page.html.j2``,
which holds the style, shows the sections, and has a block ``header`` before them.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from recycling.reporting.figures import to_svg
from recycling.reporting.parts import Section
from recycling.reporting.typeset import typeset
from recycling.store.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: What a page runs where there is JavaScript.
_SCRIPTS = ("recycling.reporting/page.js", "recycling.reporting/explorer.js")


def render(
    template: str, sections: Sequence[Section], uris: Mapping[str, str], **context: Any
) -> str:
    """Fill a template.

    Args:
        template: its package and file, such as ``"recycling.reporting/report.html.j2"``.
        sections: sections of the page.
        uris: data URI of each figure by its name.
        context: what the template's header names; ``title`` is that of the page.

    Example:
        >>> page = render("recycling.reporting/page.html.j2", [], {}, title="no & nothing")
        >>> "<title>no &amp; nothing</title>" in page
        True
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["typeset"] = typeset
    script = "\n".join(map(_source, _SCRIPTS))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template(template).render(
        sections=sections,
        uris=uris,
        script=Markup(script),
        script_hash=f"sha256-{digest}",  # a browser runs this script and no other
        **context,
    )


def write_figures(sections: Sequence[Section], folder: Path) -> dict[str, str]:
    """Write each figure as a file; returns its data URI by its name.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_figures([Section("empty", [])], Path(folder) / "figures")
        {}
    """
    folder.mkdir(parents=True, exist_ok=True)
    uris = {}
    for section in sections:
        for name, (figure, _) in section.figures.items():
            svg = figure if isinstance(figure, bytes) else to_svg(figure)
            write_whole(folder / f"{name}.svg", svg)
            uris[name] = embedded(svg)
    return uris


def embedded(figure: Figure | bytes) -> str:
    """Write a figure, or an SVG that was drawn before, as a URI that a page holds.

    Example:
        >>> embedded(b"<svg/>")
        'data:image/svg+xml;base64,PHN2Zy8+'
    """
    svg = figure if isinstance(figure, bytes) else to_svg(figure)
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()


def _source(name: str) -> str:
    package, file = name.split("/")
    return (resources.files(package) / file).read_text(encoding="utf-8")
