"""Which transcripts hold something that the archive does not have, and which of them to read first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.archiving import Archiving
from sidecar.daemon.sources import SourceFolder, Transcript, owner, transcripts
from sidecar.errors import TranscriptUnreadable
from sidecar.model import SessionHeader
from sidecar.routing import Router
from sidecar.transcripts import READERS, headers_in, unchanged

_State = tuple[int, int, int]

_OLDEST = datetime.fromtimestamp(0, UTC)


class Unread:
    """Looks for new files, has routing learn of them, and remembers those that are passed over until they change.

    Everything but the properties touches many files: not for the event loop's thread.
    """

    def __init__(
        self,
        places: tuple[SourceFolder, ...],
        archiving: Archiving,
        router: Router,
        *,
        backfill_days: int | None,
        in_projects: Callable[[Iterable[Path]], tuple[SourceFolder, ...]],
    ) -> None:
        """The arguments are those of `Intake`."""
        self.places, self._archiving, self._router = places, archiving, router
        self._fixed, self._in_projects = places, in_projects
        self._backfill_days = backfill_days
        self._problems: dict[Path, tuple[str, _State]] = {}
        self._declined: dict[Path, _State] = {}

    @property
    def problems(self) -> Mapping[Path, str]:
        """Transcripts that cannot be read, and why."""
        return {path: reason for path, (reason, _) in sorted(self._problems.items())}

    def note(self, path: Path, problem: str | None) -> bool:
        """Remember why a file cannot be read, until it changes; whether there is such a file and such a reason."""
        state = _state(path)
        if problem is None or state is None:
            self._problems.pop(path, None)
            return False
        self._problems[path] = (problem, state)
        return True

    def survey(self) -> list[Transcript]:
        """What is to be read, newest session first.  Routing has seen all of it; what is too old is declined."""
        self._problems = {path: held for path, held in self._problems.items() if _state(path) is not None}
        pending = self.pending()
        headers = self._headers(pending)
        self._learn(headers)
        if self._look_into_projects():
            found = [item for item in self.pending() if item.path not in headers]
            pending, headers = [*pending, *found], {**headers, **self._headers(found)}
            self._learn(headers)
        wanted = [item for item in pending if self._wanted(headers[item.path])]
        for item in pending:
            state = _state(item.path)
            if item not in wanted and state is not None:
                self._declined[item.path] = state
        return sorted(wanted, key=lambda item: (_newest(headers[item.path]), str(item.path)), reverse=True)

    def among(self, paths: set[Path]) -> list[Transcript]:
        """The transcripts among some paths, once routing knows those that are new."""
        items = {owner(self.places, path) for path in paths}
        found = sorted((item for item in items if item is not None), key=lambda item: str(item.path))
        self._learn(self._headers([item for item in found if self._archiving.cursor(item.path) is None]))
        return found

    def pending(self) -> list[Transcript]:
        """Files with something unread; those that cannot be read or are too old count once they have changed."""
        passed = {**dict(self._declined), **{path: state for path, (_, state) in dict(self._problems).items()}}
        return [item for item in transcripts(self.places) if self._is_unread(item.path, passed.get(item.path))]

    def _look_into_projects(self) -> bool:
        """Look for places in the projects that are known by now; whether there are new ones."""
        before = self.places
        self.places = tuple(dict.fromkeys([*self._fixed, *self._in_projects(self._router.folders())]))
        return not set(self.places) <= set(before)

    def _learn(self, headers: Mapping[Path, tuple[SessionHeader, ...]]) -> None:
        self._router.learn([header for found in headers.values() for header in found])

    def _is_unread(self, path: Path, passed: _State | None) -> bool:
        cursor = self._archiving.cursor(path)
        if cursor is not None and unchanged(path, cursor):
            return False
        state = _state(path)
        return state is not None and passed != state  # None: gone, or a link to nothing, which has nothing to read

    def _headers(self, items: list[Transcript]) -> Mapping[Path, tuple[SessionHeader, ...]]:
        found: dict[Path, tuple[SessionHeader, ...]] = {}
        for item in items:
            try:
                found[item.path] = headers_in(READERS[item.agent], item.path)
            except TranscriptUnreadable:
                found[item.path] = ()  # whoever reads it meets the same fault, and it is noted
        return found

    def _wanted(self, headers: tuple[SessionHeader, ...]) -> bool:
        """Whether any session of a file is new enough, or too little is known of it to tell."""
        times = [header.last_record for header in headers if header.last_record is not None]
        if self._backfill_days is None or len(times) < len(headers) or not headers:
            return True
        return datetime.now(UTC) - max(times) <= timedelta(days=self._backfill_days)


def size_of(items: Iterable[Transcript]) -> int:
    """The bytes of some files together."""
    states = (_state(item.path) for item in items)
    return sum(state[1] for state in states if state is not None)


def _state(path: Path) -> _State | None:
    """What changes when a file changes; None if it is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _newest(headers: tuple[SessionHeader, ...]) -> datetime:
    return max((header.last_record or header.started or _OLDEST for header in headers), default=_OLDEST)
