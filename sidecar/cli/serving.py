"""`sidecar mcp` without the command line: an agent waits for it at the start of every session."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial

from sidecar.paths import Paths, resolve


def serve_mcp() -> None:
    """Serve an agent on stdin and stdout; the current folder decides the profile, none is `personal`."""
    from sidecar.mcp.server import serve

    # The SDK's thread that reads stdin cannot be woken: Python's own way with Ctrl-C would wait for it for ever.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    places = resolve(os.environ)
    serve(places.socket, _folder(), starter(places))


def _folder() -> str | None:
    try:
        return str(os.getcwd())  # noqa: PTH109 - a path as text is all that is needed
    except FileNotFoundError:
        return None


def starter(places: Paths) -> Callable[[], bool]:
    """What starts the daemon if the settings say so, and says whether it did."""
    return partial(_start, places)


def _start(places: Paths) -> bool:
    """Raises ConfigInvalid, and Unavailable with the daemon's own reason if it does not start."""
    from sidecar.cli.process import start_apart
    from sidecar.config import load

    if not load(places, os.environ).mcp.autostart:
        return False
    start_apart(os.environ)
    return True
