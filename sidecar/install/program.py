"""How agents are to run `sidecar`, and how we know our own commands again in their settings."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence

from sidecar.records import dataclass

_HOOK = re.compile(r"(?:^|[\s/'\"])(?:sidecar|memory-sidecar)['\"]? hook \S+ --agent \S+\s*$")


@dataclass(frozen=True, slots=True)
class Program:
    """The words that run it."""

    words: tuple[str, ...]

    def hook(self, event: str, agent: str) -> str:
        """A hook's command, for a shell.

        It stays the same as long as the program stays where it is: Codex runs a hook only as the user has trusted it.
        """
        return shlex.join([*self.words, "hook", event, "--agent", agent])

    @property
    def command(self) -> str:
        """The program of the MCP server."""
        return self.words[0]

    @property
    def arguments(self) -> list[str]:
        """What the program of the MCP server is given."""
        return [*self.words[1:], "mcp"]


PORTABLE = Program(("sidecar",))
"""For settings that are shared between machines: found on the PATH."""


def this_program(environ: Mapping[str, str], argv0: str = sys.argv[0]) -> Program:
    """The running program by its full path, as agents with windows do not have the PATH of a shell.

    Of several paths to it the one on the PATH is taken: it stays where it is when the program behind it is upgraded.
    """
    running = os.path.abspath(argv0) if os.path.basename(argv0) in ("sidecar", "memory-sidecar") else None  # noqa: PTH100, PTH119 - links must not be followed
    on_path = shutil.which("sidecar", path=environ.get("PATH"))
    if on_path and not on_path.startswith("/"):
        on_path = None  # of a folder that is another one wherever an agent works
    if on_path and (running is None or os.path.realpath(on_path) == os.path.realpath(running)):
        return Program((os.path.abspath(on_path),))  # noqa: PTH100 - links must not be followed
    if running is not None and os.access(running, os.X_OK):
        return Program((running,))
    return Program((sys.executable, "-P", "-m", "sidecar"))  # -P: nothing is imported from the folder it is run in


def is_our_hook(command: object) -> bool:
    """Whether a hook's command runs us, from wherever."""
    return isinstance(command, str) and bool(_HOOK.search(command))


def is_our_server(command: object, arguments: object) -> bool:
    """Whether an MCP server is ours, from wherever it is run."""
    words = [command, *arguments] if isinstance(command, str) and isinstance(arguments, list) else []
    if not words or not all(isinstance(word, str) for word in words):
        return False
    return _is_ours([str(word) for word in words])


def _is_ours(words: Sequence[str]) -> bool:
    direct = len(words) == 2 and os.path.basename(words[0]) in ("sidecar", "memory-sidecar")  # noqa: PTH119
    module = list(words[1:-1]) in (["-m", "sidecar"], ["-P", "-m", "sidecar"])
    return words[-1] == "mcp" and (direct or module)
