"""The journal: what the daemon must remember between two runs, in one SQLite file.

Cursors of transcript files, the archive of verbatim messages, the queue of sessions to extract, the store's log of its
own writes, and which paths and commits belong to which profile.  Losing the file loses no memory: transcripts are read
again, and what they say is found to be known.
"""

from __future__ import annotations

from sidecar.journal.feed import Beside
from sidecar.journal.journal import Journal
from sidecar.journal.queue import ANEW
from sidecar.journal.values import (
    AgentCounts,
    Archived,
    ArchivedMessage,
    Backlog,
    Ended,
    FileFormat,
    FileNotes,
    FileProblem,
    Job,
    JobState,
    Kept,
    Mark,
    MessageChange,
    ModelUse,
    Outcome,
    QueueCounts,
    QueuedJob,
    Run,
    SessionRow,
    Surroundings,
    Telling,
)

__all__ = [
    "ANEW",
    "AgentCounts",
    "Archived",
    "ArchivedMessage",
    "Backlog",
    "Beside",
    "Ended",
    "FileFormat",
    "FileNotes",
    "FileProblem",
    "Job",
    "JobState",
    "Journal",
    "Kept",
    "Mark",
    "MessageChange",
    "ModelUse",
    "Outcome",
    "QueueCounts",
    "QueuedJob",
    "Run",
    "SessionRow",
    "Surroundings",
    "Telling",
]
