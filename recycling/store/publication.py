"""Who publishes an archive, and under which licence: as its user declares it, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from recycling.errors import BadInput, reason_of
from recycling.store.authors import NOT_DECLARED, Author

_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{1,60}")


@dataclass(frozen=True)
class Publication:
    """What is declared of an archive.

    Attributes:
        authors: its authors.
        licence: SPDX identifier of the licence of the data.
        licence_text: text of that licence; empty where the identifier stands for it.
        published: day of the publication, ISO 8601; empty for the day of the run.

    Raises:
        BadInput: the licence is no identifier, or the day is none.

    Example:
        >>> Publication(licence="CC-BY-4.0").licence_url.endswith("CC-BY-4.0")
        True
    """

    authors: Sequence[Author] = ()
    licence: str = ""
    licence_text: str = ""
    published: str = ""

    def __post_init__(self) -> None:
        if self.licence and not _SPDX.fullmatch(self.licence):
            raise BadInput(f"license = {self.licence!r}: give an SPDX identifier, as CC-BY-4.0")
        if self.published:
            try:
                date.fromisoformat(self.published)
            except ValueError:
                raise BadInput(
                    f"published = {self.published!r}: give a day, as 2026-11-28"
                ) from None

    @property
    def licence_url(self) -> str:
        """Address of the licence by SPDX."""
        return f"https://spdx.org/licenses/{self.licence}"

    def licence_file(self) -> str:
        """Content of LICENSE.

        Example:
            >>> print(Publication().licence_file().splitlines()[0])
            No licence was declared for these data.
        """
        if self.licence_text:
            return self.licence_text
        if not self.licence:
            return (
                "No licence was declared for these data.\n\nWithout one, nobody but their authors "
                "may decide who uses them: ask them.\n"
            )
        return (
            f"These data are licensed under {self.licence}.\n\nSPDX-License-Identifier: "
            f"{self.licence}\nThe text of the licence is at {self.licence_url}\n"
        )

    def citation(self, title: str, day: str, identifiers: Sequence[str]) -> str:
        """Content of CITATION.cff (Citation File Format 1.2.0).

        Args:
            title: title of the data.
            day: day of the publication.
            identifiers: further identifiers of the data, such as the hash of the spec.

        Example:
            >>> print(Publication().citation("a run", "2026-11-28", []).splitlines()[0])
            cff-version: 1.2.0
        """
        import yaml

        authors = [author.cff for author in self.authors] or [{"name": NOT_DECLARED}]
        content: dict[str, Any] = {
            "cff-version": "1.2.0",
            "message": "Cite these data by this file.",
            "type": "dataset",
            "title": title,
            "authors": authors,
            "date-released": date.fromisoformat(day),
            "identifiers": [{"type": "other", "value": value} for value in identifiers],
            **({"license": self.licence} if self.licence else {}),
        }
        kept = {key: value for key, value in content.items() if value != []}
        return str(yaml.safe_dump(kept, sort_keys=False, allow_unicode=True))


def licence_text(path: Path) -> str:
    """Read the text of a licence.

    Raises:
        BadInput: the file cannot be read, or is no text.

    Example:
        >>> licence_text(Path("no such file"))
        Traceback (most recent call last):
        recycling.errors.BadInput: license_file = 'no such file': no such file or directory; ...
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        reason = reason_of(error)
    except UnicodeDecodeError:
        reason = "it is no text"
    raise BadInput(f"license_file = {str(path)!r}: {reason}; give another file")
