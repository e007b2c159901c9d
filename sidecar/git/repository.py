"""A work tree of ours.

Commits are made with `git fast-import` from the very bytes that the caller gives, not from what lies in the work tree
at that moment: somebody may be editing there.  The index is brought along afterwards, for the paths concerned only.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from sidecar.descriptors import fresh_file, lock_file
from sidecar.errors import GitFailed, Refused
from sidecar.git.locks import PATIENCE, patiently
from sidecar.git.parsing import log_entry, quoted, same, signature, status_entries
from sidecar.git.runner import OBJECT, TIMEOUT_SECONDS, run, user_settings
from sidecar.git.words import Identity, LogEntry, StatusEntry, login

BRANCH: Final = "main"

_ALONE: Final = "sidecar-alone.lock"
_TIDYING_SECONDS: Final = 60.0
"""Tidying up that takes longer is ended: it leaves things as they were."""

_FEW_PATHS: Final = 200
"""Of a hundred thousand files these are found faster one by one than by a look at all."""

_EXCLUDED: Final = (
    "/private/", "/PROFILE.md", ".*", "*~", "\\#*#", "4913", "*.bak", "*.orig", "*.rej", "*.save", "*.swp", "*.swo",
    "*.tmp", "*___jb_tmp___", "*___jb_old___",
)  # fmt: skip
"""Never committed: what is private, what is generated, what is hidden, and what editors leave while they save.

Hidden files are settings of the programs that look at the folder, and some of those programs do what they say there:
nobody should get them from somebody else by sharing memories.
"""

_NARROWED: Final = 500
"""So many paths fit on a command line; for more the whole history is listed."""

_LITERAL = re.compile(r"[\\.\[*^$]")
_BACKSLASHED: Final = r"\\\g<0>"
"""A line as a pattern.  `--fixed-strings` would do, but git makes machine code of those (PCRE2), and one before 2.40
ends with an error where memory that is written may not be run: in the service for systemd.  A pattern with an anchor it
gives to the C library.
"""

_ATTRIBUTES: Final = "* -text -eol -ident -filter -working-tree-encoding\n"
"""Files are stored byte for byte, whatever a `.gitattributes` in the tree says."""

_IN_PROGRESS: Final = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")


class Git:
    """git in one work tree of ours; `machine` is the name of this computer, which stands in our identity."""

    def __init__(self, folder: Path, machine: str) -> None:
        self.folder = folder
        self._machine = machine
        self._inherited: tuple[int, ...] = ()

    @property
    def machine_identity(self) -> Identity:
        """The daemon's own name as an author."""
        return Identity("sidecar", f"sidecar@{self._machine}")

    def user_identity(self) -> Identity:
        """The user's name as git knows it here, else login and machine."""
        known = user_settings(self.folder, r"^user\.(name|email)$")
        return Identity(known.get("user.name") or login(), known.get("user.email") or f"{login()}@{self._machine}")

    def is_repo(self) -> bool:
        """Whether the folder is itself the top of a work tree (not merely inside one)."""
        return (self.folder / ".git").exists()

    def init(self) -> None:
        """Make the folder a repository with our local settings; safe to repeat, also after a cut in the middle."""
        own = self.folder / ".git"
        if own.is_symlink() or own.is_file():
            raise Refused(
                detail=f"{own} leads to another repository, whose history is not this profile's.",
                hint="Remove it, and a repository is made there; the files stay as they are.",
            )
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
            _put(exclude, "\n".join([*present, *missing]) + "\n")
        attributes = info / "attributes"
        if not attributes.exists() or not attributes.read_bytes():
            _put(attributes, _ATTRIBUTES)

    def _half_made(self) -> bool:
        """Whether the `git init` of this folder was cut off: what we add after it is not there, nor any object."""
        own = self.folder / ".git"
        objects = any(path.is_file() for path in (own / "objects").rglob("*"))
        return own.is_dir() and not (own / "info" / "exclude").exists() and not objects

    def head(self) -> str | None:
        """The current commit; None before the first one."""
        found = self._git("rev-parse", "--verify", "--quiet", "HEAD^{commit}", codes=(0, 1)).decode().strip()
        return found or None

    def status(self, paths: Sequence[str] | None = None) -> list[StatusEntry]:
        """Every path that differs from HEAD, untracked files one by one, sorted; ignored files are left out.

        `paths`: only these, and what lies below them.
        """
        if paths is not None and not paths:
            return []
        few = paths if paths is not None and len(paths) <= _FEW_PATHS else ()  # git tries each file with each of them
        output = self._git(
            "status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=none",
            "--no-ahead-behind", "--", *few, locks=False,
        )  # fmt: skip
        found = sorted(status_entries(output), key=lambda entry: entry.path)
        wanted = frozenset(paths or ())
        return found if paths is None or few else [entry for entry in found if _lies_in(entry.path, wanted)]

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

    def is_unmerged(self, path: str) -> bool:
        """Whether git holds both sides of a conflict for a file, and waits for somebody to choose."""
        return bool(self._git("ls-files", "--unmerged", "-z", "--", path, locks=False))

    def commit(self, changes: Mapping[str, bytes | None], message: str, author: Identity, when: datetime) -> str | None:
        """Commit exactly these bytes (None: removed) on the current branch; None if HEAD has them all already.

        The committer is always the machine.  Raises `GitFailed` on a detached HEAD or in the middle of a merge.
        """
        if not changes:
            return None
        parent, branch = self.head(), self._branch()
        known = self.files(parent, sorted(changes)) if parent else {}
        news = {path: data for path, data in sorted(changes.items()) if not same(known.get(path), data)}
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
            arguments += ["--basic-regexp", f"--grep=^{_LITERAL.sub(_BACKSLASHED, mentions)}$"]
        output = self._git(*arguments, "--", *paths).decode("utf-8", "replace")
        return [log_entry(record) for record in output.split("\0") if record]

    def added(self, paths: Sequence[str]) -> list[str]:
        """Those of these files that HEAD's history has, in the order in which they first came."""
        if self.head() is None:
            return []
        narrowed = ["--", *paths] if len(paths) <= _NARROWED else []
        how = ["--no-renames", "--no-show-signature", "--diff-filter=A", "--format=", "--name-only", "--reverse"]
        output = self._git("log", "-z", *how, *narrowed)
        wanted = set(paths)
        return [path for path in dict.fromkeys(os.fsdecode(output).split("\0")) if path in wanted]

    def root_commits(self) -> list[str]:
        """The commits without parents that HEAD descends from, sorted."""
        if self.head() is None:
            return []
        return sorted(self._git("rev-list", "--max-parents=0", "HEAD").decode().split())

    def setting(self, name: str) -> str | None:
        """A setting of this repository alone; None if it is not set."""
        found = self._git("config", "--local", "--get", name, codes=(0, 1), locks=False).decode("utf-8", "replace")
        return found.removesuffix("\n") or None

    def set_setting(self, name: str, value: str) -> None:
        """Set it, in place of whatever it was."""
        self._git("config", "--local", "--replace-all", name, value)

    def move_branch(self, commit: str, expected: str | None) -> None:
        """Let the current branch be at another commit; the work tree and git's index are the caller's to bring along.

        Raises `GitFailed` if it is not where it is expected (None: not born yet), or as `commit` does.
        """
        self._git("update-ref", "-m", "sidecar", self._branch(), commit, expected or "")

    def tag(self, name: str, commit: str) -> None:
        """Name a commit; `GitFailed` if the name is taken by another."""
        if self._git("for-each-ref", "--format=%(objectname)", f"refs/tags/{name}").decode().strip() != commit:
            self._git("tag", "--no-sign", name, commit)

    def collect_garbage(self) -> None:
        """Put small packs together, and let git pack what is loose if there is too much of it.

        Each commit of ours is a pack.  Those of about one size become one, so that the large ones are seldom written
        again; nothing is thrown away by that.  What nothing refers to goes only from `gc`, and after two weeks.
        """
        if (self.folder / ".git" / "index.lock").exists():  # a hand is at work: another time
            return
        # A git before 2.32 does not know how, and says so; its `gc` then does it all.
        self._git("repack", "-d", "--quiet", "--geometric=2", codes=(0, 128, 129), timeout=_TIDYING_SECONDS)
        self._git("gc", "--auto", "--quiet", timeout=_TIDYING_SECONDS)

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

    @contextmanager
    def alone(self, patience: float) -> Iterator[None]:
        """Nobody else is inside at the same time; `GitFailed` if somebody still is after `patience` seconds.

        A git command outlives the process that began it: killed in the middle of a purge, the daemon leaves a `gc`
        that holds git's own locks, and a `fast-import` that moves refs, while the next one begins anew.  So whatever is
        run inside holds the lock as well, and the next one waits for it.
        """
        try:
            descriptor = lock_file(self.folder / ".git" / _ALONE, os.O_WRONLY | os.O_APPEND)
        except OSError as error:
            why = f"{_ALONE} cannot be opened: {error.strerror}"
            raise GitFailed(command="wait", folder=self.folder, stderr=why) from error
        with os.fdopen(descriptor, "ab") as lock:
            deadline = time.monotonic() + patience
            while not _locked(lock.fileno()):
                if time.monotonic() > deadline:
                    why = "a git command that an earlier run has begun does not end"
                    raise GitFailed(command="wait", folder=self.folder, stderr=why)
                time.sleep(PATIENCE[0])
            self._inherited = (lock.fileno(),)
            try:
                yield
            finally:
                self._inherited = ()

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
            f"author {signature(author)} {stamp}\ncommitter {signature(self.machine_identity)} {stamp}\n".encode(),
            b"data %d\n%s\n" % (len(text), text),
            f"from {parent}\n".encode() if parent else b"",
        ]
        for path, data in files.items():
            place = quoted(path)
            stream.append(
                b"D %s\n" % place if data is None else b"M 100644 inline %s\ndata %d\n%s\n" % (place, len(data), data)
            )
        stream.append(b"get-mark :1\ndone\n")
        output = self._git("fast-import", "--quiet", "--date-format=raw", given=b"".join(stream)).decode().strip()
        if OBJECT.fullmatch(output) is None:
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
        def command() -> bytes:
            return run(
                self.folder,
                arguments,
                given=given,
                codes=codes,
                locks=locks,
                timeout=timeout,
                inherited=self._inherited,
            )

        return patiently(self.folder, command)


def _lies_in(path: str, places: Container[str]) -> bool:
    """Whether a path is one of some, or lies below one."""
    while path and path not in places:
        path = path.rpartition("/")[0]
    return bool(path)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _put(path: Path, text: str) -> None:
    """Let a small file hold a text; a link in its place is replaced, and what it led to stays as it is."""
    draft = path.with_name(f"{path.name}.sidecar")
    with os.fdopen(fresh_file(draft), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
