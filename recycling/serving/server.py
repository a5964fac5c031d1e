"""Serve a folder of runs on the loopback address, until interrupted."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Callable
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
    with listening(port, application(served_folder(folder))) as address:
        say(address)
        sys.stdout.flush()
        if show:
            webbrowser.open(address)
        Event().wait()
