"""Names and passwords in addresses of remotes: kept apart, so that no command line, answer, log or file shows them.

Command lines are open to every user of the machine, and git hands the address on to the programs that it starts.  So
git gets the address without them, and what was taken out in a file of settings, 0600, for as long as the exchange runs.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from sidecar.descriptors import fresh_file
from sidecar.expressions import regex

_FILE: Final = "sidecar-exchange.config"
_HTTPS = regex(r"(https)://([^/@]*)@([^/]*)(.*)", re.IGNORECASE)
_SSH = regex(r"(ssh)://([^/@:]*):[^/@]*@(.*)", re.IGNORECASE)
_USERINFO = regex(r"(?<=://)[^/@]*@")


def shown_address(address: str) -> str:
    """The address without the user's name and password: as it may stand in files, answers and logs."""
    return _USERINFO.sub("", address)


def without_secrets(address: str) -> str:
    """The address as git may be given it: a name for ssh stays, which is no secret; its password is of no use there."""
    found = _SSH.fullmatch(address)
    if found is not None:
        return f"{found[1]}://{found[2]}@{found[3]}"
    return shown_address(address) if _HTTPS.fullmatch(address) else address


@contextmanager
def lent(address: str, folder: Path) -> Iterator[Path | None]:
    """A file of git settings with the secrets of an address, in the folder `.git`, removed at the end; None without."""
    found = _HTTPS.fullmatch(address)
    if found is None or not found[2]:
        yield None
        return
    path = folder / ".git" / _FILE
    try:
        with os.fdopen(fresh_file(path), "w", encoding="utf-8") as file:
            file.write(_settings(f"https://{found[3]}", found[2]))
        yield path
    finally:
        path.unlink(missing_ok=True)


def _settings(place: str, userinfo: str) -> str:
    """The section of git's settings: a name and a password as the header that they make, a name alone as a name."""
    name, colon, password = userinfo.partition(":")
    if not colon:
        return f'[credential "{_escaped(place)}"]\n\tusername = "{_escaped(unquote(name))}"\n'
    pair = base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()
    return f'[http "{_escaped(place)}/"]\n\textraHeader = "Authorization: Basic {pair}"\n'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
