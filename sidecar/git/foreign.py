"""Looks into repositories that are not ours: what a project is known by."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sidecar.errors import GitFailed
from sidecar.git.runner import OBJECT, run, user_settings
from sidecar.git.words import RepoIdentity

PEEK_SECONDS: Final = 30.0
"""For a look into somebody else's repository, whose whole history may have to be walked for its root."""


def version() -> str:
    """The version of git on the PATH, such as `2.43.0`.  Raises GitMissing."""
    return _peek(Path("/"), "version").removeprefix("git version").strip()


def root_commit(folder: Path) -> RepoIdentity | None:
    """The repository that contains a folder, or None: not in one, not ours to read, bare, or no answer in time.

    Worktrees share one identity: that of the main work tree.  Of several root commits the oldest counts, then the
    smallest hash; the boundary of a shallow clone is no root.
    """
    try:
        common_text, own, top_text, shallow = _peek(
            folder, "rev-parse", "--git-common-dir", "--absolute-git-dir", "--show-toplevel", "--is-shallow-repository"
        ).splitlines()
        common = (folder / common_text).resolve()
        top = Path(top_text) if common == Path(own).resolve() else _main_work_tree(folder) or Path(top_text)
        root = None if shallow == "true" else _oldest_root(folder)
        remotes = {line.split(" ", 1)[1] for line in _remote_lines(folder) if " " in line}
    except (GitFailed, ValueError):
        return None
    return RepoIdentity(top, common, root, tuple(sorted(remotes)))


def has_commit(folder: Path, commit: str) -> bool:
    """Whether the repository of a folder holds a commit, reachable or not; False if git cannot tell."""
    if not OBJECT.fullmatch(commit):
        return False
    try:
        return _peek(folder, "cat-file", "-t", commit, codes=(0, 128)).strip() == "commit"
    except GitFailed:
        return False


def current_commit(folder: Path) -> str | None:
    """The commit that is checked out in the work tree of a folder; None if there is none, or git cannot tell."""
    try:
        return _peek(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", codes=(0, 1, 128)).strip() or None
    except GitFailed:
        return None


def git_folder(folder: Path) -> Path | None:
    """Where git keeps HEAD and the index of the work tree that a folder lies in; None if it lies in none."""
    try:
        return Path(_peek(folder, "rev-parse", "--absolute-git-dir").removesuffix("\n"))
    except GitFailed:
        return None


def waiting(folder: Path) -> int | None:
    """How many files below a folder its repository has not committed; None if git cannot tell."""
    try:
        output = _peek(folder, "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--", ".")
    except GitFailed:
        return None
    return output.count("\0")


def own_email(folder: Path) -> str | None:
    """The address that a commit of the user's in a folder's repository has; None if none is set, or git cannot tell."""
    try:
        return user_settings(folder, r"^user\.email$").get("user.email") or None
    except GitFailed:
        return None


def uncommitted(folder: Path) -> frozenset[str] | None:
    """The files below a folder that are not as the checked-out commit has them, by their paths from there.

    By git's own judgement, for which line ends and filters make no difference.  None if git cannot tell.
    """
    try:
        changed = _peek(folder, "diff", "--name-only", "--no-ext-diff", "--no-renames", "--relative", "-z", "HEAD")
        untracked = _peek(folder, "ls-files", "--others", "-z")
    except GitFailed:
        return None
    return frozenset(path for path in f"{changed}{untracked}".split("\0") if path)


def authors(folder: Path, since: str | None, commit: str) -> dict[str, set[str]] | None:
    """Who made what lies below a folder, by the files' paths from there: the addresses of authors and committers.

    In the commits that `commit` has and `since` has not.  None if git cannot tell.
    """
    wanted = commit if since is None else f"{since}..{commit}"
    try:
        told = _peek(
            folder,
            "log",
            "-z",
            "--no-renames",
            "--name-only",
            "--relative",
            "--format=%x01%ae%x01%ce",
            wanted,
            "--",
            ".",
        )
    except GitFailed:
        return None
    found: dict[str, set[str]] = {}
    who: set[str] = set()
    for part in told.split("\0"):
        if part.startswith("\x01"):
            who = set(part[1:].split("\x01"))
        elif part:
            found.setdefault(part.removeprefix("\n"), set()).update(who)
    return found


def _main_work_tree(folder: Path) -> Path | None:
    """Where the main work tree of a linked one lies; None if the repository itself is bare."""
    first = _peek(folder, "worktree", "list", "--porcelain").split("\n\n")[0].splitlines()
    return None if "bare" in first else Path(first[0].removeprefix("worktree "))


def _oldest_root(folder: Path) -> str | None:
    # The branches too: a checked-out orphan branch, such as one of web pages, is still the same project.
    roots = _peek(
        folder, "log", "--max-parents=0", "--format=%ct %H", "HEAD", "--branches", codes=(0, 128)
    ).splitlines()
    if not roots:  # no commit yet: `HEAD` names nothing
        return None
    return min((int(stamp), name) for stamp, name in (line.split(" ") for line in roots))[1]


def _remote_lines(folder: Path) -> list[str]:
    return _peek(folder, "config", "--get-regexp", r"^remote\..*\.url$", codes=(0, 1)).splitlines()


def _peek(folder: Path, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
    output = run(folder, arguments, codes=codes, locks=False, user_config=True, timeout=PEEK_SECONDS)
    return output.decode("utf-8", "surrogateescape")
