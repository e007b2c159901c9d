"""Sessions rendered from real ones: as many as are wanted, in a home as agents leave it, the same on every run.

Each copy of a session has ids of its own, and one word in sixty or so is one that no other copy has, since a person's
sessions grow not only the archive but also the vocabulary.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SMALLEST = 30_000
"""Bytes of a sample that is worth copying: a session of some turns."""

_UUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
_WORD = re.compile(rb"(?<= )[a-z]{6,14}(?=[ .,])")
_BUCKETS = 64

_PLACES: Mapping[str, str] = {
    "claude-code": ".claude/projects/-home-mia-bench/{id}.jsonl",
    "codex": ".codex/sessions/2026/01/01/rollout-2026-01-01T00-00-00-{id}.jsonl",
    "copilot-cli": ".copilot/session-state/{id}/events.jsonl",
    "pi": ".pi/agent/sessions/--home-mia-bench--/2026-01-01T00-00-00-000Z_{id}.jsonl",
}
"""By agent, where a session lies below the home folder."""


@dataclass(frozen=True, slots=True)
class Session:
    """A rendered session."""

    agent: str
    path: Path
    size: int


def render(
    samples: Mapping[str, list[Path]],
    home: Path,
    size: int,
    tick: Callable[[int], None] = lambda _: None,
    smallest: int = SMALLEST,
) -> list[Session]:
    """Write sessions of at least `size` bytes together below `home`; `tick` is told the bytes of each."""
    made: list[Session] = []
    written = 0
    for copy, agent, data in _copies(samples, smallest):
        content = _varied(data, copy)
        path = home / _PLACES[agent].format(id=_identifier(copy, agent, hashlib.sha256(data).hexdigest()))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        made.append(Session(agent, path, len(content)))
        written += len(content)
        tick(len(content))
        if written >= size:
            return made
    raise ValueError("none of the samples is a session of an agent whose folders are known")


def _copies(samples: Mapping[str, list[Path]], smallest: int) -> Iterator[tuple[int, str, bytes]]:
    """One copy of each sample after the other, without end."""
    held = [
        (agent, path.read_bytes())
        for agent in sorted(_PLACES)
        for path in samples.get(agent, ())
        if path.suffix == ".jsonl" and path.stat().st_size >= smallest and "layouts" not in path.parts
    ]
    copy = 0
    while held:
        copy += 1
        yield from ((copy, agent, data) for agent, data in held)


def _varied(data: bytes, copy: int) -> bytes:
    mark = hashlib.sha256(str(copy).encode()).hexdigest()[:8].encode()
    suffix = bytes(97 + int(digit, 16) for digit in mark[:4].decode())

    def identifier(found: re.Match[bytes]) -> bytes:
        mixed = int(found[0][:8], 16) ^ int(mark, 16)
        return b"%08x" % mixed + found[1]

    def word(found: re.Match[bytes]) -> bytes:
        return found[0] + suffix if zlib.crc32(found[0]) % _BUCKETS == copy % _BUCKETS else found[0]

    return _WORD.sub(word, _UUID.sub(identifier, data))


def _identifier(*parts: object) -> str:
    """A UUID that is the same on every run."""
    digits = hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
