"""File events as hints: which folders changed.  Scanning decides what that means.

Only the folders that are handed in are watched: the agents' own and the store, never a home folder.
"""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from watchdog import events
from watchdog.events import (
    EVENT_TYPE_CLOSED_NO_WRITE,
    EVENT_TYPE_OPENED,
    DirModifiedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from sidecar.errors import FileSystemFailed

_IGNORED_EVENTS = frozenset({EVENT_TYPE_OPENED, EVENT_TYPE_CLOSED_NO_WRITE})
"""Reading a file is no change; our own scans would wake us."""

_WANTED = [
    kind
    for _, kind in sorted(vars(events).items())
    if isinstance(kind, type)
    and issubclass(kind, FileSystemEvent)
    and kind not in (FileSystemEvent, DirModifiedEvent)  # what has come to a folder or left it is told of, too
    and kind.event_type not in _IGNORED_EVENTS
]
"""What the system is asked for.  Otherwise it tells of each file and folder that anybody opens and closes, many times
for each file that is written and each git command, and Python would read all that only to throw it away."""

_PAUSE_S = 2.0

_IGNORED_PARTS = frozenset({".git"})


# watchdog 7 warns, with all its state, when a folder appears while it is being added; the watch is there all the same.
warnings.filterwarnings("ignore", message="Callback with id", category=RuntimeWarning, module=r"watchdog\..*")


class _Handler(FileSystemEventHandler):
    def __init__(self, notify: Callable[[Path], None]) -> None:
        self._notify = notify

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Pass on what may have changed a file; both ends of a move."""
        for raw in (event.src_path, event.dest_path):
            path = Path(raw if isinstance(raw, str) else bytes(raw).decode("utf-8", "surrogateescape"))
            if raw and not _IGNORED_PARTS.intersection(path.parts):
                self._notify(path)


class FolderWatcher:
    """Watches folders and calls `notify(path)` from its own threads.

    Folders that do not exist yet are picked up by `ensure`, which the owner calls now and then.
    """

    def __init__(self, notify: Callable[[Path], None]) -> None:
        self._handler = _Handler(notify)
        self._observer = Observer()
        self._watched: dict[Path, object] = {}
        self._lock = threading.Lock()
        self._observer.start()

    def ensure(self, folders: Iterable[Path], *, shallow: Collection[Path] = ()) -> list[Path]:
        """Watch those of the folders that exist and are not watched yet; returns the newly watched ones.

        Of `shallow` ones only what lies in them is watched, not what lies in folders below.

        Raises FileSystemFailed when the system refuses the watch, for instance for want of inotify watches.
        """
        added: list[Path] = []
        with self._lock:
            for folder in sorted(set(folders)):
                if folder in self._watched and folder.is_dir():
                    continue
                self._forget(folder)
                if not folder.is_dir():
                    continue
                try:
                    recursive = folder not in shallow
                    self._watched[folder] = self._observer.schedule(
                        self._handler, str(folder), recursive=recursive, event_filter=_WANTED
                    )
                except OSError as error:
                    raise FileSystemFailed(
                        path=folder,
                        action="watched",
                        why=error.strerror or str(error),
                        hint="Raise fs.inotify.max_user_watches; until then the folder is scanned now and then.",
                    ) from error
                added.append(folder)
        return added

    @property
    def alive(self) -> bool:
        """Whether the threads that deliver events still run."""
        return self._observer.is_alive()

    def close(self) -> None:
        """Stop all watches and wait for the threads."""
        self._observer.stop()
        self._observer.join(timeout=5)

    def _forget(self, folder: Path) -> None:
        watch = self._watched.pop(folder, None)
        if watch is None:
            return
        try:
            self._observer.unschedule(watch)  # type: ignore[arg-type]
        except (KeyError, OSError):
            # The watch went away together with its folder.
            return


class Coalescer:
    """Collects changed paths until it has been quiet for a while, but not longer than a maximum wait.

    Pure: the caller passes the time (seconds, monotonic), so tests need no clock.
    """

    def __init__(self, quiet_s: float, maximum_s: float) -> None:
        self._quiet_s, self._maximum_s = quiet_s, maximum_s
        self._paths: set[Path] = set()
        self._first: float | None = None
        self._last = 0.0
        self.storm = 0
        """How many came one after the other without a pause, whether they were taken meanwhile or not."""
        self._lock = threading.Lock()

    def add(self, path: Path, now: float | None = None) -> bool:
        """A path changed; whether it is the first since they were taken."""
        moment = time.monotonic() if now is None else now
        with self._lock:
            first = self._first is None
            self.storm = self.storm + 1 if moment - self._last < _PAUSE_S else 1
            self._paths.add(path)
            self._first = moment if self._first is None else self._first
            self._last = moment
            return first

    def due(self, now: float) -> float | None:
        """Seconds until the collected paths are to be taken; 0 or less means now, None that there are none."""
        with self._lock:
            if self._first is None:
                return None
            return min(self._last + self._quiet_s, self._first + self._maximum_s) - now

    def take(self) -> set[Path]:
        """The collected paths; collecting starts anew."""
        with self._lock:
            taken, self._paths, self._first = self._paths, set(), None
            return taken
