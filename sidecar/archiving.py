"""The first half of the write road: from a transcript on disk to the archive.

    pieces.read_piece(path, cursor) -> archive -> save cursor (last)

What is archived is queued for the second half (`ingest.Learning`).  Everything here runs in the writer thread; a piece
may have been read elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar import __version__
from sidecar.journal import FileNotes, Journal
from sidecar.model import Message, ProfileRef, SessionHeader, SessionRef
from sidecar.pieces import Piece, read_piece
from sidecar.records import dataclass
from sidecar.routing import Router
from sidecar.routing.names import PERSONAL
from sidecar.transcripts import Cursor, Part


@dataclass(frozen=True, slots=True)
class Step:
    """What one step over a transcript did.

    busy: the file is being written at this moment and cannot be read; a later step finds what is in it.
    """

    added: int = 0
    changed: bool = False
    more: bool = False
    sessions: tuple[SessionRef, ...] = ()
    busy: bool = False


class Archiving:
    """Reads what is new in transcript files and keeps it, redacted, in the archive."""

    def __init__(
        self, journal: Journal, router: Router, namespace: str, quiet: timedelta, *, extracting: bool = True
    ) -> None:
        """`extracting`: whether there is anything to queue sessions for; without it they wait for a later start."""
        self._journal, self._router, self._namespace, self.quiet = journal, router, namespace, quiet
        self._extracting = extracting

    def step(self, agent: str, path: Path, *, written: datetime | None = None) -> Step:
        """Read one bounded piece of a file and archive it, the cursor last.

        `written` is the moment of the last write of a live file, from which the quiet time counts; without it the
        session's last record counts, so that old sessions are extracted at once.
        """
        piece = read_piece(agent, path, self.cursor(path))
        return Step() if piece is None else self._kept(piece, written)

    def keep_piece(self, piece: Piece) -> Step:
        """Archive a piece of an old session that was read before now.

        One that was overtaken (somebody else has read on in the file meanwhile) is dropped: then there is more.
        """
        return self._kept(piece, None) if self.cursor(piece.path) == piece.after else Step(more=True)

    def _kept(self, piece: Piece, written: datetime | None) -> Step:
        path, result = piece.path, piece.result
        if result.busy:
            return Step(busy=True)
        if result.drifted is False and self._journal.is_flagged(str(path)):
            self._release(path, written)
        parts = result.sessions()
        steps = [self._keep(piece, part, written) for part in parts[:-1]]
        # The cursor comes with the last session: after a crash in between, those before it are read once more.
        steps.append(self._keep(piece, parts[-1], written, _notes(piece)))
        if result.drifted:
            self._journal.withhold(self._journal.sessions_in(str(path)))
        return Step(
            added=sum(step.added for step in steps),
            changed=any(step.changed for step in steps),
            more=result.more,
            sessions=tuple(dict.fromkeys(ref for step in steps for ref in step.sessions)),
        )

    def _keep(self, piece: Piece, part: Part, written: datetime | None, last: FileNotes | None = None) -> Step:
        """Archive what a piece of a file holds of one session; with `last`, which goes with it, also the cursor."""
        result = piece.result
        profile = self._router.route(part.header or SessionHeader(piece.agent, "", Path())).profile
        kept = () if profile is None else part.messages
        sessions = tuple(dict.fromkeys(SessionRef(message.agent, message.session) for message in kept))
        if profile is not None and not result.drifted:
            # Queued before it is archived: a crash in between leaves a job with nothing to do, never messages without
            # a job.
            for ref in sessions:
                self.queue(ref, profile, due=self._quiet_at(ref, kept, written))
        archived = self._journal.record_read(
            str(piece.path),
            None if profile is None else part.header,  # of what a rule ignores, only the cursor is kept
            profile or ProfileRef(self._namespace, PERSONAL),
            kept,
            cursor=result.cursor.to_json() if last is not None else None,
            withdrawn=part.withdrawn,
            complete=result.complete and profile is not None,
            absent=None if result.present is None else result.present.absent,
            notes=last,
        )
        return Step(archived.added, bool(archived.added or archived.updated or archived.withdrawn), sessions=sessions)

    def _release(self, path: Path, written: datetime | None) -> None:
        """Have everything extracted that was withheld because of a file that is understood by now, or gone."""
        for ref in self._journal.sessions_in(str(path)):
            row = self._journal.session(ref)
            if row is not None and self._extracting:
                last = written or row.last_record or datetime.fromtimestamp(0, UTC)
                self._journal.enqueue(ref, row.profile, due=last + self.quiet)
        self._journal.unflag(str(path))

    def recheck(self, build: str = __version__) -> int:
        """Have the files read again that another build of this program did not understand; how many.

        One that is gone by now (deleted, renamed, compressed) is not there to be read again: what the archive has of
        it is as much as will ever be understood, and is learned from.  Should it come back, it is read as a new one.
        """
        flagged = self._journal.flagged_by_others(build)
        number = self._journal.recheck(build)
        for path in map(Path, flagged):
            if _is_gone(path):
                self._release(path, None)
        return number

    def keep(
        self, ref: SessionRef, profile: ProfileRef, messages: Sequence[Message], *, due: datetime, priority: int = 0
    ) -> None:
        """Archive messages that came without a file, already redacted, and queue their session; in this order too."""
        self.queue(ref, profile, due=due, priority=priority)
        self._journal.archive(profile, messages)

    def queue(self, ref: SessionRef, profile: ProfileRef, *, due: datetime, priority: int = 0) -> None:
        """Ask for a session to be extracted, if anything extracts and its format is understood."""
        if self._extracting and not self._journal.is_withheld(ref):
            self._journal.enqueue(ref, profile, due=due, priority=priority)

    def cursor(self, path: Path) -> Cursor | None:
        """How far the file has been read."""
        saved = self._journal.cursor(str(path))
        return None if saved is None else Cursor.from_json(saved)

    def _quiet_at(self, ref: SessionRef, messages: Iterable[Message], written: datetime | None) -> datetime:
        times = (message.time for message in messages if message.session == ref.session and message.time is not None)
        last = written or max(times, default=datetime.fromtimestamp(0, UTC))
        return last + self.quiet


def _is_gone(path: Path) -> bool:
    """Whether there is surely no such file; one that cannot be looked at just now may be there."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _notes(piece: Piece) -> FileNotes:
    """What this piece tells of the file's format."""
    result = piece.result
    return FileNotes(
        agent=piece.agent,
        version=piece.version,
        unknown=result.unknown,
        damaged=result.damaged,
        flagged=None if result.drifted is None else __version__ if result.drifted else "",
        anew=piece.after is None or result.restarted or (result.complete and result.present is None),
    )
