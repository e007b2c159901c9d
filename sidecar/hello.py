"""The versioned hello: how a program and a daemon that are not of one version notice it, and say what to do.

A daemon runs for months, and the programs beside it are upgraded under it; an agent keeps the MCP server that it began
with while the daemon is restarted.  So each request and each answer names, in the header `Sidecar-Protocol`, the number
of the language that its side speaks.  It is raised only by a change that the other side would misunderstand: a new
route is none, nor is a new field, unless it does harm where it is ignored (as a `dry_run` would).

Not even the standard library is used: hooks import this on every prompt.
"""

from __future__ import annotations

HEADER = "Sidecar-Protocol"
PROTOCOL = 1
OLDEST = 1
"""The oldest language of the other side that is still understood."""

ALWAYS = frozenset({"/v1/healthz", "/v1/status", "/v1/shutdown"})
"""What is asked and answered whatever the other side speaks: without it nobody could see, or end, the older one."""

UNNAMED = 1
"""What a daemon of ours speaks that names no language: those from before this hello."""

_FAMILY = "sidecar/"
_DIGITS = 9


def spoken(header: str | None) -> int | None:
    """The language that a header names; None if there is none, or no number in it."""
    number = header is not None and header.isascii() and header.isdigit() and len(header) <= _DIGITS
    return int(header) if header is not None and number else None


def version(server: str | None) -> str | None:
    """The version of the daemon by its `Server` header; None if that is none of ours."""
    return server.removeprefix(_FAMILY) if server is not None and server.startswith(_FAMILY) else None
