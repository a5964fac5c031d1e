"""An archive in the list: what it says of itself, which nobody has checked here."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from zlib import error as ZlibError

from recycling.errors import reason_of

#: Largest record that is read from an archive, bytes.
_LARGEST = 4_000_000


@dataclass(frozen=True)
class Archive:
    """An archive of a run; of another file, ``fault`` says what it is not."""

    size: int = 0
    title: str = ""
    run_id: str = ""
    backend: str = ""
    created: str = ""
    fault: str = ""


def archive_of(path: Path) -> Archive:
    """Read what an archive says of itself: run.json in it alone.

    Example:
        >>> archive_of(Path("no such archive.zip")).fault
        'no such file or directory'
    """
    try:
        size = path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith("/data/run.json")]
            if not names:
                return Archive(size, fault="no archive of a run")
            with archive.open(names[0]) as stream:
                record = json.loads(stream.read(_LARGEST))
        known = [record.get(key, "") for key in ("name", "run_id", "backend", "created")]
        return Archive(size, *(str(each)[:100] for each in known))
    except OSError as error:
        return Archive(fault=reason_of(error))
    except (
        zipfile.BadZipFile, ZlibError, ValueError, LookupError, AttributeError, RuntimeError,
        NotImplementedError, EOFError,
    ):  # fmt: skip
        return Archive(fault="no archive that can be read")
