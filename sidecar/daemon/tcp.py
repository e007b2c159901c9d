"""The TCP listener on this machine's own address, and who may speak to it.

The Unix socket is guarded by the permissions of its file.  A TCP port has none: any user of the machine can connect,
and so can any web page in a browser here.  So a token is needed, a page of others is refused whatever it sends, and a
name that somebody has pointed at this machine (DNS rebinding) is no way in.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import socket
from typing import Final

from sidecar.daemon.listen import BACKLOG
from sidecar.errors import HostRefused, OriginRefused, TokenNeeded
from sidecar.records import dataclass
from sidecar.wire.text import shown

_HOST: Final = re.compile(r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>localhost|[0-9.]+))(?::[0-9]{1,5})?", re.ASCII)
"""A Host header whole: what stands behind an address, such as `@evil.example`, makes it another one."""

_OWN_SITES: Final = ("same-origin", "none")
"""Of Sec-Fetch-Site: our own page, and what a person has typed."""

MCP_PATH: Final = "/mcp"
"""Where MCP is served, if it is: on the Unix socket and on TCP alike."""


@dataclass(slots=True)
class Listeners:
    """Where the daemon can be reached now, for `status`; the server keeps it up to date.

    `tcp` is the bound address, `mcp` the URL (the path alone without TCP); `problem`: why TCP does not listen yet.
    """

    tcp: str | None = None
    mcp: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """Who may come in over TCP: who has the token, names this machine by its address, and is no page of others."""

    token: str

    def admit(self, host: str | None, origin: str | None, authorization: str | None, site: str | None = None) -> None:
        """Raises HostRefused, OriginRefused or TokenNeeded.

        The arguments are the headers Host, Origin, Authorization and Sec-Fetch-Site, with which a browser says whose
        page asks, for requests too that have no Origin.
        """
        if host is None or not _is_here(host):
            raise HostRefused(host=shown(host or "(none)"))
        if origin is not None and origin.lower() != f"http://{host.lower()}":
            raise OriginRefused(origin=shown(origin))
        if site is not None and site.lower() not in _OWN_SITES:
            raise OriginRefused(origin="another site")
        scheme, _, given = (authorization or "").partition(" ")
        matches = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self.token.encode())
        if scheme.lower() != "bearer" or not matches:
            raise TokenNeeded


def _is_here(host: str) -> bool:
    """Whether a Host header is a loopback address or `localhost`, with or without a port."""
    found = _HOST.fullmatch(host.strip().lower())
    if found is None:
        return False
    if found["name"] == "localhost":
        return True
    try:
        return ipaddress.ip_address(found["six"] or found["name"]).is_loopback
    except ValueError:
        return False


def bind(address: str) -> socket.socket:
    """Listen on `127.0.0.1:7373` or `[::1]:7373`; the settings have made sure that it is this machine's own.

    Raises OSError.
    """
    host, _, port = address.rpartition(":")
    six = host.startswith("[")
    sock = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_STREAM)
    try:
        # A port of a daemon that has just ended is free for the next one; two at once it never gives.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host.strip("[]"), int(port)))
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def bound(sock: socket.socket) -> str:
    """The address of a listening socket as it stands in URLs."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if sock.family == socket.AF_INET6 else f"{host}:{port}"
