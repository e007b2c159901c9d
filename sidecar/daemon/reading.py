"""Old sessions are read and redacted by a process of their own: much of the work of a back-fill, outside of the daemon.

In the daemon itself that work would hold the interpreter's lock, and whoever asks for memories would wait for it.  The
process reads, and hands over what it has read without its secrets; it writes nothing, and the daemon alone keeps it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import queue
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, cast

from sidecar.daemon.child import own_ends, received, send, started
from sidecar.daemon.parcels import packed, unpacked
from sidecar.errors import TranscriptUnreadable
from sidecar.pieces import Piece, read_piece
from sidecar.records import dataclass
from sidecar.transcripts import Cursor

_MEMORY_BYTES = 1 << 30
"""What the process may take: far above what a piece needs (some megabytes, and what comes of them), far below what a
machine has.  A file that needs more is one that cannot be read."""

_TRIES = 2
"""A process that is killed over a file is started once more; if it happens again, the file is to blame."""

_LAST_WORDS_S = 5.0
"""A process that has closed its end of the pipe ends soon; how it ended is worth so much waiting."""

_PROGRAM = "from sidecar.daemon.reading import serve; serve()"


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """In place of a piece: the file cannot be read."""

    why: str
    hint: str


_Reply = Piece | _Unreadable | None


class ReadingProcess:
    """The daemon's end.  One question at a time, from any thread; `close` may come meanwhile."""

    def __init__(self, nice: int = 0, memory: int = _MEMORY_BYTES) -> None:
        """It is started by the first question, with this niceness and a bound on its memory in bytes."""
        self._nice, self._memory = nice, memory
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._changing = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return None if self._process is None else self._process.pid

    def read(self, agent: str, path: Path, after: Cursor | None) -> Piece | None:
        """As `pieces.read_piece`; where no process can be started, read in this one.

        Raises:
            TranscriptUnreadable: as `read_piece`, or the process ended over this file twice.
        """
        for _ in range(_TRIES):
            process = self._running(path)
            if process is None:
                return read_piece(agent, path, after)
            try:
                return _told(path, _asked(process, (agent, str(path), None if after is None else after.to_json())))
            except (EOFError, OSError):
                if (self._end() or 0) > 0:
                    return read_piece(agent, path, after)  # a fault of ours: it comes here too, and is told and logged
        raise TranscriptUnreadable(
            path=path,
            why="the process that read it was killed twice, perhaps for want of memory",
            hint="Look whether the file is one of the agent's; it is tried again once it has changed.",
        )

    def close(self) -> None:
        """End the process at once; whoever waits for it gets TranscriptUnreadable."""
        with self._changing:
            self._closed = True
        self._end()

    def _running(self, path: Path) -> subprocess.Popen[bytes] | None:
        with self._changing:
            if self._closed:
                raise TranscriptUnreadable(
                    path=path, why="the daemon is stopping", hint="It is read at the next start."
                )
            if self._process is None:
                self._process = _started(self._nice, self._memory)
            return self._process

    def _end(self) -> int | None:
        """End the process; its exit code, negative if a signal has ended it, and None if there is none."""
        with self._changing:
            process, self._process = self._process, None
        if process is None:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0 if self._closed else _LAST_WORDS_S)
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was not written any more
                    pipe.close()
        return process.wait()


def _told(path: Path, reply: _Reply) -> Piece | None:
    if isinstance(reply, _Unreadable):
        raise TranscriptUnreadable(path=path, why=reply.why, hint=reply.hint)
    return reply


def _started(nice: int, memory: int) -> subprocess.Popen[bytes] | None:
    return started(_PROGRAM, str(nice), str(memory), stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _asked(process: subprocess.Popen[bytes], question: tuple[str, str, str | None]) -> _Reply:
    """The answer to a question.  Raises EOFError or OSError if the process has ended."""
    if process.stdin is None or process.stdout is None:  # both were asked for
        raise EOFError
    send(process.stdin, packed(question))
    try:
        return cast("_Reply", unpacked(received(process.stdout)))
    except ValueError as error:  # no words of ours: it has gone mad, and is ended
        raise EOFError from error


def serve() -> None:
    """The process: answer what is asked, until nobody can ask any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the daemon, which ends us
    nice, memory = map(int, sys.argv[1:3])
    with contextlib.suppress(OSError, ValueError):  # a service manager may forbid it, or have set less
        os.nice(nice)
    asked, answers = own_ends()
    questions: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(asked, questions), daemon=True).start()
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    collect_between_pieces()
    while True:
        agent, path, after = cast("tuple[str, str, str | None]", unpacked(questions.get()))
        send(answers, _reply(agent, Path(path), None if after is None else Cursor.from_json(after)))
        gc.collect()


def collect_between_pieces() -> None:
    """Have cyclic garbage collected by whoever calls `gc.collect` after a piece, and not while one is read.

    Records are trees that reference counts free; looking through all of them as they come takes up to a twelfth of the
    time of a file of tiny ones, and finds nothing.
    """
    gc.collect()
    gc.freeze()  # what is imported stays
    gc.disable()


def _listen(pipe: IO[bytes], questions: queue.SimpleQueue[bytes]) -> None:
    """Take questions; once there can be no more of them, end at once, in the middle of a file too."""
    try:
        while True:
            questions.put(received(pipe))
    except (EOFError, OSError):
        os._exit(0)


def _reply(agent: str, path: Path, after: Cursor | None) -> bytes:
    try:
        return packed(read_piece(agent, path, after))
    except TranscriptUnreadable as error:
        return packed(_Unreadable(str(error.fields.get("why", error.message)), error.hint))
    except MemoryError:
        return packed(_Unreadable("it takes more memory than there is for one file", TranscriptUnreadable.hint))
