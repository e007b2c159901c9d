"""Reading old sessions one piece ahead of keeping them, so that the one does not wait for the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from sidecar.daemon.reading import ReadingProcess
from sidecar.daemon.sources import Transcript
from sidecar.pieces import Piece, read_piece
from sidecar.transcripts import Cursor

_WORTH_A_PROCESS = 4_000_000
"""Bytes of transcripts below which a process takes longer to start than the reading takes."""

_Place = tuple[Transcript, Cursor | None]


class Ahead:
    """Reads pieces in a thread, or by a process of its own if there are many; holds two at most.

    `cursor` tells how far a file has been kept.  What was read ahead counts only if it goes on from there.
    """

    def __init__(self, cursor: Callable[[Path], Cursor | None], size: int, nice: int = 0) -> None:
        """`size`: bytes that are to be read; `nice`: the niceness of the process."""
        self._cursor = cursor
        self._process = ReadingProcess(nice) if size >= _WORTH_A_PROCESS else None
        self._thread = ThreadPoolExecutor(1, "sidecar-reading")
        self._next: tuple[_Place, Future[Piece | None]] | None = None

    async def piece(self, item: Transcript, following: Transcript | None) -> Piece | None:
        """The next piece of a file, None at its end; meanwhile the one after it is begun, if need be of another file.

        Raises:
            TranscriptUnreadable: as `pieces.read_piece`.
        """
        place = (item, await asyncio.to_thread(self._cursor, item.path))
        held, self._next = self._next, None
        reading = held[1] if held is not None and held[0] == place else self._begun(place)
        piece = await asyncio.wrap_future(reading)
        if piece is not None and piece.result.more:
            self._read((item, piece.result.cursor))
        elif following is not None:
            self._read((following, await asyncio.to_thread(self._cursor, following.path)))
        return piece

    def close(self) -> None:
        """Stop reading; returns at once."""
        if self._process is not None:
            self._process.close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _read(self, place: _Place) -> None:
        self._next = (place, self._begun(place))

    def _begun(self, place: _Place) -> Future[Piece | None]:
        item, after = place
        read = read_piece if self._process is None else self._process.read
        return self._thread.submit(read, item.agent, item.path, after)
