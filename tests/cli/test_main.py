"""The program as a whole: help, errors, exit codes, pipes, colours, and what it costs to start."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest
from cli_runs import Run
from stub_daemon import Answer, StubDaemon
from test_commands import RECALL

from sidecar import __version__
from sidecar.cli.main import cli

CHECKOUT = Path(__file__).parents[2]
COMMANDS = (
    "up down pause resume status demo recall remember search list show edit forget delete profiles summary log diff "
    "undo snapshot ingest jobs rebuild scan export import review accept install uninstall hook mcp share join sync "
    "config doctor bench help"
).split()


def sidecar(*arguments: str, text: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sidecar", *arguments],
        input=text,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **environ},
    )


def test_help_lists_every_command_with_one_whole_line(run: Run) -> None:
    done = run("--help")
    assert cli.list_commands(click.Context(cli)) == COMMANDS
    for name in COMMANDS:
        assert f"\n  {name} " in done.out
    assert "..." not in done.out.partition("Commands:")[2]
    assert run().out == run("help").out == run("-h").out


def test_every_command_has_help_json_where_it_prints_data_and_debug(run: Run) -> None:
    for name in COMMANDS:
        done = run(name, "--help")
        assert done.code == 0
        assert run("help", name).out == done.out
        assert ("--json" in done.out) == (name not in ("install", "uninstall", "hook", "mcp", "config", "help")), name
        assert ("--debug" in done.out) == (name != "config"), name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nosuch",), "No such command 'nosuch'."),
        (("recall",), "Missing argument 'QUERY…'."),
        (("recall", "x", "--limit", "0"), "Invalid value for '--limit'"),
        (("list", "--type", "idea"), "Invalid value for '--type'"),
        (("config",), "Missing command."),
        (("help", "config", "nosuch"), "There is no command 'config nosuch'."),
    ],
)
def test_a_wrong_command_line_is_told_in_two_lines(run: Run, arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    first, second = done.err.splitlines()
    assert (done.code, done.out) == (2, "")
    assert first.startswith(f"Error: {message}")
    assert second.startswith("Try: `sidecar")


def test_debug_shows_the_traceback_wherever_it_stands(run: Run) -> None:
    for arguments in (("--debug", "status"), ("status", "--debug")):
        done = run(*arguments)
        assert done.code == 3
        assert "Traceback" in done.err
        assert done.err.splitlines()[-2].startswith("Error: ")


def test_a_bug_is_called_one(stub: StubDaemon, served: Run) -> None:
    stub.on("GET", "/v1/memories", Answer([3]))
    done = served("list")
    assert done.code == 70
    assert done.err.startswith("Error: This is a bug in sidecar: ")
    assert "Traceback" not in done.err


def test_the_module_is_the_program_and_knows_its_version(place: Path) -> None:
    assert sidecar("--version").stdout == f"sidecar, version {__version__}\n"


@pytest.mark.parametrize("candidates", [2, 20_000])
def test_a_reader_that_goes_away_is_no_error(stub: StubDaemon, place: Path, candidates: int) -> None:
    many = {"answer": "x", "candidates": [{"content": "y" * 90, "id": str(n)} for n in range(candidates)]}
    stub.on("POST", "/v1/recall", Answer(many))
    command = f'"{sys.executable}" -m sidecar recall x; echo "code $?" >&2'
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT), "SIDECAR_SOCKET": str(stub.socket_path)}
    done = subprocess.run(f"({command}) | true", shell=True, capture_output=True, text=True, env=environ)
    assert done.stderr == "code 0\n"


def test_text_from_standard_input_is_remembered(stub: StubDaemon, place: Path) -> None:
    stub.on("POST", "/v1/remember", Answer({"summary": "ä"}))
    done = sidecar("remember", "-", text="Grüße\nvon der Fähre\n", SIDECAR_SOCKET=str(stub.socket_path))
    assert done.returncode == 0, done.stderr
    assert stub.requests[0].body["content"] == "Grüße\nvon der Fähre"


def test_half_a_surrogate_pair_can_be_printed(stub: StubDaemon, place: Path) -> None:
    stub.on("POST", "/v1/recall", Answer({**RECALL, "answer": "broken \ud83d emoji"}))
    for form in ((), ("--json",)):
        done = sidecar("recall", "x", *form, SIDECAR_SOCKET=str(stub.socket_path))
        assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answer"] == "broken \ud83d emoji"


def on_terminal(stub: StubDaemon, **environ: str) -> str:
    """What `sidecar recall` prints on a terminal."""
    leader, follower = pty.openpty()
    settings = {**os.environ, "PYTHONPATH": str(CHECKOUT), "SIDECAR_SOCKET": str(stub.socket_path), **environ}
    process = subprocess.Popen([sys.executable, "-m", "sidecar", "recall", "x"], stdout=follower, env=settings)
    os.close(follower)
    text = b""
    while True:
        try:
            piece = os.read(leader, 4096)
        except OSError:  # how Linux says that the other end was closed
            break
        if not piece:
            break
        text += piece
    os.close(leader)
    assert process.wait() == 0
    return text.decode()


def test_colours_only_on_a_terminal_and_not_with_no_color(stub: StubDaemon, place: Path) -> None:
    stub.on("POST", "/v1/recall", Answer(RECALL))
    assert "\x1b[1m" in on_terminal(stub)
    assert "\x1b" not in on_terminal(stub, NO_COLOR="1")
    assert "\x1b" not in sidecar("recall", "x", SIDECAR_SOCKET=str(stub.socket_path)).stdout


def test_starting_the_program_loads_nothing_heavy() -> None:
    heavy = "numpy tantivy tokenizers watchdog aiohttp pydantic yaml ollama sqlite3 platformdirs zstandard asyncio"
    program = f"import sys, sidecar.cli.main; print(*[name for name in {heavy.split()!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=CHECKOUT)
    assert done.stdout.split() == []
