"""The demo: its invented sessions are real transcripts, and the whole of it runs."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from test_main import CHECKOUT, sidecar

from sidecar.cli import demo_home
from sidecar.cli.demo import QUESTIONS
from sidecar.git import root_commit
from sidecar.transcripts import READERS

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
SESSIONS = CHECKOUT / "sidecar" / "cli" / "demo_sessions"


@pytest.fixture
def built(tmp_path: Path) -> demo_home.DemoHome:
    return demo_home.build(tmp_path, NOW)


def messages(home: demo_home.DemoHome, agent: str) -> list[str]:
    reader = READERS[agent]
    roots = reader.roots(home.environ({}))
    paths = [
        path for root in roots for path in sorted(root.rglob("*")) if path.is_file() and reader.is_transcript(path)
    ]
    return [message.text for path in paths for message in reader.read(path, None).messages]


def test_every_session_is_read_by_its_agents_reader_without_a_flaw(built: demo_home.DemoHome) -> None:
    for agent, count in (("claude-code", 2), ("codex", 1), ("gemini", 1)):
        reader = READERS[agent]
        roots = reader.roots(built.environ({}))
        paths = [path for root in roots for path in root.rglob("*") if path.is_file() and reader.is_transcript(path)]
        assert len(paths) == count
        for path in paths:
            result = reader.read(path, None)
            assert result.messages
            assert (dict(result.unknown), result.damaged) == ({}, 0)
            header = reader.header(path)
            assert header is not None
            assert list(header.cwds) == [str(built.project)]


def test_the_last_session_was_yesterday_and_the_first_three_weeks_ago(built: demo_home.DemoHome) -> None:
    times = [
        message.time
        for agent in ("claude-code", "codex", "gemini")
        for root in READERS[agent].roots(built.environ({}))
        for path in root.rglob("*")
        if path.is_file() and READERS[agent].is_transcript(path)
        for message in READERS[agent].read(path, None).messages
        if message.time
    ]
    assert max(times).date() == (NOW - timedelta(days=1)).date()
    assert timedelta(days=18) < max(times) - min(times) < timedelta(days=22)


def test_the_token_stands_in_a_session_but_in_no_file_of_ours(built: demo_home.DemoHome) -> None:
    assert any(built.token in text for text in messages(built, "codex"))
    for path in SESSIONS.iterdir():
        assert built.token not in path.read_text("utf-8")


def test_the_project_is_a_git_repository(built: demo_home.DemoHome) -> None:
    found = root_commit(built.project)
    assert found is not None
    assert found.root_commit is not None
    assert found.top == built.project.resolve()


def test_the_daemons_environment_leads_nowhere_else(built: demo_home.DemoHome) -> None:
    outer = {"HOME": "/home/real", "CODEX_HOME": "/home/real/c", "OLLAMA_HOST": "x", "XDG_DATA_HOME": "/y", "LANG": "C"}
    environ = built.environ(outer)
    assert not any("/home/real" in value or value in ("x", "/y") for value in environ.values())
    assert environ["LANG"] == "C"


def test_the_demo_runs_from_end_to_end_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    done = sidecar("demo", "--json")
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
    shown = json.loads(done.stdout)
    assert {agent["name"] for agent in shown["agents"] if agent["sessions"]} == {"claude-code", "codex", "gemini"}
    assert shown["token_found_in"] == []
    assert any(memory["status"] == "superseded" for memory in shown["memories"])
    assert {memory["profile"] for memory in shown["memories"]} == {"ferrybook", "personal"}
    assert shown["log"]
    assert shown["example"]["text"].startswith("---\n")
    manager, reason, incident, unknown = shown["recalls"]
    assert [recall["query"] for recall in shown["recalls"]] == [query for query, _ in QUESTIONS]
    assert "pnpm" in manager["answer"]
    assert "SQLite" in reason["answer"]
    assert "export" in incident["answer"]
    assert (unknown["count"], unknown["answer"]) == (0, "")


def test_the_demo_for_people_keeps_its_folder_if_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    done = sidecar("demo", "--keep")
    assert done.returncode == 0, done.stderr
    for query, _ in QUESTIONS:
        assert f'$ sidecar recall "{query}"' in done.stdout
    assert "The access token in the sessions was stored nowhere." in done.stdout
    assert "Nothing that is known answers this." in done.stdout
    [kept] = tmp_path.iterdir()
    assert str(kept) in done.stderr
    assert (kept / "sidecar" / "store" / "local" / "ferrybook" / ".git").is_dir()
