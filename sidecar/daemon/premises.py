"""Whether the places where memories are kept are the user's alone: looked at before a daemon starts, and by `doctor`.

A folder of ours that others can look into, or that is not ours, is refused with the command that mends it: it was made
0700, so somebody has opened it since, and what was read meanwhile cannot be called back by closing it silently.  But
for a store that is there before the first start: a person has made it, or brought it from another machine, and no tool
does that with 0700; it is closed, and that is told.

Files inside are not looked at: below a folder that nobody else may enter, what mode git or an editor gives them does
not matter.  What others could put in our place counts too: a parent in which anybody may rename.

What is odd and yet lets nobody in is only told: see `Finding.refused`.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from sidecar.errors import PlaceUnfit
from sidecar.paths import Paths
from sidecar.records import dataclass

_OTHERS: Final = 0o077
_ANYBODY_WRITES: Final = 0o002
_GROUP_WRITES: Final = 0o020
_ROOT: Final = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """What is not as it should be about a place: `why` as the end of a sentence, `mend` a command for a shell.

    `place`: store, state, cache, socket, config or parent.  `refused`: no daemon starts until it is mended.
    """

    place: str
    path: Path
    why: str
    mend: str
    refused: bool = True

    @property
    def told(self) -> str:
        """The finding in words."""
        return f"{self.path} {self.why}"


def verify(paths: Paths, environ: Mapping[str, str]) -> list[Finding]:
    """What is to be warned of; raises PlaceUnfit, with all that has to be mended, if a daemon must not start."""
    found = look(paths, environ)
    unfit = [one for one in found if one.refused]
    if unfit:
        commands = " && ".join(dict.fromkeys(one.mend for one in unfit))
        raise PlaceUnfit(problems="; ".join(one.told for one in unfit), hint=f"Mend it: {commands}")
    for one in found:
        if one.place == "store":
            one.path.chmod(stat.S_IMODE(one.path.stat().st_mode) & ~_OTHERS)
    return found


def look(paths: Paths, environ: Mapping[str, str]) -> list[Finding]:
    """All findings, each once.  A place that is not there yet will be made 0700: only its parents are looked at."""
    return list(dict.fromkeys(_findings(paths, environ)))


def _findings(paths: Paths, environ: Mapping[str, str]) -> Iterator[Finding]:
    yield from _store(paths)
    for place, folder in (("state", paths.state), ("cache", paths.cache)):
        yield from _private(place, folder)
    for place, folder in (("state", paths.logs), ("state", paths.trash), ("cache", paths.index)):
        yield from _owned(place, folder)  # behind a closed door, so their mode says nothing
    if environ.get("SIDECAR_SOCKET"):
        yield from _chosen(paths.socket.parent)
    else:
        yield from _private("socket", paths.socket.parent)
    yield from _settings(paths.config_file)
    for folder in (paths.store, paths.state, paths.cache, paths.socket.parent, paths.config_file.parent):
        yield from _parents(folder)


def _store(paths: Paths) -> Iterator[Finding]:
    """The store; before the first start it may have been made by hand, if nobody else could have put anything in."""
    found = _stat(paths.store)
    by_hand = found is not None and not found.st_mode & _ANYBODY_WRITES and not paths.journal.exists()
    for one in _private("store", paths.store):
        made = by_hand and one.mend.startswith("chmod")
        yield replace(one, why=f"{one.why}; the first start closes it", refused=False) if made else one


def _private(place: str, folder: Path) -> Iterator[Finding]:
    """A folder that is ours and that nobody else may enter."""
    found = _stat(folder)
    if found is None:
        return
    yield from _owned(place, folder)
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) & _OTHERS:
        verb = "changed" if found.st_mode & (_ANYBODY_WRITES | _GROUP_WRITES) else "read"
        yield Finding(place, folder, f"can be {verb} by others", f"chmod go-rwx {shlex.quote(str(folder))}")


def _owned(place: str, folder: Path) -> Iterator[Finding]:
    found = _stat(folder)
    if found is not None and found.st_uid != os.geteuid():
        mend = f"sudo chown -R {os.geteuid()} {shlex.quote(str(folder))}"
        yield Finding(place, folder, f"belongs to another user ({found.st_uid})", mend)


def _chosen(folder: Path) -> Iterator[Finding]:
    """The folder of a socket that the user has put elsewhere: the socket is 0600 in it, and nobody may take it away."""
    found = _stat(folder)
    if found is None:
        return
    if found.st_uid not in (os.geteuid(), _ROOT):
        yield from _owned("socket", folder)
    elif found.st_mode & stat.S_ISVTX and found.st_mode & _ANYBODY_WRITES:
        why = "is open to everybody: others can take the socket's name first, and requests are then refused"
        yield Finding("socket", folder, why, "unset SIDECAR_SOCKET", refused=False)
    elif found.st_mode & _ANYBODY_WRITES:
        yield _open_to_all("socket", folder)


def _settings(file: Path) -> Iterator[Finding]:
    """Who can change the settings decides where text goes: they are the user's own, or the administrator's."""
    for path in (file, file.parent):
        found = _stat(path)
        if found is None:
            continue
        if found.st_uid not in (os.geteuid(), _ROOT):
            yield from _owned("config", path)
        if found.st_mode & _ANYBODY_WRITES and not (path == file.parent and found.st_mode & stat.S_ISVTX):
            yield _open_to_all("config", path)
        elif found.st_mode & _GROUP_WRITES:
            why = "can be changed by its group"
            yield Finding("config", path, why, f"chmod g-w {shlex.quote(str(path))}", refused=False)


def _parents(folder: Path) -> Iterator[Finding]:
    """The folders above, by the path as it is written and by the one behind its links."""
    for parent in dict.fromkeys((*folder.absolute().parents, *folder.resolve().parents)):
        found = _stat(parent)
        if found is None:
            continue
        if found.st_mode & _ANYBODY_WRITES and not found.st_mode & stat.S_ISVTX:
            yield _open_to_all("parent", parent)
        elif found.st_uid not in (os.geteuid(), _ROOT):
            why = f"belongs to another user ({found.st_uid}), who can put something else in the place of what is below"
            yield Finding("parent", parent, why, "Set SIDECAR_HOME to a folder of your own.", refused=False)


def _open_to_all(place: str, path: Path) -> Finding:
    return Finding(place, path, "can be changed by everybody", f"chmod o-w {shlex.quote(str(path))}")


def _stat(path: Path) -> os.stat_result | None:
    """What is behind the path; None if nothing is, or nobody lets us look, which shows when it is opened."""
    try:
        return path.stat()
    except OSError:
        return None
