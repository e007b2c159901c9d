from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_runs import Outcome, Run
from stub_daemon import StubDaemon

from sidecar.cli.main import main


@pytest.fixture
def stub() -> Iterator[StubDaemon]:
    daemon = StubDaemon()
    yield daemon
    daemon.end()


@pytest.fixture
def place(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's home folder, which is also the current folder; sidecar's own things lie elsewhere."""
    monkeypatch.setenv("SIDECAR_HOME", str(tmp_path / "sidecar"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(home)
    return home


@pytest.fixture
def run(place: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process, as the console script does."""

    def call(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = main(arguments)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture
def served(stub: StubDaemon, run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """As `run`, with the stub daemon at the socket."""
    monkeypatch.setenv("SIDECAR_SOCKET", str(stub.socket_path))
    return run
