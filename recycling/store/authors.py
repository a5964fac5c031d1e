"""Authors of published data, as they are declared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from recycling.errors import BadInput

#: What stands where nobody declared an author.
NOT_DECLARED = "not declared"
_ORCID = re.compile(r"(\d{4}-){3}\d{3}[\dX]")


@dataclass(frozen=True)
class Author:
    """An author, "Family, Given" or a single name, with an ORCID if it is given.

    Raises:
        BadInput: the name is empty or no line, or the ORCID is none.

    Example:
        >>> Author("Example, Sam", orcid="0000-0002-1825-0097").cff["family-names"]
        'Example'
    """

    name: str
    orcid: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.name.isprintable():
            raise BadInput(f"author = {self.name!r}: give 'Family, Given' in one line")
        if self.orcid and not _is_orcid(self.orcid):
            raise BadInput(f"orcid = {self.orcid!r}: give an ORCID with its check digit")

    @property
    def cff(self) -> dict[str, str]:
        """Entry of a CITATION.cff."""
        family, comma, given = (part.strip() for part in self.name.partition(","))
        named = {"family-names": family, "given-names": given} if comma else {"name": self.name}
        return named | ({"orcid": self.url} if self.orcid else {})

    @property
    def url(self) -> str:
        """Identifier of the author as ORCID writes it."""
        return f"https://orcid.org/{self.orcid}"


def authors_of(names: Sequence[str], orcids: Sequence[str]) -> tuple[Author, ...]:
    """Make authors of their names and ORCIDs in the same order.

    Raises:
        BadInput: an entry is none, or there are ORCIDs for some of them alone.

    Example:
        >>> authors_of(["Example, Sam", "Example, Kim"], ["", "0000-0002-1825-0097"])[0].orcid
        ''
    """
    if orcids and len(orcids) != len(names):
        raise BadInput(
            f"orcid has {len(orcids)} entries for {len(names)} authors: give one for each, '' for "
            "none"
        )
    pairs = zip(names, orcids or [""] * len(names), strict=True)
    return tuple(Author(name, orcid) for name, orcid in pairs)


def _is_orcid(text: str) -> bool:
    """Whether a text is an ORCID whose check digit is right (ISO 7064, MOD 11-2)."""
    if not _ORCID.fullmatch(text):
        return False
    total = 0
    for digit in text.replace("-", "")[:-1]:
        total = 2 * (total + int(digit))
    check = (12 - total % 11) % 11
    return text[-1] == ("X" if check == 10 else str(check))
