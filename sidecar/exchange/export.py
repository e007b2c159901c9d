"""Our own export: a profile's files byte for byte, as a tar archive or as JSON lines; and what was left out of it.

tar     `sidecar-export.json` first, then the files at the paths that they have in the profile
jsonl   the same header on the first line, then one object a line: `path`, `sha256`, `text` (the whole file), and for
        programs that want no YAML `memory`: the front matter's keys as the format has them, and `content`

Both hold the same, and `sidecar import` reads both.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import IO, Final

from sidecar.exchange.words import LeftOut, Piece
from sidecar.files import sha256_of
from sidecar.frontmatter import Document, parse, plain
from sidecar.records import dataclass

FORMAT: Final = 1
HEADER_NAME: Final = "sidecar-export.json"
KIND: Final = "sidecar-export"
"""What the header says of itself, by which an export is known again."""

FORMATS: Final[Mapping[str, str]] = {"tar": "application/x-tar", "jsonl": "application/x-ndjson"}
"""The formats and their media types."""

_FILE_MODE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Header:
    """What an export says of itself.  `time` is an ISO time in UTC; `left` names what is not in it, line by line."""

    profile: str
    namespace: str
    time: str
    memories: int
    tombstones: int
    private: bool
    forgotten: bool
    left: Sequence[LeftOut] = ()

    def plain(self) -> dict[str, object]:
        """As JSON."""
        told = asdict(self)
        return {"kind": KIND, "format": FORMAT, **told, "left": [asdict(one) for one in self.left]}


def media_type(form: str) -> str:
    """The media type of a format."""
    return FORMATS[form]


def write(sink: IO[bytes], form: str, header: Header, pieces: Iterable[Piece]) -> None:
    """Write an export of this format (`tar` or `jsonl`) into an open file."""
    (_write_tar if form == "tar" else _write_lines)(sink, header, pieces)


def _write_tar(sink: IO[bytes], header: Header, pieces: Iterable[Piece]) -> None:
    with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        told = json.dumps(header.plain(), ensure_ascii=False, indent=1).encode()
        _add(archive, Piece(HEADER_NAME, told))
        for piece in pieces:
            _add(archive, piece)


def _add(archive: tarfile.TarFile, piece: Piece) -> None:
    entry = tarfile.TarInfo(piece.path)
    entry.size, entry.mode = len(piece.data), _FILE_MODE
    entry.mtime = 0 if piece.time is None else int(piece.time.timestamp())
    archive.addfile(entry, io.BytesIO(piece.data))


def _write_lines(sink: IO[bytes], header: Header, pieces: Iterable[Piece]) -> None:
    sink.write(_line(header.plain()))
    for piece in pieces:
        sink.write(_line(_told(piece)))


def _told(piece: Piece) -> dict[str, object]:
    told: dict[str, object] = {
        "path": piece.path,
        "sha256": sha256_of(piece.data),
        "text": piece.data.decode("utf-8"),
    }
    document = parse(piece.data) if piece.path.endswith(".md") else None
    if isinstance(document, Document) and not document.missing:
        told["memory"] = plain(document.memory())
    return told


def _line(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
