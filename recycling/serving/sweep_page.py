"""What the page of a sweep shows: how far it is, and where recycling pays, as maps and margins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recycling.errors import BadInput
from recycling.store.files import Damaged, read_lines, read_whole, unseal
from recycling.sweeps.chunks import Chunks
from recycling.sweeps.store import IDENTITY, LEDGER, RESULTS

if TYPE_CHECKING:
    from recycling.reporting.parts import Section


@dataclass(frozen=True)
class Progress:
    """How many chunks of a sweep are finished by its ledger, and of how many."""

    finished: int
    chunks: int
    points: int

    @property
    def complete(self) -> bool:
        """Whether all are."""
        return self.finished == self.chunks

    @property
    def text(self) -> str:
        """The progress in words.

        Example:
            >>> Progress(3, 4, 1000).text
            '3 of 4 chunks; 1,000 points in all'
        """
        return f"{self.finished} of {self.chunks} chunks; {self.points:,} points in all"


def progress_of(path: Path) -> Progress:
    """Read how far a sweep is: its identity and its ledger alone.

    Raises:
        BadInput: they are damaged.

    Example:
        >>> progress_of(Path("no such sweep"))
        Traceback (most recent call last):
        recycling.errors.BadInput: no such sweep/sweep.json: it is missing
    """
    try:
        record: dict[str, Any] = unseal(read_whole(path / IDENTITY))
        sizes = {str(dim): int(size) for dim, size in record["sizes"].items()}
        chunks = Chunks(sizes, tuple(map(int, record["chunk"])))
        count = chunks.count
        points = sum(chunks.points(number) for number in range(count)) if count < 10_000_000 else 0
    except Damaged as error:
        raise BadInput(f"{path / IDENTITY}: {error}") from None
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
        raise BadInput(f"{path / IDENTITY}: it is not that of a sweep") from None
    records, _ = read_lines(path / LEDGER)
    finished = {each["chunk"] for each in records if type(each.get("chunk")) is int}
    return Progress(len(finished & set(range(count))), count, points)


def sweep_sections(path: Path) -> tuple[str, str, list[Section]]:
    """Title, headline and sections of a finished sweep; its results are read for it.

    Raises:
        BadInput: the store cannot be read.

    Example:
        >>> sweep_sections(Path("no such sweep"))
        Traceback (most recent call last):
        recycling.errors.BadInput: no such sweep/results.zarr cannot be read: ...
    """
    import xarray as xr

    from recycling.results.shares import shares
    from recycling.sweeps.report import sections
    from recycling.sweeps.summary import headline

    try:
        dataset = xr.open_zarr(path / RESULTS, chunks=None, consolidated=True)
        counted = shares(dataset)
        return dataset.attrs["title"], headline(counted), sections(path, dataset, counted)
    except (OSError, LookupError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BadInput(f"{path / RESULTS} cannot be read: {reason}") from None
