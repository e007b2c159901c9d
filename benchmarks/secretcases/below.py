"""Every byte below a home, in clear: files as they are, git's objects and SQLite's values unpacked, the index read."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tantivy

from benchmarks.secretcases.made import Secret, windows

_SQLITE = b"SQLite format 3\0"
_MOST_DOCUMENTS = 1_000_000


def everything(home: Path) -> Iterator[tuple[str, bytes]]:
    """Where, and what stands there.  Of the sockets nothing."""
    for path in sorted(home.rglob("*")):
        name = str(path.relative_to(home))
        yield name, os.fsencode(name)
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        yield name, content
        if content.startswith(_SQLITE):
            yield from ((f"{name}: {table}", value) for table, value in _values(path))
        if path.name == "meta.json" and b"segments" in content:
            yield from ((f"{path.parent.name}: stored", value) for value in _stored(path.parent))
    for folder in sorted(home.rglob(".git")):
        yield f"{folder.relative_to(home)}: objects", _objects(folder.parent)
        yield f"{folder.relative_to(home)}: reflogs", _git(folder.parent, "reflog", "--all")


def found(home: Path, cases: Sequence[Secret]) -> dict[str, list[str]]:
    """By the name of a case, where something of its secrets stands; only of those found."""
    wanted = [(case.name, part) for case in cases for hidden in case.hidden for part in _spelled(hidden)]
    places: dict[str, list[str]] = {}
    for where, content in everything(home):
        for name, part in wanted:
            if part in content and where not in places.setdefault(name, []):
                places[name].append(where)
    return {name: where for name, where in sorted(places.items()) if where}


def _spelled(hidden: str) -> set[bytes]:
    """As it may be written: as it is, in JSON, and in JSON with ASCII alone."""
    return {
        spelled.encode()
        for part in windows(hidden)
        for spelled in (part, json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1])
    }


def _git(folder: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=True).stdout


def _objects(folder: Path) -> bytes:
    """All objects, loose and packed, also those that nothing leads to."""
    return _git(folder, "cat-file", "--batch-all-objects", "--batch", "--unordered")


def _values(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every value of a database, with what its log has and that is not in it yet; packed ones unpacked as well."""
    with tempfile.TemporaryDirectory() as scratch:
        for part in path.parent.glob(f"{path.name}*"):
            shutil.copy(part, scratch)
        with contextlib.closing(sqlite3.connect(Path(scratch) / path.name)) as database:
            database.text_factory = bytes
            tables = [row[0].decode() for row in database.execute("SELECT name FROM sqlite_master WHERE type='table'")]
            for table in tables:
                for row in database.execute(f'SELECT * FROM "{table}"'):
                    for value in row:
                        yield from ((table, each) for each in _unpacked(value))


def _unpacked(value: object) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
        with contextlib.suppress(zlib.error):
            yield zlib.decompress(value)


def _stored(folder: Path) -> Iterator[bytes]:
    """The stored fields of every document of a Tantivy index, which lie in compressed blocks."""
    searcher = tantivy.Index.open(str(folder)).searcher()
    for _, address in searcher.search(tantivy.Query.all_query(), limit=_MOST_DOCUMENTS).hits:
        for values in searcher.doc(address).to_dict().values():
            for value in values:
                yield from _of_document(value)


def _of_document(value: Any) -> Iterator[bytes]:  # noqa: ANN401 - of whatever type the field is
    if isinstance(value, str):
        yield value.encode()
    elif isinstance(value, bytes | bytearray | list):
        yield from _unpacked(bytes(value))
