"""What a report is made of: sections of paragraphs, tables and pictures, as plain data.

Each part names the macro of the template that shows it. A study or a later issue adds a section by
a function that returns one; see ``recycling.reporting.page``.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from markupsafe import Markup

from recycling.reporting.tables import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from recycling.reporting.paper import Comparison
    from recycling.results.controls import Control

#: Figures by file name, each with its caption; bytes are SVG that was drawn before.
Figures = Mapping[str, "tuple[Figure | bytes, str]"]


@dataclass(frozen=True)
class Paragraph:
    """A line of text; ``mark`` is a word in red before it, ``style`` a class of the page."""

    macro: ClassVar[str] = "paragraph"
    text: str
    style: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Rows:
    """A table, under a heading of its own or folded away under a summary.

    ``numbers`` keeps its cells on one line.
    """

    macro: ClassVar[str] = "rows"
    table: Table
    numbers: bool = True
    heading: str = ""
    summary: str = ""
    unfolded: bool = False


@dataclass(frozen=True)
class Gallery:
    """Figures side by side, or each as wide as the page."""

    macro: ClassVar[str] = "gallery"
    figures: Figures
    wide: bool = False


@dataclass(frozen=True)
class Controls:
    """The controls with their outcomes."""

    macro: ClassVar[str] = "controls"
    controls: Sequence[Control]


@dataclass(frozen=True)
class Comparisons:
    """What the paper prints beside what the run shows."""

    macro: ClassVar[str] = "comparisons"
    rows: Sequence[Comparison]


@dataclass(frozen=True)
class Listing:
    """Text as it was given, folded away under a summary."""

    macro: ClassVar[str] = "listing"
    text: str
    summary: str


@dataclass(frozen=True)
class Links:
    """Addresses elsewhere, each with its words: nothing is asked for until a reader follows one."""

    macro: ClassVar[str] = "links"
    addresses: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Quotation:
    """Text to copy, shown as it is; ``title`` says what it is."""

    macro: ClassVar[str] = "quotation"
    text: str
    title: str


@dataclass(frozen=True)
class Download:
    """A text file that the page holds; ``label`` says what is in it."""

    macro: ClassVar[str] = "download"
    text: str
    name: str
    label: str

    @property
    def uri(self) -> str:
        """The file as an address that the page holds.

        Example:
            >>> Download("a", "a.csv", "numbers").uri
            'data:text/csv;charset=utf-8;base64,YQ=='
        """
        content = base64.b64encode(self.text.encode()).decode()
        return f"data:text/csv;charset=utf-8;base64,{content}"


@dataclass(frozen=True)
class Explorer:
    """Numbers that the page draws itself, as plain data, and the columns of their table."""

    macro: ClassVar[str] = "explorer"
    data: Mapping[str, Any]
    columns: Sequence[str]

    @property
    def json(self) -> Markup:
        r"""The numbers for an element of the page: nothing in them can end it.

        Example:
            >>> print(Explorer({"a": "</script>"}, []).json)
            {"a":"\u003c/script>"}
        """
        text = json.dumps(self.data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return Markup(text.replace("<", "\\u003c"))


Part = (
    Paragraph
    | Rows
    | Gallery
    | Controls
    | Comparisons
    | Listing
    | Links
    | Quotation
    | Download
    | Explorer
)


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    parts: Sequence[Part]

    @property
    def anchor(self) -> str:
        """Name of the section in the address of a page: it follows from the title alone.

        Example:
            >>> Section("Temperature of the bath", []).anchor
            'section-temperature-of-the-bath'
        """
        return "section-" + "-".join(re.findall(r"\w+", self.title.lower()))

    @property
    def figures(self) -> dict[str, tuple[Figure | bytes, str]]:
        """All figures of the section by file name, each with its caption."""
        galleries = (part.figures for part in self.parts if isinstance(part, Gallery))
        return {name: drawn for figures in galleries for name, drawn in figures.items()}
