"""How much memory a reader takes for a file that is made to take much: peak of the process, as a multiple of the file.

Used by the tests and by `scripts/weigh_readers.py`.  Each file is made by a process of its own, so that none of
what its making took is there already when it is read, and read by another one, which forgets each piece for the next.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from hostile import DOCUMENTS, LINES, SHAPES, STORES, TEXTS, document, name_for, record
from spoken import store

from sidecar.errors import SidecarError
from sidecar.transcripts import READERS

Maker = Callable[[int], bytes]

TINY, WORDS = "a", "Bake the rye loaf at two hundred degrees. "
LIBC = ctypes.CDLL(None)
SMILE = "\N{GRINNING FACE}"


def read_through(agent: str, path: Path) -> int:
    """Read piece by piece, as the daemon does, and forget each; how many messages there were."""
    cursor, more, messages = None, True, 0
    while more:
        try:
            result = READERS[agent].read(path, cursor)
        except SidecarError:
            return messages
        cursor, more = result.cursor, result.more
        messages += len(result.messages)
    return messages


def _texts(size: int) -> Mapping[str, list[str]]:
    """By what is odd about it: what is said in a file of about so many bytes."""

    def filled(text: str, number: int) -> list[str]:
        return [text] * max(number // len(text.encode()), 1)

    def long(text: str, number: int) -> str:
        return text * (number // len(text.encode()))

    return {
        "messages of a letter": filled(TINY, size // 40),
        "messages of two words with an emoji": filled(f"Yes {SMILE}", size // 4),
        "a kilobyte with an emoji each": filled(long(WORDS, 1000) + SMILE, size),
        "100 kB with an emoji each": filled(long(WORDS, 100_000) + SMILE, size),
        "a megabyte with an emoji each": filled(long(WORDS, 1_000_000) + SMILE, size),
        "4 MB with an emoji each": filled(long(WORDS, 4_000_000) + SMILE, size),
        "one text": [long(WORDS, size)],
        "one text with an emoji": [long(WORDS, size) + SMILE],
        "one text of emoji": [long(SMILE, size)],
        "one text of tags": [long("<b ", size) + SMILE],
        "one text of Greek": [long("\N{GREEK SMALL LETTER ALPHA} ", size)],
        "one word": ["=" * size],
    }


def talks(agent: str, form: str, size: int) -> Iterator[tuple[str, Maker]]:
    """What people and models might say in this form of the agent's files, and much more of it than they do."""
    for shape, said in _texts(size).items():
        for escaped in (False,) if form == "text" or said[0].isascii() else (False, True):
            yield f"{shape}, escaped" if escaped else shape, _maker(agent, form, said, escaped=escaped)


def _maker(agent: str, form: str, said: list[str], *, escaped: bool) -> Maker:
    def made(size: int) -> bytes:
        if form == "text":
            head = "#### x  \n\n" if agent == "aider" else "## User\n"
            return "".join(f"{head}{text}\n" for text in said).encode()[: size + 100]
        if form == "database":
            return store(agent, said, escaped=escaped)
        if form != "lines":
            return json.dumps(document(form, said), ensure_ascii=escaped).encode()
        lines = (json.dumps(record(agent, n, text), ensure_ascii=escaped) + "\n" for n, text in enumerate(said))
        head = '{"sidecar_transcript":1,"session":"s"}\n' if agent == "native" else ""
        return (head + "".join(lines)).encode()

    return made


def one_word(agent: str, form: str, size: int) -> bytes:
    """A file of about so many bytes in one of the agent's forms, in which each message is one word."""
    probe = 1000
    each = len(_maker(agent, form, ["Yes."] * probe, escaped=True)(size)) / probe
    return _maker(agent, form, ["Yes."] * int(size / each), escaped=True)(size)


def cases(agent: str, size: int) -> Iterator[tuple[str, str, Maker]]:
    """All that a reader is weighed with: what is odd, the name of the file, and what makes its bytes."""
    if agent in (*LINES, *TEXTS):
        for shape, maker in SHAPES.items():
            yield shape, name_for(agent), maker
        for shape, maker in talks(agent, "text" if agent in TEXTS else "lines", size):
            yield shape, name_for(agent), maker
    if agent in STORES:
        for shape, maker in talks(agent, "database", size):
            yield shape, "sessions.db", maker
    for form, name in DOCUMENTS.get(agent, {}).items():
        for shape in ("lists", "lists in objects", "brackets", "one string"):
            yield f"{shape} ({form})", name, SHAPES[shape]
        for shape, maker in talks(agent, form, size):
            yield f"{shape} ({form})", name, maker


def peaks(agent: str, folder: Path, size: int, *, only: str = "") -> Iterator[tuple[str, int, float]]:
    """For each case its name, the bytes of its file, and the peak memory of reading it as a multiple of them.

    `only`: what must be in the name of a case.
    """
    for shape, name, maker in [case for case in cases(agent, size) if only in case[0]]:
        path = folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(b"{}")
        read_through(agent, path)  # what the reader needs is loaded
        _in_a_child(lambda: path.write_bytes(maker(size)))  # noqa: B023 - called at once
        there = path.stat().st_size
        peak = _in_a_child(lambda: _peak(agent, path))  # noqa: B023
        yield shape, there, peak / there


def _peak(agent: str, path: Path) -> int:
    if hasattr(LIBC, "malloc_trim"):  # or it takes what the making of other cases has left free, and seems light
        LIBC.malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak is that of now
    before = _status("VmRSS")
    read_through(agent, path)
    return _status("VmHWM") - before


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def _in_a_child(work: Callable[[], int]) -> int:
    """What a function gives in a child of this process."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writing, str(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        told = answer.read()
    os.waitpid(child, 0)
    return int(told)


def main() -> None:
    """In a process of its own: weigh a reader, and tell what came of it as JSON."""
    agent, folder, size, *only = sys.argv[1:]
    found = peaks(agent, Path(folder), int(size), only=only[0] if only else "")
    sys.stdout.write(json.dumps([[shape, there, round(times, 2)] for shape, there, times in found]))


if __name__ == "__main__":
    main()
