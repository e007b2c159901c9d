"""What a power cut leaves: the system calls of a real run, played to a disk that forgets what was not synced.

`strace` records every call of a process and of what it starts that changes a file; nothing of the program is replaced.
Each recorded moment can then be asked what would lie on the disk if the power had failed right there:

- the bytes of a file are those of its last `fsync`; of what was written since, none, a part or all of it is there, by
  lot, for a disk writes back when it likes;
- a folder's entries are those of the folder's last `fsync` (`strict`), or the latest ones (`early`), as where a journal
  of the file system has written names back before the bytes of the files that bear them;
- inside of `.git` and of the index, entries are always the latest: git leaves the order of names to the file system.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_CALLS = (
    "openat,open,creat,close,write,pwrite64,writev,pwritev,ftruncate,lseek,fsync,fdatasync,rename,renameat,renameat2,"
    "link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,symlink,symlinkat,chdir,fchdir,clone,clone3,fork,vfork,"
    "copy_file_range,sendfile,fallocate"
)
_LINE = re.compile(r"(\d+\.\d+) (\w+)\((.*)\)\s+= (-?\d+)(?:<((?:\\x..)*)>)?.*?(?: <(\d+\.\d+)>)?")
_FD = re.compile(r"(-?\d+|AT_FDCWD)(?:<((?:\\x..)*)>)?(?:\(deleted\))?")
_TEXT = re.compile(r'"((?:\\x..)*)"')
_PACK_HEADER = 12
_COPIES = ("copy_file_range", "sendfile", "fallocate")


@dataclass(frozen=True)
class Call:
    """One call that succeeded: `end` is when it returned."""

    end: float
    pid: int
    name: str
    args: str
    result: int
    opened: str | None


def record(command: Sequence[str], folder: Path, environment: dict[str, str]) -> list[Call]:
    """Run a command; every call of it and its children that touches files, in the order in which they returned."""
    folder.mkdir(parents=True)
    tracing = [
        "strace",
        "-ff",
        "-ttt",
        "-T",
        "-y",
        "-xx",
        "-s",
        "16777216",
        "-e",
        f"trace={_CALLS}",
        "-e",
        "signal=none",
    ]
    done = subprocess.run(
        [*tracing, "-o", str(folder / "t"), *command], env=environment, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    found = [call for path in folder.iterdir() for call in _calls(path, int(path.suffix[1:]))]
    return sorted(found, key=lambda call: call.end)


def _calls(path: Path, pid: int) -> Iterator[Call]:
    for line in path.read_text().splitlines():
        found = _LINE.fullmatch(line)
        if found is not None and int(found[4]) >= 0:
            opened = None if found[5] is None else os.fsdecode(_bytes(found[5]))
            yield Call(float(found[1]) + float(found[6] or 0), pid, found[2], found[3], int(found[4]), opened)


def _of(call: Call) -> bytes:
    found = _FD.match(call.args)
    return b"" if found is None or found[2] is None else _bytes(found[2])


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


@dataclass
class Node:
    """A file or folder: `data` as programs see it, `synced` as the disk is bound to have it; a folder has entries."""

    folder: bool
    data: bytearray = field(default_factory=bytearray)
    synced: bytes | None = None
    position: int = 0
    entries: dict[str, Node] = field(default_factory=dict)
    kept: dict[str, Node] = field(default_factory=dict)


class Disk:
    """A disk below `root` that is told calls, and says what a power cut would leave."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.top = Node(folder=True)
        self._cwd: dict[int, str] = {}

    def tell(self, call: Call) -> None:
        """Let a call happen."""
        act = getattr(self, f"_{call.name}", None)
        assert call.name not in _COPIES or self.root not in call.args, "a copy that is not followed"
        if act is not None:
            act(call)

    def after_cut(self, target: Path, *, strict: bool, lots: random.Random) -> None:
        """Make below `target` what is there after the power has come back."""
        self._lay(self.top, target, strict=strict, lots=lots)

    def _lay(self, node: Node, target: Path, *, strict: bool, lots: random.Random) -> None:
        target.mkdir(mode=0o700)
        bound = strict and ".git" not in target.parts and "cache" not in target.parts
        for name, one in sorted((node.kept if bound else node.entries).items()):
            if one.folder:
                self._lay(one, target / name, strict=strict, lots=lots)
            else:
                (target / name).write_bytes(_left(one, lots))
                (target / name).chmod(0o600)

    # Where a path leads.

    def _absolute(self, pid: int, path: str, base: str | None = None) -> str:
        return os.path.normpath(path if path.startswith("/") else f"{base or self._cwd.get(pid, '/')}/{path}")

    def _parts(self, path: str) -> list[str] | None:
        if path == self.root:
            return []
        return path[len(self.root) + 1 :].split("/") if path.startswith(f"{self.root}/") else None

    def _node(self, path: str) -> Node | None:
        parts = self._parts(path)
        node: Node | None = None if parts is None else self.top
        for part in parts or ():
            node = None if node is None else node.entries.get(part)
        return node

    def _place(self, path: str) -> tuple[Node | None, str]:
        """The folder of a path, if it is known, and the name in it."""
        folder, _, name = path.rpartition("/")
        return self._node(folder), name

    def files(self) -> dict[str, bytes]:
        """Every file as programs see it, by path."""
        found: dict[str, bytes] = {}
        waiting = [("", self.top)]
        while waiting:
            path, node = waiting.pop()
            for name, one in node.entries.items():
                if one.folder:
                    waiting.append((f"{path}{name}/", one))
                else:
                    found[path + name] = bytes(one.data)
        return found

    def _of_fd(self, call: Call) -> Node | None:
        found = _FD.match(call.args)
        return None if found is None or found[2] is None else self._node(os.fsdecode(_bytes(found[2])))

    def _paths(self, call: Call) -> list[str]:
        """The paths among the arguments, each after the folder that it is relative to, if one is named."""
        texts = [os.fsdecode(_bytes(text)) for text in _TEXT.findall(call.args)]
        bases: list[str | None] = [None] * len(texts)
        if call.name.endswith(("at", "at2")):
            named = [found for found in _FD.finditer(call.args) if found[2] is not None]
            bases = [os.fsdecode(_bytes(found[2])) for found in named][: len(texts)]
        return [self._absolute(call.pid, text, base) for text, base in zip(texts, bases, strict=True)]

    # Calls.

    def _clone(self, call: Call) -> None:
        if call.pid in self._cwd:
            self._cwd[call.result] = self._cwd[call.pid]

    _clone3 = _fork = _vfork = _clone

    def _chdir(self, call: Call) -> None:
        self._cwd[call.pid] = self._paths(call)[0]

    def _fchdir(self, call: Call) -> None:
        found = _FD.match(call.args)
        assert found is not None
        self._cwd[call.pid] = os.fsdecode(_bytes(found[2]))

    def _openat(self, call: Call) -> None:
        path = self._paths(call)[0]
        parent, name = self._place(path)
        if parent is None:
            return
        node = parent.entries.get(name)
        if node is None and "O_CREAT" in call.args:
            node = parent.entries[name] = Node(folder=False)
        if node is not None and not node.folder:
            if "O_TRUNC" in call.args:
                node.data.clear()
            node.position = len(node.data) if "O_APPEND" in call.args else 0

    _open = _creat = _openat

    def _write(self, call: Call) -> None:
        node = self._of_fd(call)
        if node is not None:
            data = b"".join(_bytes(text) for text in _TEXT.findall(call.args))[: call.result]
            node.data[node.position : node.position + len(data)] = data
            node.position += len(data)
            if "tmp_pack_" in os.fsdecode(_of(call)) and node.position == len(data) == _PACK_HEADER:
                node.position = len(node.data)  # git reads on to the end, which is not recorded, and writes there

    _writev = _write

    def _pwrite64(self, call: Call) -> None:
        node = self._of_fd(call)
        if node is not None:
            data = _bytes(_TEXT.findall(call.args)[0])[: call.result]
            offset = int(call.args.rpartition(", ")[2])
            node.data.extend(b"\0" * max(0, offset - len(node.data)))
            node.data[offset : offset + len(data)] = data

    def _pwritev(self, call: Call) -> None:
        raise AssertionError(f"a call that is not followed: {call}")

    def _ftruncate(self, call: Call) -> None:
        node = self._of_fd(call)
        if node is not None:
            size = int(call.args.rpartition(", ")[2])
            del node.data[size:]
            node.data.extend(b"\0" * (size - len(node.data)))

    def _lseek(self, call: Call) -> None:
        node = self._of_fd(call)
        if node is not None:
            node.position = call.result

    def _fsync(self, call: Call) -> None:
        node = self._of_fd(call)
        if node is not None and node.folder:
            node.kept = dict(node.entries)
        elif node is not None:
            node.synced = bytes(node.data)

    _fdatasync = _fsync

    def _mkdir(self, call: Call) -> None:
        path = self._paths(call)[0]
        parent, name = self._place(path)
        if path == self.root:
            self.top = Node(folder=True)
        elif parent is not None:
            parent.entries[name] = Node(folder=True)

    _mkdirat = _mkdir

    def _rename(self, call: Call) -> None:
        source, target = self._paths(call)
        (before, old), (after, new) = self._place(source), self._place(target)
        if before is not None and after is not None:
            after.entries[new] = before.entries.pop(old)

    _renameat = _renameat2 = _rename

    def _link(self, call: Call) -> None:
        source, target = self._paths(call)
        node, (after, name) = self._node(source), self._place(target)
        if node is not None and after is not None:
            after.entries[name] = node

    _linkat = _link

    def _unlink(self, call: Call) -> None:
        path = self._paths(call)[0]
        parent, name = self._place(path)
        if parent is not None:
            parent.entries.pop(name, None)

    _unlinkat = _rmdir = _unlink


def _left(node: Node, lots: random.Random) -> bytes:
    """What is left of a file's bytes."""
    data, synced = bytes(node.data), node.synced
    if synced == data:
        return data
    lot = lots.randrange(3)
    if lot == 0:
        return data
    if synced:
        return synced
    return b"" if lot == 1 else data[: lots.randrange(len(data) + 1)]


def python(*arguments: str) -> list[str]:
    """The command line of this Python."""
    return [sys.executable, *arguments]
