"""Start, ask and stop the service of a rehearsal from another process."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

from recycling.errors import BackendFailure, BadInput
from recycling.extras import need
from recycling.rehearsal.catalogue import faults_named
from recycling.rehearsal.folder import Record, read_record, write_environment, write_record

#: Longest wait for a service that starts or ends, s.
_PATIENCE = 120.0


@dataclass(frozen=True)
class Rehearsal:
    """A service that answers: ``about`` is what it says of itself."""

    folder: Path
    about: Mapping[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """Variables that lead IBM's client to it, and past any proxy."""
        passed = [os.environ.get("NO_PROXY", ""), "127.0.0.1"]
        proxy = ",".join(dict.fromkeys(",".join(filter(None, passed)).split(",")))
        return dict(self.about["environment"]) | {"NO_PROXY": proxy, "no_proxy": proxy}


def start(folder: Path, chosen: Mapping[str, Any], faults: str = "") -> Rehearsal:
    """Start the service of a folder, or find it running.

    Args:
        folder: where it keeps its jobs.
        chosen: options that differ from those of the folder, or from the usual ones.
        faults: names of faults to come, separated by commas.

    Raises:
        BadInput: a bad option, or the service runs with other options.
        BackendFailure: it does not start.
    """
    need("qiskit", "qiskit_ibm_runtime")
    faults_named(faults)
    record = read_record(folder)
    wanted = replace(record.options, **chosen)
    found = running(folder)
    if found is None:
        record = replace(record, options=wanted)
        write_record(folder, record)
        found = _started(folder)
    elif wanted != record.options:
        names = ", ".join(name for name in chosen if _differs(name, wanted, record.options))
        raise BadInput(
            f"{names}: the rehearsal in {str(folder)!r} runs with another; end it first with: "
            f"recycling rehearse --folder {folder} --stop"
        )
    if faults:
        _ask(read_record(folder), "/rehearsal/faults", {"names": faults})
    write_environment(folder, found.environment)
    return found


def running(folder: Path) -> Rehearsal | None:
    """The service of a folder; None where none answers.

    Example:
        >>> running(Path("no such folder")) is None
        True
    """
    record = read_record(folder)
    about = _ask(record, "/rehearsal") if record.port else None
    if about is None or about.get("folder") != str(folder.resolve()):
        return None
    return Rehearsal(folder, about)


def stop(folder: Path) -> bool:
    """End the service of a folder; returns whether there was any. Its jobs stay in the folder.

    Raises:
        BackendFailure: it does not end.

    Example:
        >>> stop(Path("no such folder"))
        False
    """
    if running(folder) is None:
        return False
    record = read_record(folder)
    _ask(record, "/rehearsal/stop", {})
    until = monotonic() + _PATIENCE
    while running(folder) is not None:
        if monotonic() > until:
            raise BackendFailure(f"the rehearsal does not end: end process {record.pid}")
        sleep(0.05)
    return True


def _differs(name: str, one: object, other: object) -> bool:
    return bool(getattr(one, name) != getattr(other, name))


def _started(folder: Path) -> Rehearsal:
    """Start the process of a service, and wait until it answers."""
    log = folder / "log.txt"
    # Nothing of an account of the user reaches it.
    kept = {name: text for name, text in os.environ.items() if not name.startswith("QISKIT_IBM_")}
    command = [sys.executable, "-m", "recycling.rehearsal", str(folder)]
    with log.open("ab") as written, Path(os.devnull).open("rb") as nothing:
        files = [(os.POSIX_SPAWN_DUP2, nothing.fileno(), 0)]
        files += [(os.POSIX_SPAWN_DUP2, written.fileno(), place) for place in (1, 2)]
        # It outlives this process, and no signal of this terminal reaches it.
        pid = os.posix_spawn(command[0], command, kept, file_actions=files, setsid=True)
    until = monotonic() + _PATIENCE
    while (found := running(folder)) is None or found.about["pid"] != pid:
        if os.waitpid(pid, os.WNOHANG)[0] or monotonic() > until:
            lines = log.read_text(errors="replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "no word of it")
            raise BackendFailure(f"the rehearsal does not start: {last}; see {log}")
        sleep(0.05)
    return found


def _ask(record: Record, path: str, content: Any = None) -> dict[str, Any] | None:
    """Ask a service, past any proxy; None where none answers."""
    request = Request(
        f"http://127.0.0.1:{record.port}{path}",
        None if content is None else json.dumps(content).encode(),
        {"Authorization": f"apikey {record.token}"},
    )
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=10.0) as answer:
            return dict(json.loads(answer.read()))
    except (URLError, OSError, ValueError):
        return None
