"""What git is doing with a profile's work tree at a hand's command: looked at in its folder, without running git."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Final

from sidecar.expressions import regex

_LOCK: Final = "index.lock"
_PAUSE_SECONDS: Final = 0.02
_PATIENCE_SECONDS: Final = 2.0
"""How long a look waits for a `git checkout` to end; one that takes longer is seen half done, and again at its end."""

_JUST_NOW_SECONDS: Final = 0.05
"""git moves HEAD right after it has written its index: until then one may not tell a switch from a removal."""

_MERGING: Final = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
_CONFLICT = regex(rb"^<{7} .*?^={7}\r?$.*?^>{7} ", re.MULTILINE | re.DOTALL)
_REF: Final = "ref: refs/heads/"


def head_of(folder: Path) -> str:
    """What HEAD names: the branch, as `ref: refs/heads/main`, or a commit; empty if there is no telling."""
    try:
        return (folder / ".git" / "HEAD").read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def tip_of(folder: Path) -> str:
    """The commit that is checked out, as git's own files say; empty if there is no telling."""
    head, git = head_of(folder), folder / ".git"
    if not head.startswith(_REF):
        return head
    ref = head.removeprefix("ref: ")
    try:
        return (git / ref).read_text("utf-8", "replace").strip()
    except OSError:
        return _packed(git, ref)


def _packed(git: Path, ref: str) -> str:
    """What a ref that has no file of its own leads to."""
    try:
        lines = (git / "packed-refs").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(" ")[0] for line in lines if line.endswith(f" {ref}")), "")


def aside(folder: Path, usual: str) -> str | None:
    """The name of the branch, or the commit, that is checked out in place of the usual branch."""
    head = head_of(folder)
    return None if head in ("", f"{_REF}{usual}") else head.removeprefix(_REF)


def is_merging(folder: Path) -> bool:
    """Whether a merge or rebase waits for a person."""
    return merges_in(folder / ".git")


def merges_in(git: Path) -> bool:
    """The same, of the folder in which git keeps HEAD."""
    return any((git / name).exists() for name in _MERGING)


def has_conflict(data: bytes) -> bool:
    """Whether a file holds both sides of a conflict, as git leaves them for a person."""
    return b"<<<<<<< " in data and _CONFLICT.search(data) is not None


def wait_for_git(folder: Path) -> bool:
    """Wait until no git command is at work in the folder, but not for long; whether there was one."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    seen = False
    while _at_work(folder) and time.monotonic() < deadline:
        seen = True
        time.sleep(_PAUSE_SECONDS)
    return seen


def _at_work(folder: Path) -> bool:
    git = folder / ".git"
    if (git / _LOCK).exists():
        return True
    try:
        return 0 <= time.time() - (git / "index").stat().st_mtime < _JUST_NOW_SECONDS
    except OSError:
        return False
