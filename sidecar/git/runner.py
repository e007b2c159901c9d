"""The only runner of git: fixed settings, fixed locale, never a prompt, never a hook, bounded in time."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from sidecar.errors import GitFailed, GitMissing
from sidecar.expressions import regex
from sidecar.records import dataclass

TIMEOUT_SECONDS: Final = 120.0
"""For our own repositories: a status over 100,000 files on a slow disk takes seconds, never minutes."""

OBJECT: Final = regex(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
"""The name of an object, whole."""

SETTINGS: Final = {
    "core.quotepath": "false",
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.fileMode": "false",  # whether a memory may be executed is no change of it
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
    "pack.threads": "1",  # the agents beside us have the other ones
    "advice.detachedHead": "false",
    "color.ui": "false",
    "log.showSignature": "false",
    "safe.directory": "*",
}

_EXCHANGE_SETTINGS: Final = {
    "fetch.fsckObjects": "true",  # refuses `.git` and `..` in trees, among much else
    "transfer.fsckObjects": "true",
    "fetch.unpackLimit": "1",  # whatever comes is one file, whose size the system can limit
    "fetch.recurseSubmodules": "false",
    "fetch.prune": "false",
    "fetch.writeCommitGraph": "false",
    "fetch.showForcedUpdates": "false",
    "submodule.recurse": "false",
    "push.recurseSubmodules": "no",
    "push.gpgSign": "false",
    "push.followTags": "false",
    "http.followRedirects": "false",  # memories go to the place that the user named, not to where that one points
    "core.bigFileThreshold": "1m",  # larger things are streamed, never held in memory
    "pack.threads": "1",
    "gc.auto": "0",
    "maintenance.auto": "false",
}

PROTOCOLS: Final = ("file", "https", "ssh")
"""What a remote may be reached by.  Not `ext`, which runs programs, and nothing that sends in the clear."""

_BOUNDED: Final = Path(__file__).with_name("bounded.py")
"""The program that sets the limits of an exchange and then becomes git."""

_POLL_SECONDS: Final = 0.2
_CHUNK: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Limits:
    """What one exchange with a remote may cost: bytes of one file, bytes of memory, seconds."""

    file_bytes: int = 256 << 20
    memory_bytes: int = 2 << 30
    seconds: float = 300.0


def run(
    folder: Path,
    arguments: Sequence[str],
    *,
    given: bytes = b"",
    codes: tuple[int, ...] = (0,),
    locks: bool = True,
    user_config: bool = False,
    timeout: float = TIMEOUT_SECONDS,
    inherited: Sequence[int] = (),
) -> bytes:
    """Standard output of one git command; any exit code that is not among `codes` raises `GitFailed`.

    `inherited`: descriptors of open files that the command, and what it starts, hold open as long as they run.
    """
    settings = {**SETTINGS}
    if user_config:  # whose repository it is, the user's own settings decide there
        del settings["safe.directory"]
    try:
        done = subprocess.run(
            _command(settings, arguments),
            cwd=folder,
            env=_environment(folder, locks, user_config),
            input=given,
            capture_output=True,
            timeout=timeout,
            check=False,
            pass_fds=tuple(inherited),
        )
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise _not_started(folder, arguments) from error
    except subprocess.TimeoutExpired as error:
        raise GitFailed(command=arguments[0], folder=folder, stderr=f"no answer in {timeout:.0f} s") from error
    _check(folder, arguments, done.returncode, done.stderr, codes)
    return done.stdout


def run_bounded(folder: Path, arguments: Sequence[str], limit: int) -> bytes | None:
    """As `run`, for output that somebody else determines: None, and the command is ended, beyond `limit` bytes."""
    try:
        process = subprocess.Popen(
            _command(SETTINGS, arguments),
            cwd=folder,
            env=_environment(folder, locks=False, user_config=False),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise _not_started(folder, arguments) from error
    timer = threading.Timer(TIMEOUT_SECONDS, process.kill)
    timer.start()
    try:
        with process, contextlib.ExitStack() as ending:
            ending.callback(process.kill)
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for
            output = bytearray()
            while piece := process.stdout.read(_CHUNK):
                output += piece
                if len(output) > limit:
                    return None
            code = process.wait()
    finally:
        timer.cancel()
    _check(folder, arguments, code, b"", (0,))
    return bytes(output)


def exchange(
    folder: Path,
    arguments: Sequence[str],
    *,
    limits: Limits | None,
    stopped: Callable[[], bool],
    ssh: str,
    timeout: float,
    include: Path | None = None,
) -> tuple[int, bytes, str]:
    """Run a command that talks to a remote, with the user's settings (credentials, proxies) below ours.

    Returns exit code, standard output and what it said.  In a session of its own, so that nothing can ask on a terminal
    and everything that it started ends with it.  Ended when `stopped` says so; `GitFailed` after `timeout` seconds.
    `include`: a file of settings with what must not stand in a command line.
    """
    settings = {**SETTINGS, **_EXCHANGE_SETTINGS} | ({} if include is None else {"include.path": str(include)})
    command = _command(settings, arguments)
    if limits is not None:
        bounds = (limits.file_bytes, limits.memory_bytes, int(limits.seconds))
        command = [sys.executable, "-I", "-S", str(_BOUNDED), *map(str, bounds), *command]
    environment = _environment(folder, locks=True, user_config=True)
    environment |= {
        "GIT_ALLOW_PROTOCOL": ":".join(PROTOCOLS),  # wins over whatever the user's settings allow
        "GIT_SSH_COMMAND": ssh,
        "GIT_CEILING_DIRECTORIES": _ceilings(folder),
    }
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise _not_started(folder, arguments) from error
    deadline = time.monotonic() + timeout
    with process:
        while True:
            try:
                output, said = process.communicate(timeout=_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                if stopped() or time.monotonic() > deadline:
                    _end(process)
                    why = "stopped" if stopped() else f"no end after {timeout:.0f} s"
                    raise GitFailed(command=arguments[0], folder=folder, stderr=why) from None
            else:
                return process.returncode, output, said.decode("utf-8", "replace").strip()


def user_setting(folder: Path, name: str) -> str:
    """A setting of the user's own git; empty if there is none."""
    return run(folder, ["config", "--get", name], user_config=True, codes=(0, 1)).decode("utf-8", "replace").strip()


def user_settings(folder: Path, pattern: str) -> dict[str, str]:
    """The settings of the user's own git, and of the folder's repository, whose lower-case names match a pattern."""
    output = run(folder, ["config", "--null", "--get-regexp", pattern], user_config=True, codes=(0, 1))
    pairs = (entry.partition("\n") for entry in output.decode("utf-8", "replace").split("\0")[:-1])
    return {name: value.strip() for name, _, value in pairs}  # of several the last one counts


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _command(settings: dict[str, str], arguments: Sequence[str]) -> list[str]:
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return ["git", "--literal-pathspecs", "--no-pager", *options, *arguments]


def _check(folder: Path, arguments: Sequence[str], code: int, said: bytes, codes: tuple[int, ...]) -> None:
    if code not in codes:
        stderr = said.decode("utf-8", "replace").strip()
        raise GitFailed(command=arguments[0], folder=folder, stderr=stderr or f"exit code {code}")


def _not_started(folder: Path, arguments: Sequence[str]) -> GitFailed | GitMissing:
    if not folder.is_dir():
        return GitFailed(command=arguments[0], folder=folder, stderr="the folder is not there")
    return GitMissing()


def _environment(folder: Path, locks: bool, user_config: bool) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {
        "PATH": _path(environment.get("PATH")),
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
        environment["GIT_CEILING_DIRECTORIES"] = _ceilings(folder)
        environment |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    elif "GIT_CONFIG_NOSYSTEM" in os.environ:
        environment["GIT_CONFIG_NOSYSTEM"] = os.environ["GIT_CONFIG_NOSYSTEM"]
    return environment


def _path(given: str | None) -> str:
    """Where git and what it starts are looked for: never in a folder that is relative to the one that it works in.

    `PATH=./node_modules/.bin:…` is common, and would run the `git` that a repository brings along.
    """
    absolute = [folder for folder in (given or "").split(os.pathsep) if folder.startswith("/")]
    return os.pathsep.join(absolute) or os.defpath


def _ceilings(folder: Path) -> str:
    return os.pathsep.join(sorted({str(folder.parent), str(folder.parent.resolve())}))
