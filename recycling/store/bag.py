"""A bag (RFC 8493) in a ZIP archive, read without trust: names, sizes and checksums come first."""

from __future__ import annotations

import os
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recycling.errors import BadInput
from recycling.store.files import Damaged, checksum

#: Most bytes that an archive may unpack to, and most times its own size.
LARGEST, LARGEST_RATIO = 20 * 10**9, 1000

MANIFEST, TAG_MANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
_ENCRYPTED = 0x1
_LARGEST_MANIFEST = 16 * 10**6
#: Parts of a name: nothing hidden, absolute, with "..", a drive, or special on any system.
_PART = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?"
FILE_NAME = re.compile(rf"{_PART}(?:/{_PART})*")
_LINE = re.compile(rf"([0-9a-f]{{64}})  ({_PART}(?:/{_PART})*)")
#: What reading a damaged archive raises.
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError,
    OverflowError, MemoryError,
)  # fmt: skip


@contextmanager
def refusing(archive_path: Path) -> Iterator[None]:
    """Turn every fault of an archive, or of unpacking it, into a line.

    Example:
        >>> with refusing(Path("run.zip")):
        ...     raise zipfile.BadZipFile("File is not a zip file")
        Traceback (most recent call last):
        recycling.errors.BadInput: bundle = 'run.zip': File is not a zip file; give an undamaged ...
    """
    name = f"bundle = {str(archive_path)!r}"
    try:
        yield
    except BadInput as error:
        raise BadInput(f"{name}: {error}") from error
    except _UNREADABLE as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise BadInput(
            f"{name}: {reason}; give an undamaged archive that recycling bundle made"
        ) from error


def members_of(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """List the files of an archive by their name in the bag, once all names and sizes are safe.

    Raises:
        Damaged: the archive is no bag, or unsafe to unpack.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> folder = TemporaryDirectory()
        >>> archive = zipfile.ZipFile(f"{folder.name}/run.zip", "w")
        >>> archive.writestr("run/data/run.json", "{}")
        >>> list(members_of(archive, size=100))
        ['data/run.json']
        >>> archive.close()
        >>> folder.cleanup()
    """
    files = []
    for info in archive.infolist():
        if reason := _refusal(info):
            raise Damaged(f"{info.orig_filename!r} {reason}")
        if not info.is_dir():
            files.append(info)
    # Names that differ in case alone are one file on some systems.
    names = Counter(info.filename.casefold() for info in files)
    for name, times in names.items():
        if times > 1:
            raise Damaged(f"{name!r} is in it {times} times")
    bases = sorted({info.filename.partition("/")[0] for info in files})
    if len(bases) != 1:
        raise Damaged(f"it holds {', '.join(bases[:3]) or 'nothing'} instead of one folder")
    unpacked = sum(info.file_size for info in files)
    if unpacked > min(LARGEST, LARGEST_RATIO * size):
        raise Damaged(f"its {size} bytes unpack to {unpacked}, which is absurd")
    return {info.filename.partition("/")[2]: info for info in files}


def _refusal(info: zipfile.ZipInfo) -> str:
    """Why a member is not unpacked, if it is not."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    # The name as it is in the archive: zipfile has cut it at a null byte.
    if not FILE_NAME.fullmatch(info.orig_filename.removesuffix("/")):
        return "is no safe name for a file"
    if kind not in (0, stat.S_IFDIR if info.is_dir() else stat.S_IFREG):
        return "is a link or a special file"
    if info.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is compressed in an unusual way"
    return ""


def unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> None:
    """Unpack a member of an archive into a new file, and sync it.

    Raises:
        Damaged: it cannot be unpacked.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> folder = TemporaryDirectory()
        >>> archive = zipfile.ZipFile(f"{folder.name}/run.zip", "w")
        >>> archive.writestr("run/data/run.json", "{}")
        >>> path = Path(folder.name) / "run.json"
        >>> unpack(archive, archive.infolist()[0], path)
        >>> path.read_text()
        '{}'
        >>> archive.close()
        >>> folder.cleanup()
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(info) as source, path.open("xb") as target:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
    except _UNREADABLE as error:
        raise Damaged(f"{info.filename!r} cannot be unpacked: {error}") from error


def check_bag(bag: Path, names: set[str]) -> None:
    """Check that a bag holds the files of its manifests, and no others.

    Raises:
        Damaged: a file is missing, in no manifest, or has another checksum.

    Example:
        >>> check_bag(Path("no such bag"), set())
        Traceback (most recent call last):
        recycling.store.files.Damaged: 'tagmanifest-sha256.txt' is missing
    """
    expected = _manifest(bag / TAG_MANIFEST) | _manifest(bag / MANIFEST)
    listed = {*expected, TAG_MANIFEST}
    for name in sorted(listed - names):
        raise Damaged(f"{name!r} is missing")
    for name in sorted(names - listed):
        raise Damaged(f"{name!r} is in no manifest")
    for name, digest in expected.items():
        if checksum(bag / name) != digest:
            raise Damaged(f"the checksum of {name!r} differs")


def _manifest(path: Path) -> dict[str, str]:
    if not path.is_file():
        raise Damaged(f"{path.name!r} is missing")
    if path.stat().st_size > _LARGEST_MANIFEST:
        raise Damaged(f"{path.name!r} is absurdly long")
    found = [_LINE.fullmatch(line) for line in path.read_text(encoding="ascii").splitlines()]
    checksums = {line[2]: line[1] for line in found if line is not None}
    if len(checksums) != len(found):
        raise Damaged(f"{path.name!r} is no list of checksums")
    return checksums
