"""Opening folders and files so that a link planted in their place leads nowhere.

A path that was looked at can be another one when it is used: between the two, anybody who may write there can put a
symbolic link.  So whoever writes holds the folder itself open, reached without a link below its root, and names single
files in it.  A hard link cannot be told from the file that it is another name of; a file that is written in place must
therefore have one name only.

Functions here raise OSError, which their callers translate.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_ATTEMPTS: Final = 5
_PAUSE_S: Final = 0.02
"""How often, and after which pause, a lock is looked at that somebody may hold for a moment only."""

_LINKED: Final = "a symlink leads out of the folder"


@contextmanager
def opened(folder: Path, root: Path | None = None, *, make: bool = False) -> Iterator[int]:
    """A descriptor of a folder, for as long as the block runs.

    With `root` no link is followed below it; without one the path is taken as it is, with the links that its owner has
    laid (settings of agents often lie behind some).  `make`: folders that are missing below `root` are made, private to
    the user and durably.
    """
    descriptor = _reached(folder, root, make=make)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _reached(folder: Path, root: Path | None, *, make: bool) -> int:
    if root is None:
        return os.open(folder, _FOLDER)
    at = os.open(root, _FOLDER)
    for part in folder.relative_to(root).parts:
        try:
            below = _below(at, part, make=make)
        finally:
            os.close(at)
        at = below
    return at


def _below(at: int, name: str, *, make: bool) -> int:
    """The folder of a name in an open one.  Never `..`: what leads out is refused like a link."""
    if name == "..":
        raise OSError(errno.ELOOP, _LINKED)
    try:
        return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=at)
    except FileNotFoundError:
        if not make:
            raise
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR) and is_link(name, at):
            raise OSError(errno.ELOOP, _LINKED) from error
        raise
    try:
        os.mkdir(name, FOLDER_MODE, dir_fd=at)
        os.fsync(at)
    except FileExistsError:
        pass  # somebody else was faster; what it is shows when it is opened
    return _below(at, name, make=False)


def is_link(name: str, at: int) -> bool:
    """Whether a name in an open folder is a symbolic link."""
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def kept_file(path: Path, flags: int) -> int:
    """A descriptor of a file of ours that is written in place, such as a log or a lock; made 0600 if it is not there.

    Refused with OSError: a symlink, anything but a file, another user's file, and one with a second name, for what is
    written would then be written into somebody else's file too.  `flags` must not truncate, which would come before
    these checks: truncate the descriptor.
    """
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise OSError(errno.ELOOP, "it is a symlink, which nobody follows here") from error
        raise
    try:
        _refuse_foreign(os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def lock_file(path: Path, flags: int) -> int:
    """As `kept_file`, for a file that carries a lock and nothing that counts.

    One with a second name, as `cp -al` of a folder gives it, is left to that name, and made anew under this one, unless
    somebody holds a lock on it.
    """
    for _ in range(_ATTEMPTS):
        try:
            descriptor = kept_file(path, flags)
        except OSError as error:
            if error.errno != errno.EMLINK:
                raise
            _let_go(path)
            continue
        if _is_named(descriptor, path):
            return descriptor
        os.close(descriptor)  # opened just before somebody else took the name from it
    raise OSError(errno.EMLINK, "it is a hard link to a file on which a running program holds a lock")


def _is_named(descriptor: int, path: Path) -> bool:
    """Whether the path still names what was opened."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _let_go(path: Path) -> None:
    """Take the name from a file that has others and that nobody has locked; whoever does so at once takes no other."""
    with suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink > 1 and _is_named(descriptor, path):
                path.unlink()
        except BlockingIOError:
            time.sleep(_PAUSE_S)  # perhaps only somebody who does the same
        finally:
            os.close(descriptor)


def log_file(path: Path, flags: int) -> int:
    """As `kept_file`, for a file whose beginning may be missed: in place of a link a new one is begun.

    What the link leads to stays as it is, under its other name.
    """
    try:
        return kept_file(path, flags)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EMLINK):
            raise
    path.unlink(missing_ok=True)
    return kept_file(path, flags)


def hint_for(error: OSError, path: Path) -> str | None:
    """What to do about a file that is refused because of what it is; None if that is not the reason."""
    if error.errno == errno.ELOOP:
        return f"Remove the link {path}: the file is made anew in its place."
    if error.errno == errno.EMLINK:
        return f"Another folder shares {path}, as after `cp -al`: stop what runs there, and copy with `cp -a` instead."
    return None


def _refuse_foreign(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    if found.st_uid != os.geteuid():
        raise OSError(errno.EPERM, "it belongs to somebody else")
    if found.st_nlink > 1:
        raise OSError(errno.EMLINK, "it is a hard link, and another file would be changed with it")


def fresh_file(path: Path) -> int:
    """A descriptor of a new, empty file, 0600, in place of whatever name was there; what a link led to is untouched."""
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)


def remove_tree(path: Path) -> None:
    """Remove whatever has this name: a folder with all that is in it, of a link the link alone."""
    with suppress(FileNotFoundError):
        if stat.S_ISDIR(path.lstat().st_mode):
            shutil.rmtree(path)  # which holds the folders open, and follows no link on its way
        else:
            path.unlink()
