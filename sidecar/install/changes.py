"""What an installation changes, planned as values and then carried out: files, their backups, and how to go back.

For every file that was edited the state folder holds a record and the file as it was before: `install/<agent>/`, one
`.json` and one `.before` for each.  A file that nobody has changed since is restored byte for byte from there; from
any other only our own parts are taken out.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sidecar.errors import FileSystemFailed, NotOurFile, SettingsTaken, SettingsUnclear, SidecarError
from sidecar.files import ensure_folder, remove_durably, remove_empty_folders, sync_folder, write_durably
from sidecar.install.edits import Edit, Made
from sidecar.install.targets import Target
from sidecar.records import dataclass

_FORMAT = 1
_MOST_BYTES = 64 << 20
"""Claude Code keeps its whole state in the file in which it looks for MCP servers; it grows to megabytes."""

_NEW_MODE = 0o600
"""Of a settings file that did not exist: such files may come to hold keys."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file as it is and as it shall be; None: it does not exist.

    `path` is as the agent knows it, and may be a link; `problem`: why it is left as it is.
    """

    path: Path
    before: bytes | None
    after: bytes | None
    purpose: str
    made: Made = ()
    problem: SidecarError | None = None

    @property
    def needed(self) -> bool:
        """Whether there is anything to do."""
        return self.problem is None and self.before != self.after

    def diff(self) -> str:
        """The change as people read it."""
        old, new = (self._lines(data) for data in (self.before, self.after))
        names = ["/dev/null" if data is None else str(self.path) for data in (self.before, self.after)]
        lines = difflib.unified_diff(old, new, names[0], names[1])
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)

    @staticmethod
    def _lines(data: bytes | None) -> list[str]:
        return (data or b"").decode("utf-8", "replace").splitlines(keepends=True)


_Change = Callable[[Path, bytes | None, Edit], tuple[bytes | None, Made]]


class Installer:
    """Plans and carries out changes for one agent.  `folder`: where its records lie."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: set[str] = set()

    def plan(self, targets: Sequence[Target]) -> list[FileChange]:
        """What installing would change."""
        return [self._guarded(target.path, target.purpose, target.edit, self._put) for target in targets]

    def plan_removal(self, targets: Sequence[Target]) -> list[FileChange]:
        """What uninstalling would change."""
        return [self._guarded(target.path, target.purpose, target.edit, self._take) for target in targets]

    def _guarded(self, path: Path, purpose: str, edit: Edit, change: _Change) -> FileChange:
        try:
            before = _content(path)
            after, made = change(path, before, edit)
        except (NotOurFile, SettingsUnclear, SettingsTaken, FileSystemFailed) as error:
            return FileChange(path, None, None, purpose, problem=error)
        return FileChange(path, before, after, purpose, made)

    def _put(self, path: Path, before: bytes | None, edit: Edit) -> tuple[bytes, Made]:
        text, made = edit.put(_text(path, before))
        record = self._record(path)
        return text.encode(), {*made, *(tuple(one) for one in record.get("made", ()))}

    def _take(self, path: Path, before: bytes | None, edit: Edit) -> tuple[bytes | None, Made]:
        record = self._record(path)
        if before is None:
            return None, ()
        if record and record.get("after") == _sha256(before):
            return self._saved(path, record), ()
        left = edit.take(_text(path, before), [tuple(one) for one in record["made"]] if record else None)
        if left is None and record.get("before") is not None:
            left = ""  # it was there before us, and empty
        return (None if left is None else left.encode()), ()

    def apply(self, change: FileChange) -> None:
        """Carry out an installation's change: the backup and the record first, so that there is always a way back."""
        assert change.after is not None  # noqa: S101 - installing takes no file away
        folders = [str(folder) for folder in reversed(change.path.parents) if not folder.exists()]
        record = self._record(change.path)
        base = change.before
        if record and change.before is not None and record.get("after") == _sha256(change.before):
            base = self._saved(change.path, record)  # an older version of ours is replaced: the way back stays
            folders = record.get("folders", folders)
        self._save(change.path, base, change, folders)
        _write(change.path, change.before, change.after)

    def apply_removal(self, change: FileChange) -> None:
        """Carry out a removal's change; then there is nothing left to go back to."""
        record = self._record(change.path)
        if change.after is None:
            _target(change.path).unlink()
            self._made.update(record.get("folders", ()))
        else:
            _write(change.path, change.before, change.after)
        self.forget(change.path)

    def tidy(self) -> None:
        """Remove the folders that were made for files which have gone, where nothing else is in them."""
        for folder in sorted(map(Path, self._made), key=lambda path: len(path.parts), reverse=True):
            remove_empty_folders(folder, folder.parent)

    def forget(self, path: Path) -> None:
        """Drop the record and the backup of a file."""
        for name in self._names(path):
            remove_durably(name)
        remove_empty_folders(self._folder, self._folder.parent.parent)

    def _names(self, path: Path) -> tuple[Path, Path]:
        name = f"{path.name.lstrip('.')}-{_sha256(os.fsencode(path))[:8]}"
        return self._folder / f"{name}.json", self._folder / f"{name}.before"

    def _record(self, path: Path) -> Mapping[str, Any]:
        """What is noted of a file; nothing if it was never edited, or by a version that noted it in another way."""
        try:
            found = json.loads(self._names(path)[0].read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) and found.get("format") == _FORMAT else {}

    def _saved(self, path: Path, record: Mapping[str, Any]) -> bytes | None:
        return None if record.get("before") is None else self._names(path)[1].read_bytes()

    def _save(self, path: Path, base: bytes | None, change: FileChange, folders: list[str]) -> None:
        noted, saved = self._names(path)
        ensure_folder(self._folder)
        if base is not None:
            write_durably(saved, base)
        content = {
            "format": _FORMAT,
            "path": str(path),
            "before": None if base is None else _sha256(base),
            "after": _sha256(change.after or b""),
            "made": sorted(map(list, change.made)),
            "folders": folders,
        }
        write_durably(noted, f"{json.dumps(content, indent=2)}\n".encode())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _target(path: Path) -> Path:
    """The file behind a path: links, as people who manage dotfiles have them, stay links."""
    return path.resolve() if path.is_symlink() else path


def _content(path: Path) -> bytes | None:
    """What is in a file; None if there is none.  Raises NotOurFile for what must not be edited."""
    try:
        target = _target(path)
        found = target.stat()
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            raise NotOurFile(path=path, why="is a link to nothing") from None
        return None
    except OSError as error:
        raise NotOurFile(path=path, why=f"cannot be reached ({error.strerror})") from error
    if not stat.S_ISREG(found.st_mode):
        raise NotOurFile(path=path, why="is not a file")
    if not found.st_mode & 0o200:
        raise NotOurFile(path=path, why="is read-only")
    if found.st_size > _MOST_BYTES:
        raise NotOurFile(path=path, why="is too large for a settings file")
    try:
        return target.read_bytes()
    except OSError as error:
        raise NotOurFile(path=path, why=f"cannot be read ({error.strerror})") from error


def _text(path: Path, data: bytes | None) -> str:
    try:
        return (data or b"").decode("utf-8")
    except UnicodeDecodeError:
        raise NotOurFile(path=path, why="is not UTF-8") from None


def _write(path: Path, before: bytes | None, after: bytes) -> None:
    """Put a file in its place whole, with the permissions that it had.  Raises NotOurFile if it changed meanwhile."""
    if _content(path) != before:
        raise NotOurFile(path=path, why="has changed just now")
    target = _target(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(target.stat().st_mode) if before is not None else _NEW_MODE
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), mode)
                file.write(after)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise FileSystemFailed(path=path, action="written", why=error.strerror or str(error)) from error
    sync_folder(target.parent)
