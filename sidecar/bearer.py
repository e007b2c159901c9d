"""The token that clients of the TCP listener send: a private file, made on first use."""

from __future__ import annotations

import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from sidecar.config import Listen
from sidecar.errors import FileSystemFailed, TokenFileUnfit
from sidecar.files import ensure_folder
from sidecar.paths import Paths

_BYTES: Final = 32
"""Random bytes in a token: as hard to guess as a key of AES-256."""

_MOST: Final = 4096
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{32,512}")
"""What may stand in an Authorization header (RFC 6750's b64token), and is too long to be tried out."""


def place(listen: Listen, paths: Paths) -> Path:
    """The file that the settings name, else the one in the state folder."""
    return Path(listen.token_file) if listen.token_file else paths.token


def token(path: Path) -> str:
    """The token in the file; without a file one is made, 0600, in a folder that is made if need be.

    Raises:
        TokenFileUnfit: others may read it, it is not ours, or what is in it is no token.
        FileSystemFailed: it cannot be read or made.
    """
    try:
        found = _read(path)
        if found is None:
            _make(path)
            found = _read(path)
    except OSError as error:
        raise FileSystemFailed(path=path, action="used as the token file", why=error.strerror or str(error)) from error
    if found is None:
        raise TokenFileUnfit(path=path, why="it vanished while it was read.")
    return found


def _read(path: Path) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise TokenFileUnfit(path=path, why="it is no file.")
        if about.st_uid != os.geteuid():
            raise TokenFileUnfit(path=path, why="it belongs to somebody else.")
        if stat.S_IMODE(about.st_mode) & 0o077:
            raise TokenFileUnfit(path=path, why="others may read or write it.")
        text = file.read(_MOST).decode("ascii", "replace").strip()
    if not _TOKEN.fullmatch(text):
        raise TokenFileUnfit(path=path, why="it must hold one token of 32 to 512 characters A-Z a-z 0-9 . _ ~ + / = -")
    return text


def _make(path: Path) -> None:
    """Write a new token beside the file and link it there: of two at once one wins, and nobody sees half a token."""
    ensure_folder(path.parent)
    draft = path.with_name(f".sidecar-{secrets.token_hex(8)}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(f"{secrets.token_urlsafe(_BYTES)}\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
