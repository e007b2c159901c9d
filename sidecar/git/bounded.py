"""Runs a command within bounds, which what it starts inherits: `bounded.py FILE_BYTES MEMORY_BYTES SECONDS COMMAND…`.

No file can grow beyond so many bytes, which is what stops an endless pack; the process has so much memory, where the
system can limit that, and so many seconds of a processor.  A program of its own, since limits that are set between fork
and exec of a process with threads can hang it, and since a shell's `ulimit` would need a shell.  Exit code 125: the
size of files cannot be limited, and nothing was run.
"""

import os
import resource
import signal
import sys
from contextlib import suppress

_UNBOUND = 125


def main(arguments: list[str]) -> None:
    """Set the limits and become the command; does not return unless they cannot be set."""
    file_bytes, memory, seconds, *command = arguments
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write then fails, and git says why
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _limit(resource.RLIMIT_FSIZE, int(file_bytes))
    except (OSError, ValueError):
        sys.exit(_UNBOUND)
    for kind, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, memory)):
        with suppress(OSError, ValueError):
            _limit(kind, int(most))
    os.execvp(command[0], command)  # noqa: S606 - there is no shell, which is the point


def _limit(kind: int, most: int) -> None:
    """Never above what holds already."""
    hard = resource.getrlimit(kind)[1]
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (bound, bound))


if __name__ == "__main__":
    main(sys.argv[1:])
