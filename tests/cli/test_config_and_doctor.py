"""The commands that work without a daemon."""

import json
import stat
from pathlib import Path

import pytest
import yaml
from cli_runs import Run
from stub_daemon import Answer, StubDaemon
from test_commands import STATUS

from sidecar.paths import resolve


def test_config_show_is_a_file_that_could_be_used(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDECAR_RECALL_LIMIT", "7")
    done = run("config", "show")
    assert done.out.startswith(f"# {tmp_path / 'sidecar' / 'config.yaml'} (not there")
    assert yaml.safe_load(done.out)["recall"]["limit"] == 7
    assert json.loads(run("config", "show", "--json").out) == yaml.safe_load(done.out)


def test_config_check_names_every_problem_on_a_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "sidecar" / "config.yaml"
    assert run("config", "check").out == f"{file}: no problem.\n"
    file.parent.mkdir()
    file.write_text("recall: {limit: 0, limt: 3}\n")
    done = run("config", "check")
    assert done.code == 10
    assert done.out.splitlines() == [
        "recall.limt: is not a setting; did you mean recall.limit? (got 3)",
        "recall.limit: must be a whole number from 1 to 100 (got 0)",
    ]
    result = json.loads(run("config", "check", "--json").out)
    assert result == {"path": str(file), "problems": done.out.splitlines()}


def checks(run: Run) -> dict[str, dict[str, str]]:
    return {check["name"]: check for check in json.loads(run("doctor", "--json").out)["checks"]}


def test_doctor_on_a_fresh_machine_finds_nothing_broken_and_changes_nothing(run: Run, tmp_path: Path) -> None:
    done = run("doctor")
    assert done.code == 0, done.out
    found = checks(run)
    assert list(found) == ["git", "store", "state", "cache", "config", "agent", "model", "daemon"]
    assert found["git"]["state"] == found["store"]["state"] == found["config"]["state"] == "ok"
    assert found["agent"]["state"] == found["daemon"]["state"] == "warn"
    assert "sidecar up" in found["daemon"]["hint"]
    assert not (tmp_path / "sidecar").exists()
    assert done.out.splitlines()[0].startswith("ok    git        2.")


def test_doctor_fails_on_what_keeps_the_daemon_from_working(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "sidecar"
    home.mkdir()
    (home / "store").write_text("in the way")
    (home / "state").mkdir()
    (home / "state").chmod(0o755)
    (home / "config.yaml").write_text("limit: 3\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run("doctor").code == 1
    found = checks(run)
    assert (found["git"]["state"], found["git"]["hint"]) == ("fail", "Install git 2.30 or newer.")
    assert found["store"]["state"] == "fail"
    assert found["state"]["state"] == "fail"
    assert found["state"]["hint"] == f"chmod go-rwx {home / 'state'}"
    assert found["config"]["state"] == "fail"
    assert "did you mean recall.limit?" in found["config"]["detail"]
    assert stat.S_IMODE((home / "state").stat().st_mode) == 0o755


def test_doctor_counts_the_agents_sessions(run: Run, place: Path) -> None:
    folder = place / ".codex" / "sessions" / "2026" / "01" / "13"
    folder.mkdir(parents=True)
    (folder / "rollout-2026-01-13T08-40-00-019ed99c-0000-7000-8000-000000000001.jsonl").write_text("")
    (folder / "notes.txt").write_text("")
    assert "1 session" in checks(run)["agent"]["detail"]


def test_doctor_asks_the_model_only_if_it_may_be_used(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDECAR_EXTRACT_HOST", "127.0.0.1:1")
    assert checks(run)["model"]["state"] == "warn"
    monkeypatch.setenv("SIDECAR_EXTRACT_EXTRACTOR", "ollama")
    assert checks(run)["model"]["state"] == "fail"
    monkeypatch.setenv("SIDECAR_EXTRACT_EXTRACTOR", "rules")
    assert checks(run)["model"]["state"] == "ok"
    monkeypatch.setenv("SIDECAR_EXTRACT_HOST", "models.example.org")
    assert "not on this machine" in checks(run)["config"]["detail"]


def test_doctor_tells_what_the_daemon_knows_of_itself(stub: StubDaemon, served: Run) -> None:
    lagging = {"generation": 7, "lag_ms": 90_000, "degraded": ["watcher is silent"]}
    stub.on("GET", "/v1/status", Answer({**STATUS, "version": "0.0.9", "index": lagging}))
    found = checks(served)
    assert found["daemon"]["state"] == "warn"
    assert "0.0.9" in found["daemon"]["detail"]
    assert found["index"]["detail"] == "90000 ms behind, degraded: watcher is silent"
    assert found["bad file"]["detail"] == "local/web/facts/x.md:3  a key stands twice"
    assert found["format"]["state"] == "warn"
    assert found["format"]["detail"].startswith("codex · 2 records of unknown kinds in 1 file (novelty 2)")
    assert found["service"]["detail"] == "extract: no space left"
    assert served("doctor").code == 0


def test_doctor_tells_of_a_port_that_is_not_free(stub: StubDaemon, served: Run) -> None:
    problem = "127.0.0.1:7373: Address already in use"
    stub.on("GET", "/v1/status", Answer({**STATUS, "listen": {"tcp": None, "mcp": "/mcp", "problem": problem}}))
    found = checks(served)["listen"]
    assert (found["state"], found["detail"]) == ("warn", problem)
    assert "listen.tcp" in found["hint"]


def test_doctor_notices_a_daemon_that_runs_but_does_not_listen(run: Run, tmp_path: Path) -> None:
    import fcntl

    lock = resolve({"SIDECAR_HOME": str(tmp_path / "sidecar")}).lock
    lock.parent.mkdir(parents=True)
    with lock.open("w") as held:
        held.write("4711\n")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        found = checks(run)
    assert found["daemon"]["state"] == "fail"
    assert "pid 4711" in found["daemon"]["detail"]
