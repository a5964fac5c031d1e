"""Serve a folder of runs on the loopback address, until interrupted."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event

from recycling.campaign.server import listening
from recycling.serving.application import application
from recycling.serving.finding import served_folder


def serve(
    folder: Path,
    port: int = 0,
    say: Callable[[str], None] = print,
    *,
    show: bool = False,
) -> None:
    """Serve a folder until interrupted; says the address once it listens. Nothing is written.

    Args:
        folder: it holds runs, sweeps, campaigns and archives, at any depth up to five.
        port: TCP port; 0 takes a free one.
        say: called with the address.
        show: opens the address in a browser.

    Raises:
        BadInput: it is no folder, or the port is none or is taken.
        KeyboardInterrupt: it was interrupted.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> def stop(line):
        ...     raise KeyboardInterrupt
        >>> with TemporaryDirectory() as folder:
        ...     try:
        ...         serve(Path(folder), say=stop)
        ...     except KeyboardInterrupt:
        ...         print("stopped")
        stopped
    """
    root = served_folder(folder)
    _import_qiskit()
    with listening(port, application(root)) as address:
        say(address)
        sys.stdout.flush()
        if show:
            webbrowser.open(address)
        Event().wait()


def _import_qiskit() -> None:
    """Import Qiskit, where it is installed, in the thread that stays.

    Requests are answered by threads that end. Qiskit 2.6.2 ends the process with a segmentation
    fault if the thread that imported it has ended; the spec of a circuit of a user's own needs it.
    """
    with suppress(ModuleNotFoundError):
        import qiskit  # noqa: F401
