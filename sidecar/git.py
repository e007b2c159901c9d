"""The only runner of git: fixed settings, fixed locale, never a prompt, never a hook, bounded in time.

Commits are made with `git fast-import` from the very bytes that the caller gives, not from what lies in the work tree
at that moment: somebody may be editing there.  The index is brought along afterwards, for the paths concerned only.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sidecar.errors import GitFailed, GitMissing

BRANCH: Final = "main"
TIMEOUT_SECONDS: Final = 120.0
"""For our own repositories: a status over 100,000 files on a slow disk takes seconds, never minutes."""
PEEK_SECONDS: Final = 30.0
"""For a look into somebody else's repository, whose whole history may have to be walked for its root."""

_LOCK_PATIENCE: Final = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
_LOCK_STALE_SECONDS: Final = 60.0
_SETTINGS: Final = {
    "core.quotepath": "false",
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.fsync": "all",  # a commit that a ref names must be whole after a power cut, and so must the ref
    "core.autocrlf": "false",
    "core.safecrlf": "false",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null",
    "core.pager": "cat",
    "commit.gpgsign": "false",
    "tag.gpgsign": "false",
    "fastimport.unpackLimit": "1",  # packs, not 256 folders of loose objects that the watcher would have to follow
    "gc.autoDetach": "false",
    "advice.detachedHead": "false",
    "color.ui": "false",
    "log.showSignature": "false",
    "safe.directory": "*",
}
_EXCLUDED: Final = ("/private/", "/PROFILE.md", ".sidecar-*.tmp", "*~", ".*.sw?", ".#*", "\\#*#", "4913", ".DS_Store")
"""Never committed: what is private, what is generated, and what editors leave while they save."""

_ATTRIBUTES: Final = "* -text -eol -ident -filter -working-tree-encoding\n"
"""Files are stored byte for byte, whatever a `.gitattributes` in the tree says."""

_IN_PROGRESS: Final = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
_TRAILER = re.compile(r"(Memory-Id|Session|Agent): (.+)")
_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_LOCK = re.compile(r"(?:'([^'\n]+)\.lock'|lock config file ([^\n]+)): File exists")
"""How git says that somebody holds one of its locks: of the index, of a ref, of its settings."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a commit is by."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """A path that differs between HEAD, index and work tree; `untracked` ones are not in HEAD."""

    path: str
    untracked: bool


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One commit, newest first in a log; `memories`, `sessions` and `agents` are its trailers."""

    commit: str
    parents: tuple[str, ...]
    time: datetime
    author: Identity
    subject: str
    body: str
    memories: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RepoIdentity:
    """What makes a repository the same one wherever it lies; `root_commit` is None if it cannot be told."""

    top: Path
    common: Path
    root_commit: str | None
    remotes: tuple[str, ...]


def login() -> str:
    """The user's login name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without an account
        return f"uid{os.getuid()}"


class Git:
    """git in one work tree of ours; `machine` is the name of this computer, which stands in our identity."""

    def __init__(self, folder: Path, machine: str) -> None:
        self.folder = folder
        self._machine = machine

    @property
    def machine_identity(self) -> Identity:
        """The daemon's own name as an author."""
        return Identity("sidecar", f"sidecar@{self._machine}")

    def user_identity(self) -> Identity:
        """The user's name as git knows it here, else login and machine."""
        name, email = (
            _run(self.folder, ["config", "--get", key], user_config=True, codes=(0, 1))
            .decode("utf-8", "replace")
            .strip()
            for key in ("user.name", "user.email")
        )
        return Identity(name or login(), email or f"{login()}@{self._machine}")

    def is_repo(self) -> bool:
        """Whether the folder is itself the top of a work tree (not merely inside one)."""
        return (self.folder / ".git").exists()

    def init(self) -> None:
        """Make the folder a repository with our local settings; safe to repeat, also after a cut in the middle."""
        own = self.folder / ".git"
        if self._half_made():
            shutil.rmtree(own)
        if not self.is_repo():
            self._git("init", "--quiet", "--template=", f"--initial-branch={BRANCH}")
            for name in ("HEAD", "config", "."):  # which git itself leaves to the disk's good will
                descriptor = os.open(own / name, os.O_RDONLY | os.O_CLOEXEC)
                os.fsync(descriptor)
                os.close(descriptor)
        info = own / "info"
        info.mkdir(mode=0o700, exist_ok=True)
        exclude = info / "exclude"
        present = exclude.read_text("utf-8").splitlines() if exclude.exists() else []
        missing = [line for line in _EXCLUDED if line not in present]
        if missing:
            exclude.write_text("\n".join([*present, *missing]) + "\n", "utf-8")
        attributes = info / "attributes"
        if not attributes.exists() or not attributes.read_bytes():
            attributes.write_text(_ATTRIBUTES, "utf-8")

    def _half_made(self) -> bool:
        """Whether the `git init` of this folder was cut off: what we add after it is not there, nor any object."""
        own = self.folder / ".git"
        objects = any(path.is_file() for path in (own / "objects").rglob("*"))
        return own.is_dir() and not (own / "info" / "exclude").exists() and not objects

    def head(self) -> str | None:
        """The current commit; None before the first one."""
        found = self._git("rev-parse", "--verify", "--quiet", "HEAD^{commit}", codes=(0, 1)).decode().strip()
        return found or None

    def status(self) -> list[StatusEntry]:
        """Every path that differs from HEAD, untracked files one by one, sorted; ignored files are left out."""
        output = self._git(
            "status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=none",
            "--no-ahead-behind", locks=False,
        )  # fmt: skip
        return sorted(_status_entries(output), key=lambda entry: entry.path)

    def files(self, revision: str = "HEAD", under: Sequence[str] = ()) -> dict[str, str]:
        """Path and object name of every regular file of a commit (of some paths of it); empty before the first."""
        if revision == "HEAD" and self.head() is None:
            return {}
        found: dict[str, str] = {}
        for start in range(0, len(under) or 1, 500):  # keeps the command line short
            output = self._git("ls-tree", "-r", "-z", revision, "--", *under[start : start + 500])
            for line in output.split(b"\0")[:-1]:
                meta, path = line.split(b"\t", 1)
                mode, kind, name = meta.decode().split(" ")
                if kind == "blob" and mode != "120000":
                    found[os.fsdecode(path)] = name
        return found

    def read(self, revision: str, paths: Sequence[str]) -> dict[str, bytes]:
        """The bytes of those of the files that a commit has."""
        names = self.files(revision, paths) if paths else {}
        if not names:
            return {}
        output = self._git("cat-file", "--batch", given="".join(f"{name}\n" for name in names.values()).encode())
        found: dict[str, bytes] = {}
        position = 0
        for path in names:
            end = output.index(b"\n", position)
            size = int(output[position:end].split(b" ")[2])
            found[path] = output[end + 1 : end + 1 + size]
            position = end + size + 2
        return found

    def show(self, revision: str, path: str) -> bytes | None:
        """The bytes of a file in a commit; None if it is not there."""
        return self.read(revision, [path]).get(path)

    def commit(self, changes: Mapping[str, bytes | None], message: str, author: Identity, when: datetime) -> str | None:
        """Commit exactly these bytes (None: removed) on the current branch; None if HEAD has them all already.

        The committer is always the machine.  Raises `GitFailed` on a detached HEAD or in the middle of a merge.
        """
        if not changes:
            return None
        parent, branch = self.head(), self._branch()
        known = self.files("HEAD", sorted(changes)) if parent else {}
        news = {path: data for path, data in sorted(changes.items()) if not _same(known.get(path), data)}
        made = self._import(news, message, author, when, branch, parent) if news else None
        self.refresh_index(sorted(changes))
        return made

    def log(self, paths: Sequence[str] = (), limit: int | None = None, mentions: str | None = None) -> list[LogEntry]:
        """Commits from the newest back: those touching `paths`, or whose message has the line `mentions`."""
        if self.head() is None:
            return []
        arguments = ["log", "-z", "--no-color", "--no-show-signature", "--format=%H%x01%P%x01%at%x01%an%x01%ae%x01%B"]
        if limit is not None:
            arguments.append(f"--max-count={limit}")
        if mentions is not None:
            arguments += ["--fixed-strings", f"--grep={mentions}"]
        output = self._git(*arguments, "--", *paths).decode("utf-8", "replace")
        return [_log_entry(record) for record in output.split("\0") if record]

    def root_commits(self) -> list[str]:
        """The commits without parents that HEAD descends from, sorted."""
        if self.head() is None:
            return []
        return sorted(self._git("rev-list", "--max-parents=0", "HEAD").decode().split())

    def collect_garbage(self) -> None:
        """Pack loose objects if git finds that there are too many."""
        self._git("gc", "--auto", "--quiet")

    def run(
        self,
        *arguments: str,
        given: bytes = b"",
        codes: tuple[int, ...] = (0,),
        locks: bool = True,
        timeout: float = TIMEOUT_SECONDS,
    ) -> bytes:
        """Standard output of one git command in this work tree, for the modules that build on this one.

        Any exit code that is not among `codes` raises `GitFailed`.
        """
        return self._git(*arguments, given=given, codes=codes, locks=locks, timeout=timeout)

    def _branch(self) -> str:
        busy = [name for name in _IN_PROGRESS if (self.folder / ".git" / name).exists()]
        if busy:
            raise GitFailed(
                command="commit", folder=self.folder, stderr=f"{busy[0]} says that a merge or rebase is going on"
            )
        branch = self._git("symbolic-ref", "--quiet", "HEAD", codes=(0, 1)).decode().strip()
        if not branch:
            raise GitFailed(command="commit", folder=self.folder, stderr="HEAD is detached; run `git switch main`")
        return branch

    def _import(
        self,
        files: Mapping[str, bytes | None],
        message: str,
        author: Identity,
        when: datetime,
        branch: str,
        parent: str | None,
    ) -> str:
        stamp = f"{int(when.timestamp())} +0000"
        text = message.encode()
        stream = [
            f"feature done\ncommit {branch}\nmark :1\n".encode(),
            f"author {_signature(author)} {stamp}\ncommitter {_signature(self.machine_identity)} {stamp}\n".encode(),
            b"data %d\n%s\n" % (len(text), text),
            f"from {parent}\n".encode() if parent else b"",
        ]
        for path, data in files.items():
            quoted = _quoted(path)
            stream.append(
                b"D %s\n" % quoted if data is None else b"M 100644 inline %s\ndata %d\n%s\n" % (quoted, len(data), data)
            )
        stream.append(b"get-mark :1\ndone\n")
        output = self._git("fast-import", "--quiet", "--date-format=raw", given=b"".join(stream)).decode().strip()
        if _OBJECT.fullmatch(output) is None:
            raise GitFailed(command="fast-import", folder=self.folder, stderr=f"unexpected answer {output!r}")
        return output

    def refresh_index(self, paths: Sequence[str]) -> None:
        """Bring git's index to what lies in the work tree, for these paths only."""
        given = b"".join(os.fsencode(path) + b"\0" for path in paths)
        self._git("update-index", "-z", "--add", "--remove", "--replace", "--stdin", given=given)

    def _git(
        self,
        *arguments: str,
        given: bytes = b"",
        codes: tuple[int, ...] = (0,),
        locks: bool = True,
        timeout: float = TIMEOUT_SECONDS,
    ) -> bytes:
        for pause in (*_LOCK_PATIENCE, None):
            try:
                return _run(self.folder, arguments, given=given, codes=codes, locks=locks, timeout=timeout)
            except GitFailed as error:
                held = _LOCK.search(str(error.fields["stderr"]))
                if pause is None or held is None:
                    raise
            self._remove_stale(self.folder / f"{held[1] or held[2]}.lock")
            time.sleep(pause)
        raise AssertionError("the loop returns or raises")

    def _remove_stale(self, lock: Path) -> None:
        """Take away a lock of this repository whose owner must have died: no command of ours or a hand is so slow."""
        try:
            if lock.is_relative_to(self.folder / ".git") and time.time() - lock.stat().st_mtime > _LOCK_STALE_SECONDS:
                lock.unlink()
        except FileNotFoundError:  # its owner has just finished
            return


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
    if not _OBJECT.fullmatch(commit):
        return False
    try:
        return _peek(folder, "cat-file", "-t", commit, codes=(0, 128)).strip() == "commit"
    except GitFailed:
        return False


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
    output = _run(folder, arguments, codes=codes, locks=False, user_config=True, timeout=PEEK_SECONDS)
    return output.decode("utf-8", "surrogateescape")


def _run(
    folder: Path,
    arguments: Sequence[str],
    *,
    given: bytes = b"",
    codes: tuple[int, ...] = (0,),
    locks: bool = True,
    user_config: bool = False,
    timeout: float = TIMEOUT_SECONDS,
) -> bytes:
    """Standard output of one git command; any exit code that is not among `codes` raises `GitFailed`."""
    settings = {**_SETTINGS}
    if user_config:  # whose repository it is, the user's own settings decide there
        del settings["safe.directory"]
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = ["git", "--literal-pathspecs", "--no-pager", *options, *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=_environment(folder, locks, user_config),
            input=given,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        if not folder.is_dir():
            raise GitFailed(command=arguments[0], folder=folder, stderr="the folder is not there") from error
        raise GitMissing from error
    except subprocess.TimeoutExpired as error:
        raise GitFailed(command=arguments[0], folder=folder, stderr=f"no answer in {timeout:.0f} s") from error
    if done.returncode not in codes:
        stderr = done.stderr.decode("utf-8", "replace").strip()
        raise GitFailed(command=arguments[0], folder=folder, stderr=stderr or f"exit code {done.returncode}")
    return done.stdout


def _environment(folder: Path, locks: bool, user_config: bool) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "SSH_ASKPASS": "true",
        "GIT_OPTIONAL_LOCKS": "1" if locks else "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
    }
    if not user_config:
        # Never a repository that lies around ours, such as that of a home folder, should ours be gone.
        environment["GIT_CEILING_DIRECTORIES"] = os.pathsep.join({str(folder.parent), str(folder.parent.resolve())})
        environment |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    return environment


def _status_entries(output: bytes) -> list[StatusEntry]:
    fields_before_path = {b"1": 8, b"2": 9, b"u": 10, b"?": 1}
    records = iter(output.split(b"\0"))
    entries: list[StatusEntry] = []
    for record in records:
        kind = record[:1]
        if kind not in fields_before_path:
            continue
        path = os.fsdecode(record.split(b" ", fields_before_path[kind])[-1])
        entries.append(StatusEntry(path, untracked=kind == b"?"))
        if kind == b"2":  # a rename carries its old path as a record of its own
            entries.append(StatusEntry(os.fsdecode(next(records)), untracked=False))
    return entries


def _same(name: str | None, data: bytes | None) -> bool:
    """Whether a file of HEAD (its object name, None if there is none) has exactly these bytes."""
    if name is None or data is None:
        return name is None and data is None
    algorithm = "sha256" if len(name) == 64 else "sha1"
    return hashlib.new(algorithm, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() == name


def _signature(identity: Identity) -> str:
    name, email = (re.sub(r"[<>\x00-\x1f]", "", text).strip() for text in (identity.name, identity.email))
    return f"{name or 'unknown'} <{email}>"


def _quoted(path: str) -> bytes:
    """A path as fast-import takes it: C-quoted, so that no byte of it can be taken for a command."""
    raw = os.fsencode(path)
    return b'"' + b"".join(bytes([c]) if 32 <= c < 127 and c not in b'"\\' else b"\\%03o" % c for c in raw) + b'"'


def _log_entry(record: str) -> LogEntry:
    commit, parents, stamp, name, email, message = record.lstrip("\n").split("\x01", 5)
    subject, _, body = message.strip("\n").partition("\n")
    trailers: dict[str, list[str]] = {"Memory-Id": [], "Session": [], "Agent": []}
    for line in message.strip().rpartition("\n\n")[2].splitlines():
        found = _TRAILER.fullmatch(line)
        if found:
            trailers[found[1]].append(found[2])
    return LogEntry(
        commit=commit,
        parents=tuple(parents.split()),
        time=datetime.fromtimestamp(int(stamp), UTC),
        author=Identity(name, email),
        subject=subject,
        body=body.strip("\n"),
        memories=tuple(trailers["Memory-Id"]),
        sessions=tuple(trailers["Session"]),
        agents=tuple(trailers["Agent"]),
    )
