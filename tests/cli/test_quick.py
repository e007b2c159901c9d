"""Most recalls are answered without the command line, as the command line would answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from stub_daemon import Answer, Raw, StubDaemon

from sidecar.cli.main import main
from sidecar.cli.quick import recall
from sidecar.errors import NotFound

ROOT = Path(__file__).parents[2]
CANDIDATES: list[dict[str, Any]] = [
    {
        "id": "m1", "kind": "memory", "type": "fact", "age_days": 40, "score": 0.8312, "profile": "local/web",
        "summary": "Größe „7“ 🚀 \x1b[2Jand a very long line " + "of words " * 40,
        "related": [{"summary": "See the other one.", "id": "m2"}],
    },
    {"id": "m3", "kind": "message", "speaker": "user", "age_days": 0, "score": 1, "content": "one\ntwo\tthree"},
]  # fmt: skip
FOUND = {"count": 2, "answer": "It is seven. " * 30 + "\n\n  a-" + "b" * 150, "candidates": CANDIDATES}


@pytest.fixture
def asked(stub: StubDaemon, place: Path, monkeypatch: pytest.MonkeyPatch) -> StubDaemon:
    monkeypatch.setenv("SIDECAR_SOCKET", str(stub.socket_path))
    stub.on("POST", "/v1/recall", Answer(FOUND))
    return stub


NARROWED = (
    *("--level", "low", "--length", "short", "--session", "s„1", "--since", "2026-01-02", "--before", "today"),
    *("--date", "2026-02-03", "--at", "yesterday", "--budget", "900"),
)
REPEATED = ("--type", "fact", "--kind", "memory", "--tag", "a", "--tag", "b", "--include", "x", "--type", "task")


@pytest.mark.parametrize(
    "arguments",
    [
        ("which", "port\n„x“ \\ \udcff?"),
        ("x", "--json"),
        ("--limit", "7", "x"),
        ("x", "--json", "--limit", "100"),
        ("x", *NARROWED, "--json"),
        (*REPEATED, "x", "y"),
        ("--session", "one", "x", "--session", "two"),
    ],
)
def test_it_asks_and_answers_as_the_command_line_does(
    asked: StubDaemon, capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert recall(arguments)
    quick = capfd.readouterr().out
    assert main(["recall", *arguments]) == 0
    assert capfd.readouterr().out == quick
    assert asked.requests[0].body == asked.requests[1].body
    assert "\x1b" not in quick


LIMITS = (("x", "--limit", limit) for limit in ("0", "101", "²", "-1"))
OTHERS = [
    (),
    ("--json",),
    ("x", "--level", "high"),
    ("x", "--level", "none"),
    ("x", "--kind", "memories"),
    ("x", "--tag", ""),
    ("x", "--tag", "--json"),
    ("x", "--explain"),
    ("x", "--profile", "web"),
    ("x", "--budget", "0"),
    ("x", "--budget", "1000001"),
    ("x", "-h"),
    ("x", "--limit"),
    ("--", "x"),
    ("x", "--limit=3"),
    *LIMITS,
]


@pytest.mark.parametrize("arguments", OTHERS)
def test_all_else_is_left_to_the_command_line(asked: StubDaemon, arguments: tuple[str, ...]) -> None:
    assert not recall(arguments)
    assert not asked.requests


@pytest.mark.parametrize(
    "answer",
    [
        Answer(FOUND, messages=[{"code": 1200, "message": "degraded"}]),
        NotFound(what="profile", name="web"),
        Raw(b""),
        Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{}"),
        Raw(b"HTTP/1.1 200 OK\r\nSidecar-Protocol: 1\r\nContent-Length: 3\r\n\r\n{x}"),
        Raw(b"HTTP/1.1 200 OK\r\nSidecar-Protocol: 1\r\nContent-Length: 0\r\n\r\n"),
        Raw(b'HTTP/1.1 200 OK\r\nContent-Length: 41\r\n\r\n{"success": true, "result": {"count": 0}}'),
    ],
)
def test_what_it_cannot_tell_is_left_to_the_command_line(
    asked: StubDaemon, capfd: pytest.CaptureFixture[str], answer: object
) -> None:
    asked.on("POST", "/v1/recall", answer)
    assert not recall(["x"])
    assert capfd.readouterr().out == ""


def test_without_a_daemon_the_command_line_says_so(place: Path) -> None:
    assert not recall(["x"])


def test_the_program_imports_nothing_heavy_for_it(asked: StubDaemon) -> None:
    code = (
        "import sys; before = set(sys.modules); from sidecar.cli.quick import recall; assert recall(['x'])\n"
        "print(sorted(set(sys.modules) - before))"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    # Without `site`, in which other packages of the environment import what they like.
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    loaded = set(eval(done.stdout.splitlines()[-1]))
    assert "sidecar.cli.answer" in loaded
    assert not loaded & {"click", "collections", "json", "re", "socket", "typing", "dataclasses", "datetime"}


def test_the_program_takes_that_way(asked: StubDaemon) -> None:
    command = [sys.executable, "-m", "sidecar", "recall", "x", "--json"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == FOUND
    assert len(asked.requests) == 1
