"""Pipes, devices, sockets and links to nothing in the place of files: told or passed over, never waited for."""

from __future__ import annotations

import ast
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar import transcripts
from sidecar.cli.process import holder
from sidecar.daemon.lock import HomeLock
from sidecar.errors import FileSystemFailed
from sidecar.exchange.reading import read
from sidecar.index.shelf import wipe
from sidecar.transcripts.streams import head_of


def _socket(path: Path) -> None:
    here = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as one:  # its own path would be too long
        one.bind(f"/proc/self/fd/{here}/{path.name}")
    os.close(here)


ODD: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "folder": Path.mkdir,
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to nothing": lambda path: path.symlink_to("nowhere"),
    **({"socket": _socket} if Path("/proc/self/fd").exists() else {}),
}


@pytest.mark.parametrize("kind", list(ODD))
def test_what_lies_beside_a_transcript_is_a_file_or_an_error(tmp_path: Path, kind: str) -> None:
    ODD[kind](tmp_path / "odd")
    with pytest.raises(OSError, match="odd"):
        head_of(tmp_path / "odd", 100)
    (tmp_path / "file").write_bytes(b"words")
    assert head_of(tmp_path / "file", 3) == b"wor"


def test_no_reader_opens_a_file_in_another_way() -> None:
    """`opened` and the look at databases refuse what is no file before they open it."""
    folder = Path(transcripts.__file__).parent
    found = []
    for path in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                opens = node.func.attr == "open" and any(isinstance(one, ast.Constant) for one in node.args[:1])
                if (opens and node.args[0].value == "rb") or node.func.attr in ("read_bytes", "read_text"):
                    found.append(path.name)
    assert set(found) == {"streams.py", "databases.py"}


@pytest.mark.parametrize("name", ["x.tar", "x.jsonl", "x.json", "x.md", "x"])
@pytest.mark.parametrize("kind", list(ODD))
def test_an_import_says_that_it_is_no_file(tmp_path: Path, kind: str, name: str) -> None:
    """A thread of the daemon that waited for a pipe would keep it from ending, too."""
    ODD[kind](tmp_path / name)
    for form in (None, "sidecar", "mem0"):
        found = read(tmp_path / name, form)
        assert not found.pieces
        assert [one.why for one in found.left]
        assert not any("it it " in one.why for one in found.left)


@pytest.mark.parametrize("kind", list(ODD))
def test_in_place_of_an_index_that_is_none_another_is_made(tmp_path: Path, kind: str) -> None:
    ODD[kind](tmp_path / "index")
    wipe(tmp_path / "index")
    assert not os.path.lexists(tmp_path / "index")
    wipe(tmp_path / "index")


def test_who_looks_for_a_daemon_waits_for_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "daemon.lock")
    assert holder(tmp_path / "daemon.lock") is None
    with pytest.raises(FileSystemFailed, match="not a regular file"):
        HomeLock(tmp_path / "daemon.lock")
