"""Opening of transcript files, plain or zstd: the only module that knows zstandard."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import zstandard

from sidecar.errors import TranscriptUnreadable
from sidecar.records import dataclass

ZSTD_SUFFIX = ".zst"

MAX_WINDOW = 128 * 1024 * 1024
"""Memory that a compressed file may ask for; zstd's own limit without `--ultra`."""

_BUFFER = 256 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """An open transcript: its bytes (decompressed) and what the file system says of it."""

    stream: io.BufferedReader
    stat: os.stat_result
    compressed: bool

    @property
    def written(self) -> datetime:
        """When the file was last written."""
        return datetime.fromtimestamp(self.stat.st_mtime, UTC)

    def skip(self, number: int) -> bool:
        """Move `number` bytes forward; False if there are fewer."""
        if not self.compressed:
            return self.stream.seek(number, io.SEEK_CUR) <= self.stat.st_size
        while number:
            data = self.stream.read(min(number, _BUFFER))
            if not data:
                return False
            number -= len(data)
        return True


def head_of(path: Path, limit: int) -> bytes:
    """At most `limit` bytes of a file that lies beside a transcript.

    Raises OSError, also for what is not a regular file: a pipe would be waited for, and a device has no end.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    with path.open("rb") as file:
        return file.read(limit)


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """The file, open for reading; whatever fails on the way, also while reading, is a `TranscriptUnreadable`."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for ever
            raise TranscriptUnreadable(path=path, why="it is not a regular file")
        with path.open("rb", buffering=_BUFFER) as file:
            found = os.fstat(file.fileno())
            if path.suffix != ZSTD_SUFFIX:
                yield Source(cast("io.BufferedReader", file), found, compressed=False)
                return
            decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
            with decompressor.stream_reader(file, read_across_frames=True) as reader:
                raw = cast("io.RawIOBase", reader)  # it has the methods of one without being one
                yield Source(io.BufferedReader(raw, _BUFFER), found, compressed=True)
    except OSError as error:
        raise TranscriptUnreadable(path=path, why=error.strerror or str(error)) from error
    except zstandard.ZstdError as error:
        raise TranscriptUnreadable(path=path, why=str(error)) from error
