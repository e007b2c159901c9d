"""Processes that the daemon starts for itself, and how the two talk: each value with its length before it.

A child is asked on its standard input and ends with that, so it never outlives its daemon, however that ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import sidecar

LENGTH_BYTES = 8
_AS_WE_ARE: Mapping[str, str] = {}


def started(
    program: str, *arguments: str, stdin: int, stdout: int, environ: Mapping[str, str] = _AS_WE_ARE
) -> subprocess.Popen[bytes] | None:
    """A new process, which finds the very package that runs here, whatever folder it is started in.

    `program` is the text of a Python program; `stdin` and `stdout` are as for `Popen`; `environ` is what it has beside
    our own variables.  None where there can be none.
    """
    if not sys.executable:
        return None
    package = str(Path(sidecar.__file__).parents[1])
    inherited = os.environ.get("PYTHONPATH")
    ours = {"PYTHONPATH": os.pathsep.join([package, *([inherited] if inherited else [])])}
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-c", program, *arguments],
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.DEVNULL,  # a trace could quote people's words
            env={**os.environ, **ours, **environ},
        )
    except OSError:  # no more processes, or no memory for one
        return None


def own_ends() -> tuple[IO[bytes], IO[bytes]]:
    """In a child: where it is asked, and where it answers; nothing that prints comes between two answers any more."""
    answers, asked = os.fdopen(os.dup(1), "wb"), os.fdopen(os.dup(0), "rb", buffering=0)
    os.dup2(2, 1)
    return asked, answers


def framed(content: bytes) -> bytes:
    """A packed value as it is sent."""
    return len(content).to_bytes(LENGTH_BYTES, "big") + content


def send(pipe: IO[bytes], content: bytes) -> None:
    """Send a packed value.  Raises OSError if the other end has gone."""
    pipe.write(framed(content))
    pipe.flush()


def received(pipe: IO[bytes]) -> bytes:
    """The next value, still packed.  Raises EOFError or OSError if the other end has gone."""
    return _exactly(pipe, int.from_bytes(_exactly(pipe, LENGTH_BYTES), "big"))


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        piece = pipe.read(size - len(found))
        if not piece:
            raise EOFError
        found += piece
    return bytes(found)
