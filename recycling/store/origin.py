"""Where the data of a run come from, if this program did not take them: as its user declares it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_validator

from recycling.store.schema import Checksum

#: Characters of what a user declares.
LONGEST = 300
#: Name of the backend of imported counts, in place of a machine or a simulator.
COUNTS = "counts"
#: Entry in the record of a job whose outcomes are imported counts, which nobody can fetch again.
IMPORTED = "imported"


class AdoptedJob(BaseModel):
    """A job that somebody else submitted: when (ISO 8601, by the service) and under which tags.

    Example:
        >>> AdoptedJob(id="d2f0c", tags=("night",)).created is None
        True
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str
    created: str | None = None
    tags: tuple[str, ...] = ()


class Origin(BaseModel):
    """Origin of data from elsewhere. What nobody can check here is marked as declared.

    Attributes:
        kind: "counts" that were imported, or "jobs" that were submitted without this run.
        source: what the user declares about them.
        file: name of the file that was read, if there was one.
        sha256: SHA-256 of that file, or of the array.
        device: whether the numbers of a device were given with the data.
        jobs: what the service says of each job, by its name in the run.

    Example:
        >>> origin = Origin(kind="counts", source="counts.csv", file="counts.csv", sha256="0" * 64)
        >>> origin.words
        'counts as declared by the user: counts.csv (SHA-256 000000000000…)'
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: Literal["counts", "jobs"]
    source: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    file: Annotated[str, Field(max_length=LONGEST)] | None = None
    sha256: Checksum | None = None
    device: StrictBool = False
    jobs: dict[str, AdoptedJob] = {}

    @field_validator("source", "file")
    @classmethod
    def _is_one_line(cls, text: str | None) -> str | None:
        if text is not None and not text.isprintable():
            raise ValueError("give one line of printable characters")
        return text

    @property
    def words(self) -> str:
        """The origin in a line."""
        if self.kind == "jobs":
            noun = "job" if len(self.jobs) == 1 else "jobs"
            return f"{len(self.jobs)} {noun} submitted elsewhere: {self.source}"
        read = "" if self.file in (None, self.source) else f", read from {self.file}"
        digest = "" if self.sha256 is None else f" (SHA-256 {self.sha256[:12]}…)"
        return f"counts as declared by the user: {self.source}{read}{digest}"

    @property
    def unknown(self) -> str:
        """What is not known of such data, in a line."""
        if self.kind == "jobs":
            return (
                "Not known: whether a prediction was sealed before they were submitted, and the "
                "calibration of that moment: the run has that of its beginning."
            )
        calibration = "" if self.device else ", the calibration of the device"
        return (
            f"Not known: the circuits that were executed, their schedule{calibration}, the order "
            "of the shots, and whether a prediction was made before."
        )


def origin_of(record: Mapping[str, Any]) -> Origin | None:
    """Read the origin of data that this program did not take from run.json; None where it did.

    Example:
        >>> origin_of({}) is None
        True
    """
    found = record.get("origin")
    return None if found is None else Origin.model_validate(found)


def device_is_known(record: Mapping[str, Any]) -> bool:
    """Whether the numbers of the device are known: imported counts may come without them.

    Example:
        >>> device_is_known({})
        True
        >>> device_is_known({"origin": {"kind": "counts", "source": "counts.csv"}})
        False
    """
    origin = origin_of(record)
    return origin is None or origin.kind != "counts" or origin.device


def data_kind(record: Mapping[str, Any]) -> str:
    """Kind of the data of a run in a word: "measured", "simulated", or "declared" as measured.

    Example:
        >>> data_kind({"simulated": False, "origin": {"kind": "counts", "source": "counts.csv"}})
        'declared'
    """
    if record["simulated"]:
        return "simulated"
    origin = origin_of(record)
    return "declared" if origin is not None and origin.kind == "counts" else "measured"
