"""Whether a folder is on a network file system, as far as the system shows it.

Interface: ``network_file_system(folder)`` → its type, or "".
"""

from __future__ import annotations

import os
from pathlib import Path

#: Types in Linux's list of mounts that several hosts can share.
NETWORK_TYPES = frozenset({
    "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.glusterfs", "fuse.rclone", "fuse.sshfs",
    "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs",
})  # fmt: skip


def network_file_system(folder: str | Path, mounts: str | Path = "/proc/mounts") -> str:
    """Return the type of the network file system that a folder is on; empty where none is known.

    Args:
        folder: folder, which need not exist.
        mounts: list of mounts as Linux shows it; without it nothing is known.

    Example:
        >>> network_file_system("/", mounts="/no/such/list")
        ''
    """
    try:
        lines = Path(mounts).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    # A later mount hides an earlier one at the same place.
    places = {_unescaped(fields[1]): fields[2] for fields in map(str.split, lines) if fields[2:]}
    folder = Path(os.path.realpath(folder))
    for place in (folder, *folder.parents):
        if str(place) in places:
            kind = places[str(place)]
            return kind if kind in NETWORK_TYPES else ""
    return ""


def _unescaped(place: str) -> str:
    """Place of a mount; the list writes spaces and the like in octal."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        place = place.replace(code, character)
    return place
