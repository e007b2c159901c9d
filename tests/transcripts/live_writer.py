"""A process that writes a database while the test reads it, as a running agent does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_PROGRAM = """
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
for pragma in sys.argv[2:]:
    connection.execute(f"PRAGMA {pragma}").fetchall()
print("ready", flush=True)
for line in sys.stdin:
    statement, values = json.loads(line)
    try:
        connection.execute(statement, values).fetchall()
        print("done", flush=True)
    except sqlite3.Error as error:
        print(error, flush=True)
connection.close()
"""


class Writer:
    """Executes statements one by one in a process of its own, waiting for no lock."""

    def __init__(self, path: Path, *pragmas: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(path), *(pragmas or ("journal_mode=WAL",))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "ready"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, statement: str, values: Sequence[object] = ()) -> None:
        """Execute a statement; it must succeed at once."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([statement, list(values)]) + "\n")
        self._process.stdin.flush()
        assert self._answer() == "done"

    def close(self) -> None:
        """End as a program does that closes its database."""
        if self._process.poll() is None:
            self._process.communicate()

    def kill(self) -> None:
        """End as a program does that is killed."""
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()
