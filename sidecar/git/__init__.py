"""git, the engine of history and sharing; nothing else in the program runs it.

runner      one command: fixed settings, no prompt, no hook, bounded in time
repository  a work tree of ours: status, commits, log
trees       what a commit holds, read within bounds; commits made from parts; refs
exchange    fetching from and pushing to a remote, within bounds
ssh         how ssh is run for that
past        commits by name, what differs between two, tags
rewrite     taking files out of the whole history
foreign     looks into repositories that are not ours
"""

from sidecar.git.credentials import shown_address
from sidecar.git.exchange import Exchange, remote_address
from sidecar.git.foreign import (
    PEEK_SECONDS,
    authors,
    current_commit,
    git_folder,
    has_commit,
    own_email,
    root_commit,
    uncommitted,
    version,
    waiting,
)
from sidecar.git.parsing import object_name
from sidecar.git.repository import BRANCH, Git
from sidecar.git.runner import TIMEOUT_SECONDS, Limits
from sidecar.git.trees import TreeEntry, Trees
from sidecar.git.words import Identity, LogEntry, RepoIdentity, StatusEntry, login

__all__ = [
    "BRANCH",
    "PEEK_SECONDS",
    "TIMEOUT_SECONDS",
    "Exchange",
    "Git",
    "Identity",
    "Limits",
    "LogEntry",
    "RepoIdentity",
    "StatusEntry",
    "TreeEntry",
    "Trees",
    "authors",
    "current_commit",
    "git_folder",
    "has_commit",
    "login",
    "object_name",
    "own_email",
    "remote_address",
    "root_commit",
    "shown_address",
    "uncommitted",
    "version",
    "waiting",
]
