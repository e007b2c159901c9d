"""Which transcript files there are on this machine, and which agent wrote each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from sidecar.config import ExtraFolder
from sidecar.daemon.patience import BUSY
from sidecar.errors import FieldError, TranscriptBusy
from sidecar.records import dataclass
from sidecar.transcripts import READERS, ManySessions, detect, written_for

AIDER: Final = "aider"

HISTORY: Final = ".aider.chat.history.md"

MOST_OTHERS: Final = 20_000
"""Files of a named folder that may turn out to be no transcripts: to see that of one takes about a millisecond."""

_MOST_FILES: Final = 100_000
"""Files of a named folder at all: more than years of work leave, and fewer than a whole disk has."""

_NO_FILES: Final = frozenset({"/proc", "/sys", "/dev"})
"""Where the kernel shows what looks like files, some of which never end and some of which wait for ever."""
"""The name of Aider's history, in the folder in which it was started: mostly a repository's uppermost one."""


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """A folder in which an agent keeps transcripts; it need not exist yet.

    own: whether it is the agent's own; in a project's folder only what lies directly in it is looked at.
    """

    agent: str
    root: Path
    own: bool = True

    @property
    def depth(self) -> int | None:
        """How many folders below the root transcripts lie at most; None for any number."""
        if not self.own:
            return 0
        reader = READERS[self.agent]
        return reader.depth(self.root) if isinstance(reader, ManySessions) else None


@dataclass(frozen=True, slots=True)
class Transcript:
    """One transcript file."""

    agent: str
    path: Path


def folders(
    agents: str | Sequence[str], extra: Sequence[ExtraFolder], environ: Mapping[str, str]
) -> tuple[SourceFolder, ...]:
    """The folders to watch: those of the agents (`auto`: of all known ones), and the extra ones of the settings."""
    found = [
        SourceFolder(name, root)
        for name, reader in sorted(READERS.items())
        if agents == "auto" or name in agents
        for root in reader.roots(environ)
    ]
    found += [SourceFolder(folder.agent, Path(folder.path)) for folder in extra if folder.agent in READERS]
    return tuple(dict.fromkeys(found))


def histories(projects: Iterable[Path]) -> tuple[SourceFolder, ...]:
    """The folders of projects in which Aider keeps its history: it has no central place.

    Only the folders themselves are looked into, and of them only a file of that name.
    """
    return tuple(SourceFolder(AIDER, folder, own=False) for folder in projects if os.path.isfile(folder / HISTORY))  # noqa: PTH113 - pathlib's raises where we may not look


def transcripts(places: Sequence[SourceFolder]) -> Iterator[Transcript]:
    """Every transcript below the folders, in a fixed order."""
    for place in places:
        for path in _files(place.root, place.depth):
            if READERS[place.agent].is_transcript(path):
                yield Transcript(place.agent, path)


def owner(places: Sequence[SourceFolder], path: Path) -> Transcript | None:
    """The transcript that a write to a path changes, judged by the folder in which it lies; None if there is none."""
    for place in places:
        for candidate in dict.fromkeys((path, written_for(path))):
            inside = candidate.is_relative_to(place.root) and (place.own or candidate.parent == place.root)
            if inside and READERS[place.agent].is_transcript(candidate):
                return Transcript(place.agent, candidate)
    return None


def named(paths: Sequence[Path], agent: str | None) -> tuple[list[Transcript], Mapping[Path, str]]:
    """The transcripts that paths name, and why a path names none.

    Files are taken as they are, of folders all transcripts below.  `agent` is whose format they have; None to find out.
    Raises `FieldError` for a folder that holds so much else that looking through it would take minutes.
    """
    items: list[Transcript] = []
    problems: dict[Path, str] = {}
    for path in paths:
        if str(path) in _NO_FILES:
            problems[path] = "what lies there are no files, the system only shows them so"
        elif os.path.isdir(path):  # noqa: PTH112 - pathlib's raises where a folder above may not be entered
            unlisted: list[OSError] = []
            _note_all(
                path, list(islice(_files(path, on_error=unlisted.append), _MOST_FILES + 1)), agent, items, problems
            )
            problems |= {Path(error.filename): f"it cannot be listed: {error.strerror}" for error in unlisted}
        elif _note(path, agent, items, problems):
            continue
        elif not os.path.exists(path):  # noqa: PTH110
            problems[path] = "it does not exist"
        elif not os.access(path, os.R_OK):
            problems[path] = "it may not be read"
        else:
            problems[path] = "its format is not known; name the agent with --agent"
    return list(dict.fromkeys(items)), problems


def _note_all(
    folder: Path, files: Sequence[Path], agent: str | None, items: list[Transcript], problems: dict[Path, str]
) -> None:
    """Take in what is a transcript among the files of a folder.  Raises FieldError if that would take minutes."""
    others = 0
    for file in files:
        if len(files) > _MOST_FILES or others > MOST_OTHERS:
            what = (
                f"{_MOST_FILES:,} files"
                if len(files) > _MOST_FILES
                else f"{MOST_OTHERS:,} files that are no transcripts"
            )
            problem = f"{folder} holds more than {what}; name the folders in which the transcripts lie"
            raise FieldError(field="paths", problem=problem)
        others += not _note(file, agent, items, problems)


def _note(path: Path, agent: str | None, items: list[Transcript], problems: dict[Path, str]) -> bool:
    """Take a file in if it is a transcript, or say that nobody can tell now; False if it is none."""
    try:
        item = _recognised(path, agent)
    except TranscriptBusy:
        problems[path] = BUSY
        return True
    items += [] if item is None else [item]
    return item is not None


def _recognised(path: Path, agent: str | None) -> Transcript | None:
    if not os.path.isfile(path):  # noqa: PTH113
        return None
    found = agent if agent in READERS else detect(path)
    return None if found is None else Transcript(found, path)


def _files(root: Path, depth: int | None = None, on_error: Callable[[OSError], None] | None = None) -> Iterator[Path]:
    level = len(root.parts)
    for folder, subfolders, names in os.walk(root, onerror=on_error):
        subfolders[:] = sorted(name for name in subfolders if os.path.join(folder, name) not in _NO_FILES)  # noqa: PTH118 - pathlib's takes longer than the listing
        if depth is not None and len(Path(folder).parts) - level >= depth:
            subfolders.clear()
        for name in sorted(names):
            yield Path(folder, name)
