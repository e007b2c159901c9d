"""Damage to golden files and databases, and what every reader owes to whatever comes of it.

The golden files are the corpus: each holds an oddity of a format.  Used by the short pass of the tests and by
`scripts/fuzz_readers.py`, which goes on for as long as it is told to.
"""

from __future__ import annotations

import functools
import json
import random
import sqlite3
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from sidecar.errors import SidecarError
from sidecar.transcripts import READERS, detect

DATA = Path(__file__).parent.parent / "data"

LIMIT_SECONDS = 2.0
"""Of CPU for one input; a golden file takes some milliseconds."""

ODD: tuple[object, ...] = (
    None, True, -1, 2**70, 1e308, float("nan"), "", "\ud83d", "a\0b", "user", "<task>", "<system-reminder>", "```", [],
    {}, [None], {"type": "text"}, {"role": "user"}, {"text": 5}, [[]], "9" * 40, "0001-01-01T00:00:00+14:00",
    "\n#### x  \n",
)  # fmt: skip


def corpus() -> Mapping[str, list[Path]]:
    """By agent, the files and the scripts of databases that are damaged."""
    found: dict[str, list[Path]] = {agent: [] for agent in sorted(READERS)}
    for folder in (DATA / "transcripts", DATA / "databases"):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.endswith(".expected.json"):
                found[path.relative_to(folder).parts[0]].append(path)
    return found


def check_damaged(source: Path, chance: random.Random) -> None:
    """Damage a file of the corpus and read it: messages or an error of ours, the same ones every time, and soon."""
    agent = source.relative_to(DATA).parts[1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.db" if source.suffix == ".sql" else source.name)
        if source.suffix == ".sql":
            _damage_database(source, path, chance)
        else:
            path.write_bytes(damaged(source.read_bytes(), chance))
        content = path.read_bytes()
        begun = time.process_time()
        try:
            _check(agent, path)
            taken = time.process_time() - begun
            assert taken < LIMIT_SECONDS, f"{taken:.1f} s"
        except Exception as error:
            kept = Path(tempfile.gettempdir(), f"failed-{agent}-{path.name}")
            kept.write_bytes(content)
            error.add_note(f"{source.relative_to(DATA)}: the damaged file is kept as {kept}")
            raise


def _check(agent: str, path: Path) -> None:
    reader = READERS[agent]
    try:
        result = reader.read(path, None)
        header = reader.header(path)
    except SidecarError:
        return
    again = reader.read(path, None, limit_bytes=100)
    assert again.messages[:1] == result.messages[:1] or again.more or again.withdrawn or result.withdrawn
    assert header is None or header.session
    for part in result.sessions():
        positions = [message.position for message in part.messages]
        assert positions == sorted(positions)
    for message in result.messages:
        assert message.id
        assert message.text
        said = [message.id, message.session, message.text, message.cwd, message.model]
        json.dumps(said, ensure_ascii=False).encode()
    detect(path)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The data with some of it cut, doubled, swapped, or replaced by what nobody expects."""
    for _ in range(chance.randint(1, 4)):
        kind = chance.randrange(5)
        lines = data.splitlines(keepends=True) or [b""]
        at = chance.randrange(len(lines))
        if kind == 0:
            lines[at] = _mutated(lines[at], chance)
        elif kind == 1:
            lines[at] = lines[at].rstrip(b"\n")
        elif kind == 2:
            lines.insert(at, chance.choice(lines))
        elif kind == 3:
            start = chance.randrange(len(data) + 1)
            noise = bytes(chance.randrange(256) for _ in range(chance.randrange(9)))
            lines = [data[:start], noise, data[start + chance.randrange(40) :]]
        else:
            other = chance.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        data = b"".join(lines)
    return data


def _mutated(line: bytes, chance: random.Random) -> bytes:
    try:
        value = json.loads(line)
    except ValueError:
        return line[: chance.randrange(len(line) + 1)] + chance.choice((b"\n", b"```\n", b"> \n", b"#### a  \n"))
    return json.dumps(_replaced(value, chance)).encode() + b"\n"


def _replaced(value: object, chance: random.Random) -> object:
    """The value with something in it exchanged, at any depth."""
    if isinstance(value, dict) and value and chance.randrange(7):
        key = chance.choice(sorted(value))
        rest = {k: v for k, v in value.items() if k != key}
        return rest if not chance.randrange(10) else rest | {key: _replaced(value[key], chance)}
    if isinstance(value, list) and value and chance.randrange(7):
        at = chance.randrange(len(value))
        return [*value[:at], _replaced(value[at], chance), *value[at + 1 :]]
    return chance.choice(ODD)


def _damage_database(script: Path, path: Path, chance: random.Random) -> None:
    """A database with odd values in its rows, or with damaged bytes, or cut off."""
    content = bytearray(_built(script))
    kind = chance.randrange(3)
    if kind == 0:
        for _ in range(chance.randint(1, 12)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        if not chance.randrange(3):
            del content[chance.randrange(len(content)) :]
    path.write_bytes(content)
    if kind:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA synchronous=OFF")
        for _ in range(chance.randint(1, 4)):
            _change_a_value(connection, chance)
        connection.close()


def _change_a_value(connection: sqlite3.Connection, chance: random.Random) -> None:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    table = chance.choice(tables)[0]
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info('{table}')")]
    rows = connection.execute(f"SELECT * FROM '{table}'").fetchall()
    if not rows:
        return
    at, row = chance.randrange(len(columns)), chance.choice(rows)
    old = row[at]
    new: object
    if isinstance(old, str) and old[:1] in ("{", "["):
        new = _mutated(old.encode(), chance).decode()
    else:
        new = chance.choice([value for value in ODD if isinstance(value, str | float) or value in (None, -1)])
    if isinstance(new, str) and "\ud83d" in new:
        new = new.encode("utf-8", "surrogatepass")
    where = " AND ".join(f"{column} IS ?" for column in columns)
    try:
        connection.execute(f"UPDATE '{table}' SET {columns[at]} = ? WHERE {where}", (new, *row))
    except (sqlite3.IntegrityError, sqlite3.DatabaseError):
        return  # the column takes no such value, so none can stand there


@functools.cache
def _built(script: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.db")
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA page_size=512")
        connection.executescript(f"BEGIN; {script.read_text()} COMMIT;")
        connection.close()
        return path.read_bytes()
