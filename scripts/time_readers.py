"""Time the readers on files of nothing but messages of one word, which take the longest for their bytes.

    python scripts/time_readers.py --write
    python scripts/time_readers.py --agent aider --megabytes 2

Processor seconds of reading alone, piece by piece as the daemon does, with no redaction and no archive: how long a
hostile or broken file keeps a reader busy, and how many calls that is spread over.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "tests" / "transcripts")]

from hostile import DOCUMENTS, LINES, STORES, TEXTS, name_for  # noqa: E402
from weighing import one_word  # noqa: E402

from benchmarks.report import write_page  # noqa: E402
from sidecar.transcripts import READERS  # noqa: E402

PAGE = CHECKOUT / "docs" / "benchmarks.md"


def main() -> None:
    """Time each reader on each form of its files, and show what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--agent", action="append", help="only this reader; may be given again")
    parser.add_argument("--megabytes", type=int, default=10, help="of each file")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    wanted = parser.parse_args()
    rows = [
        "| reader | form | messages | calls | CPU, s | longest call, s |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for agent in wanted.agent or sorted({*LINES, *TEXTS, *STORES, *DOCUMENTS}):
        for form, name in _forms(agent):
            rows.append(_timed(agent, form, name, wanted.megabytes * 1_000_000))
            print(rows[-1], file=sys.stderr, flush=True)
    table = f"Files of {wanted.megabytes} MB.\n\n" + "\n".join(rows)
    print(table)
    if wanted.write:
        write_page(PAGE, "tiny", table, fenced=False)


def _forms(agent: str) -> list[tuple[str, str]]:
    """The forms of an agent's files, with a name under which its reader takes each."""
    found = [(form, name_for(agent)) for form, agents in (("lines", LINES), ("text", TEXTS)) if agent in agents]
    return [*found, *([("database", "sessions.db")] if agent in STORES else []), *DOCUMENTS.get(agent, {}).items()]


def _timed(agent: str, form: str, name: str, size: int) -> str:
    with tempfile.TemporaryDirectory(prefix="sidecar-time-") as folder:
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one_word(agent, form, size))
        cursor, more, messages, calls = None, True, 0, list[float]()
        while more:
            begun = time.process_time()
            result = READERS[agent].read(path, cursor)
            calls.append(time.process_time() - begun)
            cursor, more, messages = result.cursor, result.more, messages + len(result.messages)
    return f"| {agent} | {form} | {messages} | {len(calls)} | {sum(calls):.1f} | {max(calls):.2f} |"


if __name__ == "__main__":
    main()
