"""The bench: an invented project that is the same each time, and figures of it and of a store of one's own."""

import json
from pathlib import Path

import pytest
from cli_runs import Run
from stub_daemon import Answer, StubDaemon
from test_main import sidecar

from sidecar.cli import bench_home
from sidecar.frontmatter import Document, parse


def test_the_invented_memories_are_valid_and_the_same_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        bench_home.write_memories(tmp_path / name, 30)
    one, two = (
        {path.name: path.read_bytes() for path in sorted((tmp_path / name).rglob("*.md"))} for name in ("one", "two")
    )
    assert one == two
    assert len(set(one.values())) == 30
    for data in one.values():
        document = parse(data)
        assert isinstance(document, Document)
        assert len(document.fields["queries"]) == 1  # type: ignore[arg-type]


def test_the_invented_messages_come_in_sessions_that_an_ingest_takes(tmp_path: Path) -> None:
    found = list(bench_home.sessions(95))
    assert [len(messages) for _, messages in found] == [40, 40, 15]
    assert len({session for session, _ in found}) == 3
    assert {message["role"] for _, messages in found for message in messages} == {"user", "assistant"}


def test_the_invented_project_is_measured_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    counts = ("--memories", "25", "--messages", "60", "--questions", "10")
    done = sidecar("bench", "--json", "--only", "synthetic", *counts)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
    found = json.loads(done.stdout)["synthetic"]
    assert (found["memories"], found["messages"], found["questions"], found["without_queries"]) == (25, 60, 10, 0)
    assert found["found"]["1"] <= found["found"]["5"] <= found["found"]["10"] == 1.0
    assert 0 < found["latency_ms"]["p50"] <= found["latency_ms"]["p95"] <= found["latency_ms"]["max"]


@pytest.fixture
def store(stub: StubDaemon, tmp_path: Path) -> StubDaemon:
    """A daemon with three memories, two of which have queries, of which one is found second and one not at all."""
    folder = tmp_path / "sidecar" / "store" / "local" / "web" / "facts"
    folder.mkdir(parents=True)
    (folder / "a.md").write_text("---\nqueries: [which port?, which host?]\n---\nPort 1 on plum.\n")
    (folder / "b.md").write_text("---\nqueries: [who?]\n---\nInes.\n")
    (folder / "c.md").write_text("no queries here\n")
    rows = [{"id": name.upper(), "path": f"facts/{name}.md"} for name in "abcd"]
    profiles = [{"name": "web", "namespace": "local", "memories": 4, "messages": 7}]
    stub.on("GET", "/v1/status", Answer({"profiles": profiles}))
    stub.on("GET", "/v1/namespaces/local/profiles/web/memories", Answer(rows))
    candidates = [{"id": "m1"}, {"id": "A"}]
    stub.on("POST", "/v1/namespaces/local/profiles/web/recall", Answer({"count": 2, "candidates": candidates}))
    return stub


def test_the_own_store_is_asked_what_its_files_say_they_answer(store: StubDaemon, served: Run) -> None:
    done = served("bench", "--only", "store", "--json")
    found = json.loads(done.out)["store"]
    assert (found["memories"], found["without_queries"], found["questions"], found["messages"]) == (4, 2, 3, 7)
    assert found["found"] == {"1": 0.0, "5": 0.6667, "10": 0.6667}
    asked = [request.body["query"] for request in store.requests if request.method == "POST"]
    assert asked[-3:] == ["which port?", "which host?", "who?"]


def test_the_table_for_people(store: StubDaemon, served: Run) -> None:
    lines = served("bench", "--only", "store", "--questions", "2").out.splitlines()
    assert lines[0] == "Your store: 2 memories without queries of their own, which are not asked for."
    assert lines[1].split()[:3] == ["memories", "messages", "asked"]
    assert lines[2].split()[:5] == ["Your", "store", "4", "7", "2"]
    assert lines[2].split()[-3:] == ["0.0%", "100.0%", "100.0%"]


def test_the_own_store_alone_needs_a_daemon(run: Run) -> None:
    assert run("bench", "--only", "store").code == 3
