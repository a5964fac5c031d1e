"""The key of a signed log.

Interface: ``read_key(file, outside=DIR)``: the key from its file, which must not be inside DIR;
``checked_key(key, name)``.
"""

from __future__ import annotations

from pathlib import Path

from recycling.errors import BadInput, reason_of

#: Bytes that a key has at least, and at most: more are another file, or a device without an end.
KEY_BYTES, MOST_KEY_BYTES = 32, 1_000_000


def read_key(file: str | Path, *, outside: str | Path | None = None) -> bytes:
    """Read the key of a log: every byte of the file.

    Args:
        file: file with 32 random bytes or more.
        outside: the campaign's directory, which must not hold the key: who copies or changes the
            log there would have the key too.

    Raises:
        BadInput: there is no such file, it is too short or long, or it is inside ``outside``.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     _ = (Path(folder) / "key").write_bytes(bytes(range(32)))
        ...     len(read_key(f"{folder}/key", outside=f"{folder}/campaign"))
        32
    """
    file = Path(file)
    if outside is not None and file.resolve().is_relative_to(Path(outside).resolve()):
        raise BadInput(
            f"key = {file}: it is inside the campaign's directory {outside}; keep it elsewhere"
        )
    try:
        with file.open("rb") as stream:
            key = stream.read(MOST_KEY_BYTES + 1)
    except OSError as error:
        raise BadInput(
            f"key = {file}: {reason_of(error)}; give a file of {KEY_BYTES} random bytes or more"
        ) from None
    if len(key) > MOST_KEY_BYTES:
        raise BadInput(
            f"key = {file}: it has more than {MOST_KEY_BYTES} bytes; give a file of {KEY_BYTES} "
            "random bytes"
        )
    return checked_key(key, f"key = {file}")


def checked_key(key: bytes, name: str = "key") -> bytes:
    """Return a key that is long enough.

    Raises:
        BadInput: it is shorter than ``KEY_BYTES``; the line begins with ``name``.

    Example:
        >>> checked_key(b"short")
        Traceback (most recent call last):
        recycling.errors.BadInput: key: it has 5 bytes; give 32 random bytes or more
    """
    if len(key) < KEY_BYTES:
        raise BadInput(f"{name}: it has {len(key)} bytes; give {KEY_BYTES} random bytes or more")
    return key
