"""Verify a campaign: its log by the key, and the outcomes of its runs by the log."""

from __future__ import annotations

from typing import Any

from recycling.campaign.driver import checked_records
from recycling.campaign.folder import Folder
from recycling.campaign.heads import head_text
from recycling.campaign.log import SignedLog
from recycling.errors import BadInput
from recycling.store.files import checksum
from recycling.store.outcomes import outcomes_path


def verify(folder: Folder, key: bytes, head: str | None = None) -> dict[str, Any]:
    """Verify a campaign.

    Args:
        folder: its directory.
        key: key of its log.
        head: a head "N:MAC" that was kept elsewhere, without which nobody can tell that records
            were cut off the end.

    Returns:
        ``records``: their number; ``head`` of the log; ``outcomes``: number of files that are as
        they were when their run was recorded.

    Raises:
        BadInput: names the first record that was changed, is missing, or was cut, or the first
            file of outcomes that is another one.

    Example:
        >>> from pathlib import Path
        >>> verify(Folder(Path("no such campaign"), "", ()), bytes(range(32)))
        Traceback (most recent call last):
        recycling.errors.BadInput: no such campaign: there is no such database; ...
    """
    log = SignedLog(folder.path, key)
    count = log.verify(head)
    outcomes = 0
    for record in checked_records(folder, log):
        path = folder.run_path(record["run"])
        for job, expected in record.get("shots", {}).items():
            file = outcomes_path(path, job)
            if not file.is_file() or checksum(file) != expected:
                raise BadInput(
                    f"{file} is not what record {record['run']} of the log says: restore it from "
                    "a copy"
                )
            outcomes += 1
    return {"records": count, "head": head_text(log.head), "outcomes": outcomes}
