"""What is refused for who asks, from where, or at whose word."""

from __future__ import annotations

from sidecar.errors.base import Refused, SidecarError


class TokenNeeded(SidecarError):
    """The request has no token, or not the right one."""

    code = 1801
    exit_code = 6
    lasting = True
    http_status = 401
    hint = "Send `Authorization: Bearer TOKEN`; `sidecar config token` prints the token."


class HostRefused(Refused):
    """The request names the host {host}, which is not this machine's own address."""

    code = 1802
    hint = "Use the address that `sidecar status` shows, such as http://127.0.0.1:PORT, and no name for it."


class OriginRefused(Refused):
    """The request comes from a web page of {origin}."""

    code = 1803
    hint = "Web pages of others may not use the API; ask from a program, which sends no Origin."


class TokenFileUnfit(Refused):
    """The token file {path} cannot be used: {why}"""

    code = 1804
    hint = "Remove it, and it is made anew, or `chmod 600` it; `listen.token_file` names another one."


class ForgottenBefore(Refused):
    """What this says was forgotten, and an agent's word does not bring it back."""

    code = 1805
    hint = "If the user wants it back: `sidecar remember` in their own words, or `sidecar undo`."


class PlaceUnfit(Refused):
    """Others could read or change what is kept: {problems}"""

    code = 1806
    hint = "Mend the permissions as `sidecar doctor` says, or set SIDECAR_HOME to a folder of your own."


class PeerRefused(Refused):
    """The program at the other end of the socket belongs to another user ({peer}); only {own} is served."""

    code = 1807
    hint = "Run it as the user whose memories these are; root is another user too (`sudo -u USER`)."


class ServerForeign(Refused):
    """{socket} is served by a program of another user ({peer}); nothing was sent to it."""

    code = 1808
    hint = (
        "Run this as that user if the memories are theirs; else set SIDECAR_SOCKET to a path in a folder of your own."
    )


class SecretInName(Refused):
    """The name of the {what} holds what looks like a secret; nothing was written."""

    code = 1809
    hint = "Choose another name: names stay in files and in git's history.  If it is a real secret, exchange it."
