"""The directory of a campaign.

::

    campaign.toml    the spec, exactly as given
    specs/N.toml     the spec of the N-th entry of [[runs]], complete: the originals may go
    next.json        the run that is under way: when it began, and why it was let
    runs/0001/…      an ordinary run directory for each run that was begun
    campaign.db      the signed log and the telemetry
    report.html      derived, made again at any time
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from recycling.campaign.spec import CampaignSpec, read_campaign
from recycling.errors import BadInput
from recycling.spec.files import read_spec_file
from recycling.spec.texts import preset_names, spec_text
from recycling.store.files import Damaged, read_whole, seal, unseal, write_whole

SPEC, NEXT, RUNS, SPECS = "campaign.toml", "next.json", "runs", "specs"
#: What a directory may hold before it has the spec, which makes it a campaign.
_BEFORE_SPEC = frozenset({".lock", SPECS})


@dataclass(frozen=True)
class Folder:
    r"""A campaign's directory, with the texts of its spec and of the specs of its runs.

    ``sources`` are the files that errors name: those that were given, or their copies.

    Example:
        >>> text = 'interval = 60\nbudget.qpu_seconds = 9\nruns = [{ spec = "theory" }]'
        >>> folder = Folder(Path("campaign"), text, ('name = "theory"',))
        >>> folder.run_path(7).as_posix(), folder.spec.count
        ('campaign/runs/0007', 1)
    """

    path: Path
    text: str
    specs: tuple[str, ...]
    sources: tuple[str, ...] = ()

    @cached_property
    def spec(self) -> CampaignSpec:
        """The spec of the campaign."""
        return read_campaign(self.text, str(self.path / SPEC))

    def source(self, place: int) -> str:
        """Name of the file of a spec, by its place in ``runs``."""
        return self.sources[place] if self.sources else f"specs/{place + 1}.toml"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the texts of all specs, which every record of the log holds."""
        return sha256("\0".join((self.text, *self.specs)).encode()).hexdigest()

    @property
    def exists(self) -> bool:
        """Whether the directory holds the campaign."""
        return (self.path / SPEC).is_file()

    def run_path(self, run: int) -> Path:
        """Directory of a run, which counts from 1."""
        return self.path / RUNS / f"{run:04d}"

    def begun(self, run: int) -> bool:
        """Whether the directory of a run is there: it began."""
        return (self.run_path(run) / "run.json").is_file()

    def create(self) -> None:
        """Write the directory: the spec last, which makes it a campaign.

        Raises:
            BadInput: it cannot be written.
        """
        try:
            (self.path / SPECS).mkdir(parents=True, exist_ok=True)
            for number, text in enumerate(self.specs, start=1):
                write_whole(self.path / SPECS / f"{number}.toml", text.encode())
            write_whole(self.path / SPEC, self.text.encode())
        except OSError as error:
            raise BadInput(
                f"out = {str(self.path)!r}: {error.strerror}; give another folder"
            ) from None

    def under_way(self, run: int) -> dict[str, Any] | None:
        """What was decided on a run that began and is not in the log; None where it did not."""
        try:
            found = unseal(read_whole(self.path / NEXT))
        except Damaged:
            return None
        return found if found.get("run") == run else None

    def begin(self, decided: dict[str, Any]) -> None:
        """Keep what was decided on a run, before it begins."""
        write_whole(self.path / NEXT, seal(decided))


def read_folder(path: str | Path) -> Folder:
    """Read the directory of a campaign.

    Raises:
        BadInput: it is none, or lacks a file.

    Example:
        >>> read_folder("no such campaign")
        Traceback (most recent call last):
        recycling.errors.BadInput: campaign = 'no such campaign' is not the directory of a ...
    """
    path = Path(path)
    if not (path / SPEC).is_file():
        raise BadInput(
            f"campaign = {str(path)!r} is not the directory of a campaign: give one that holds "
            f"{SPEC}"
        )
    text = read_spec_file(path / SPEC)
    spec = read_campaign(text, str(path / SPEC))
    copies = [path / SPECS / f"{number}.toml" for number in range(1, len(spec.runs) + 1)]
    texts = tuple(read_spec_file(copy) for copy in copies)
    return Folder(path, text, texts, tuple(map(str, copies)))


def given_folder(spec: str | Path, path: str | Path) -> Folder:
    r"""Read the campaign of a spec that is to run, or to go on, in a directory; writes nothing.

    Where the directory holds the campaign already, its copies are taken, and the originals may be
    gone.

    Raises:
        BadInput: the spec has faults or is another campaign's, or something else is there.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> text = 'interval = 60\nbudget.qpu_seconds = 9\nruns = [{ spec = "theory" }]'
        >>> with TemporaryDirectory() as folder:
        ...     spec = Path(folder) / "campaign.toml"
        ...     _ = spec.write_text(text)
        ...     given_folder(spec, f"{folder}/out").spec.count
        1
    """
    spec, path = Path(spec), Path(path)
    if (path / SPEC).is_file():
        known = read_folder(path)
        if spec.is_file() and read_spec_file(spec) != known.text:
            raise BadInput(
                f"out = {str(path)!r} holds another campaign than {spec}: give a new folder, or "
                "the spec that it was begun with"
            )
        return known
    if path.exists() and not (path.is_dir() and _is_remnant(path)):
        raise BadInput(f"out = {str(path)!r} exists: give a new folder, or remove it")
    text = read_spec_file(spec)
    parsed = read_campaign(text, str(spec))
    files = [_spec_file(spec, *each) for each in enumerate(entry.spec for entry in parsed.runs)]
    return Folder(path, text, tuple(map(spec_text, files)), tuple(map(str, files)))


def _spec_file(campaign: Path, place: int, given: str) -> Path | str:
    """File of the spec of an entry, whose path begins at the campaign's file, or a preset."""
    beside = campaign.parent / given
    try:
        if beside.is_file():
            return beside
    except OSError:  # a name that is too long
        pass
    if given in preset_names():
        return given
    raise BadInput(
        f"{campaign}: runs[{place}].spec = {given!r} is neither a file beside the campaign's nor a "
        f"preset: give a path or one of {', '.join(preset_names())}"
    )


def _is_remnant(path: Path) -> bool:
    """Whether a folder is empty, or is what a death left before it was a campaign."""
    return all(
        child.name in _BEFORE_SPEC or child.name.startswith(f".{SPEC}") for child in path.iterdir()
    )
