"""What is new in a table that somebody else writes: rows added, rows changed in place, and ids used again.

Tables have row numbers that grow, but the last number is given out again when the last row goes away, and `VACUUM` may
number anew.  So a look remembers more than the last number:

- marks: some rows on the way back, further and further apart.  The newest mark whose row is still the same one is where
  new rows begin; what lies behind it is read again.
- fingerprints of the last rows, and of those that are not finished, wherever they are: they are looked at again.

What was there at the first look is read from its end backwards, so that the newest is known first; what is new goes
before it.  A row that has vanished means nothing: what was said is said.
"""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.records import dataclass
from sidecar.transcripts.base import Record
from sidecar.transcripts.databases import Snapshot, Value
from sidecar.transcripts.lines import MOST_MESSAGES, WIDER
from sidecar.transcripts.parsing import HEAVY_LINE
from sidecar.transcripts.values import digest, identifier, items, obj

WATCHED = 128
"""How many of the last rows are looked at again: dozens of agents at once write their last rows in turn."""

UNFINISHED = 128
"""How many unfinished rows are looked at again; more were left behind by agents that were killed."""

_FIRST_STRIDE, _STRIDE_FACTOR = 8, 4


@dataclass(frozen=True, slots=True)
class Table:
    """A table to follow.

    key: an expression that names a row for ever.
    version: an expression that changes whenever the row does; None for all the columns.
    columns: expressions of what is wanted.
    """

    name: str
    key: str
    columns: tuple[str, ...]
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `number` is its place in the table."""

    number: int
    key: str
    values: tuple[Value, ...]


class Follower:
    """One look at a table; iterate once, then ask for `more` and `state`."""

    def __init__(self, database: Snapshot, table: Table, state: object) -> None:
        """`state`: what `state()` gave at the last look, or anything else for the first one."""
        saved = obj(state)
        self._database, self._table = database, table
        self._at = 0
        self._marks = [(number, known) for number, known in map(_pair, items(saved.get("marks"))) if number > 0]
        self._seen = {key: _pair(value) for key, value in obj(saved.get("seen")).items()}
        self._open = {key: None for key in items(saved.get("open")) if isinstance(key, str)}
        self._rest = _number(saved.get("rest")) if "rest" in saved else None
        self.more = False

    def changed(self, limit_bytes: int) -> Iterator[Row]:
        """Rows that are new or differ from what was seen; of unread ones `MOST_MESSAGES` at most, and so many bytes."""
        if self._rest is None:
            last = self._key_at("TRUE ORDER BY rowid DESC LIMIT 1")
            self._at = last[0] if last else 0
            self._rest = self._at + 1
        else:
            self._at = self._beginning()
            self._rest = min(self._rest, self._at + 1)
        yield from self._again()
        taken = rows = 0
        for condition in (f"rowid > {self._at} ORDER BY rowid", f"rowid < {self._rest} ORDER BY rowid DESC"):
            for row, size, differs in self._select(condition):
                taken, rows = taken + size, rows + 1
                self._at = max(self._at, row.number)
                self._rest = min(self._rest, row.number)
                if differs:
                    yield row
                if taken >= limit_bytes or rows >= MOST_MESSAGES:
                    self.more = True
                    return
        self._rest = 0

    def _again(self) -> Iterator[Row]:
        """The rows that were seen and are different now."""
        known = sorted(number for number, _ in self._seen.values() if number <= self._at)
        for start in range(0, len(known), WATCHED):
            numbers = ",".join(map(str, known[start : start + WATCHED]))
            for row, _, differs in self._select(f"rowid IN ({numbers}) ORDER BY rowid"):
                if differs:
                    yield row

    def unfinished(self, row: Row) -> None:
        """The row will change: it is looked at again until it is given without this being said."""
        self._open[_name(row.key)] = None

    def state(self) -> Record:
        """For the cursor."""
        last = sorted(self._seen, key=lambda key: self._seen[key][0])
        open_ones = [key for key in last if key in self._open][-UNFINISHED:]
        kept = dict.fromkeys([*open_ones, *last[-WATCHED:]])
        return {
            "marks": [list(mark) for mark in self._new_marks()],
            "seen": {key: list(self._seen[key]) for key in kept},
            "open": open_ones,
            "rest": self._rest or 0,
        }

    def _beginning(self) -> int:
        for number, known in self._marks:
            found = self._key_at(f"rowid = {number}")
            if found is not None and _name(found[1]) == known:
                return number
        return 0

    def _new_marks(self) -> Iterator[tuple[int, str]]:
        distance = 0
        while distance < self._at:
            found = self._key_at(f"rowid <= {self._at - distance} ORDER BY rowid DESC LIMIT 1")
            if found is None:
                return
            yield found[0], _name(found[1])
            distance = distance * _STRIDE_FACTOR or _FIRST_STRIDE

    def _key_at(self, condition: str) -> tuple[int, str] | None:
        statement = f"SELECT rowid, {self._table.key} FROM {self._table.name} WHERE {condition}"
        return next(((_number(number), _text(key)) for number, key in self._database.rows(statement)), None)

    def _select(self, condition: str) -> Iterator[tuple[Row, int, bool]]:
        """The rows with their sizes, and whether they are not as they were seen."""
        table = self._table
        chosen = ", ".join(("rowid", table.key, table.version or "NULL", *table.columns))
        for found in self._database.rows(f"SELECT {chosen} FROM {table.name} WHERE {condition}"):
            row = Row(_number(found[0]), _text(found[1]), found[3:])
            version = found[2] if table.version else row.values
            size = sum(map(_size, row.values)) + 1
            yield row, size, self._differs(row, digest(version))

    def _differs(self, row: Row, version: str) -> bool:
        """Whether the row is not as it was; from now on it is."""
        key = _name(row.key)
        before = self._seen.get(key)
        self._seen[key] = (row.number, version)
        if before is not None and before[1] == version:
            return False
        self._open.pop(key, None)
        return True


def _name(key: str) -> str:
    return digest(key)


def _size(value: Value) -> int:
    """What a value counts: its characters, and if it is long and takes several bytes for each, these too."""
    if not isinstance(value, str | bytes):
        return 0
    wide = isinstance(value, str) and len(value) >= HEAVY_LINE and not value.isascii()
    return len(value) * (1 + WIDER) if wide else len(value)


def _pair(value: object) -> tuple[int, str]:
    fields = items(value)
    return (_number(fields[0]), identifier(fields[1])) if len(fields) == 2 else (0, "")


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _text(value: object) -> str:
    return value if isinstance(value, str) else identifier(value) or repr(value)
