"""The HTTP API on a real daemon: what the shapes promise, the parts keep."""

from __future__ import annotations

import http.client
import re
import socket
from pathlib import Path
from typing import Any

import pytest
from running import ClaudeSession, Daemon, git, tree

from sidecar.errors import FieldError, NamespaceExists, UnknownMemory, UnknownNamespace

PROFILE = "/v1/namespaces/local/profiles/web"
MANAGED = "/client/v4/accounts/acct/agent-memory/namespaces/local/profiles/web"


@pytest.fixture
def api(daemon: Daemon) -> Daemon:
    """A running daemon."""
    return daemon.start()


def _post(api: Daemon, path: str, **body: Any) -> Any:
    return api.client.request("POST", path, body)


def _ingest(api: Daemon, *texts: str, session: str | None = "s1", **fields: Any) -> None:
    messages = [{"role": "user", "content": text} for text in texts]
    body = {"messages": messages, **fields} | ({} if session is None else {"sessionId": session})
    assert api.client.request("POST", f"{PROFILE}/ingest", body) is None


def test_ingest_is_recallable_verbatim_at_once_and_learned_with_wait(api: Daemon) -> None:
    _ingest(api, "the zebra crossing firmware lives on host zc01")
    found = _post(api, f"{PROFILE}/recall", query="zebra crossing firmware host")
    assert [c["kind"] for c in found["candidates"]][:1] == ["message"]
    assert found["candidates"][0]["sessionId"] == "s1"
    _ingest(api, "always build the firmware with make zc, never by hand", wait=True)
    listed = api.client.request("GET", f"{PROFILE}/memories")
    assert any("make zc" in memory["summary"] for memory in listed)


def test_the_managed_prefix_gives_memories_alone_unless_asked(api: Daemon) -> None:
    _ingest(api, "the zebra crossing firmware lives on host zc01")
    assert _post(api, f"{MANAGED}/recall", query="zebra crossing firmware")["count"] == 0
    asked = _post(api, f"{MANAGED}/recall", query="zebra crossing firmware", kinds=["message"])
    assert asked["count"] == 1


def test_the_same_ingest_ten_times_changes_nothing(api: Daemon) -> None:
    _ingest(api, "remember that invoices are numbered by year", wait=True, session=None)
    api.settle()
    before = tree(api.store, ())
    commits = git(api.store / "web", "log", "--format=%H")
    for _ in range(10):
        _ingest(api, "remember that invoices are numbered by year", wait=True, session=None)
    api.settle()
    assert tree(api.store, ()) == before
    assert git(api.store / "web", "log", "--format=%H") == commits


def test_a_memory_is_remembered_listed_shown_and_deleted(api: Daemon) -> None:
    memory = _post(
        api, f"{PROFILE}/remember", content="The CI cache is 5 GB.", tags=["ci"], pinned=True, sessionId="s7"
    )
    assert (memory["type"], memory["tags"], memory["pinned"], memory["sessionId"]) == ("fact", ["ci"], True, "s7")
    path = api.store / "web" / memory["path"]
    assert path.read_text().endswith("The CI cache is 5 GB.\n")
    route = f"{PROFILE}/memories/{memory['id']}"
    assert api.client.request("GET", route)["content"] == "The CI cache is 5 GB."
    assert [m["id"] for m in api.client.request("GET", f"{PROFILE}/memories", query={"tag": "ci"})] == [memory["id"]]
    assert "CI cache" in _post(api, f"{PROFILE}/summary")["summary"]
    assert api.client.request("DELETE", route)["id"] == memory["id"]
    assert not path.exists()
    with pytest.raises(UnknownMemory):
        api.client.request("GET", route)
    assert _post(api, f"{PROFILE}/recall", query="CI cache size")["count"] == 0


def test_deleting_a_memory_removes_the_messages_that_only_it_used(api: Daemon) -> None:
    _ingest(api, "always deploy the kiosk with make kiosk-ship, never with scp", wait=True)
    (memory,) = api.client.request("GET", f"{PROFILE}/memories")
    api.client.request("DELETE", f"{PROFILE}/memories/{memory['id']}")
    assert _post(api, f"{PROFILE}/recall", query="how is the kiosk deployed?")["count"] == 0
    _ingest(api, "always deploy the kiosk with make kiosk-ship, never with scp", wait=True)
    assert api.client.request("GET", f"{PROFILE}/memories") == []


def test_a_forgotten_memory_does_not_come_back_by_ingest_but_by_remember(api: Daemon) -> None:
    text = "always deploy the kiosk with make kiosk-ship, never with scp"
    _ingest(api, text, wait=True)
    (memory,) = api.client.request("GET", f"{PROFILE}/memories")
    _post(api, f"{PROFILE}/memories/{memory['id']}/forget", reason="kiosk is sold")
    for session in ("s1", "s2", "s3"):
        _ingest(api, text, wait=True, session=session)
    assert api.client.request("GET", f"{PROFILE}/memories") == []
    again = _post(api, f"{PROFILE}/remember", content=memory["summary"])
    assert again["status"] == "active"
    assert len(api.client.request("GET", f"{PROFILE}/memories")) == 1


def test_what_was_forgotten_is_not_recalled_from_where_it_is_said_again(api: Daemon) -> None:
    text = "always deploy the kiosk with make kiosk-ship, never with scp"
    _ingest(api, text, wait=True)
    (memory,) = api.client.request("GET", f"{PROFILE}/memories")
    _post(api, f"{PROFILE}/memories/{memory['id']}/forget")
    _ingest(api, text, wait=True, session="elsewhere")
    assert _post(api, f"{PROFILE}/recall", query="how is the kiosk deployed?")["count"] == 0


def test_a_reason_and_tags_are_redacted_too(api: Daemon) -> None:
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9" * 2
    memory = _post(api, f"{PROFILE}/remember", content="The CI cache is 5 GB.", tags=[token[:32]])
    _post(api, f"{PROFILE}/memories/{memory['id']}/forget", reason=f"the token {token} was in it")
    api.settle()
    log = git(api.store / "web", "log", "-p")
    assert token not in log


def test_history_shows_versions_and_source_messages(api: Daemon) -> None:
    _ingest(api, "no, the api listens on port 4310, not 3000", wait=True)
    _ingest(api, "the api listens on port 4400 now, not 4310 anymore", wait=True, session="s2")
    listed = api.client.request("GET", f"{PROFILE}/memories")
    current = next(m for m in listed if "4400" in m["summary"])
    shown = api.client.request("GET", f"{PROFILE}/memories/{current['id']}", query={"history": 1})["history"]
    assert [("4310" in v["content"], v["status"]) for v in shown["versions"]] == [
        (True, "superseded"),
        (True, "active"),
    ]
    assert len(shown["messages"]) == 2


def test_pages_hold_every_memory_once(api: Daemon) -> None:
    for number in range(7):
        _post(api, f"{PROFILE}/remember", content=f"Rack {number} holds {number * 3 + 100} disks.")
    client, seen = api.client, list[str]()
    query: dict[str, Any] = {"per_page": 3}
    while True:
        seen += [memory["id"] for memory in client.request("GET", f"{PROFILE}/memories", query=query)]
        assert client.last is not None
        cursor = client.last.result_info.get("cursor")
        if cursor is None:
            break
        query["cursor"] = cursor
    assert len(seen) == len(set(seen)) == 7


def test_namespaces_and_profiles(api: Daemon) -> None:
    _post(api, "/v1/namespaces", name="acme")
    with pytest.raises(NamespaceExists):
        _post(api, "/v1/namespaces", name="acme")
    route = "/v1/namespaces/acme/profiles/ops"
    _post(api, f"{route}/remember", content="The pager is in the red bag.")
    assert [p["name"] for p in api.client.request("GET", "/v1/namespaces/acme/profiles")] == ["ops"]
    api.client.request("DELETE", route)
    assert api.client.request("GET", "/v1/namespaces/acme/profiles") == []
    assert list((api.sidecar_home / "state" / "trash").iterdir())
    assert _post(api, f"{route}/recall", query="where is the pager?")["count"] == 0
    api.client.request("DELETE", "/v1/namespaces/acme")
    with pytest.raises(UnknownNamespace):
        _post(api, f"{route}/recall", query="where is the pager?")


def test_deleting_a_session_is_idempotent_and_takes_its_memories(api: Daemon) -> None:
    _ingest(api, "always use tabs in makefiles of the kiosk", wait=True)
    for _ in range(2):
        api.client.request("DELETE", f"{PROFILE}/sessions/s1")
    assert api.client.request("GET", f"{PROFILE}/memories") == []
    assert _post(api, f"{PROFILE}/recall", query="tabs in makefiles")["count"] == 0


def test_the_same_words_in_two_profiles_are_found_in_both(api: Daemon) -> None:
    other = PROFILE.replace("web", "shop")
    _ingest(api, "the zebra crossing firmware lives on host zc01")
    messages = [{"role": "user", "content": "the zebra crossing firmware lives on host zc01"}]
    _post(api, f"{other}/ingest", messages=messages, sessionId="s1")
    for profile in (PROFILE, other):
        assert _post(api, f"{profile}/recall", query="zebra crossing firmware host")["count"] == 1


def test_what_recall_gave_comes_back_in_a_transcript_and_adds_nothing(api: Daemon, home: Path, project: Path) -> None:
    session = ClaudeSession(home, project).say("always use pnpm in this repo, never npm, npm breaks the lockfile")
    api.settle()
    before = tree(api.store, ())
    for _ in range(5):
        answer = api.recall("which package manager do we use?", project)["answer"]
        assert "pnpm" in answer
        session.say(f'<sidecar-context profile="tern">\n{answer}\n</sidecar-context>\nthanks')
        api.settle()
    assert tree(api.store, ()) == before


def test_search_finds_all_roles(api: Daemon, home: Path, project: Path) -> None:
    ClaudeSession(home, project).say("hello", ("assistant", "The quokka service returned 418."))
    api.settle()
    found = _post(api, "/v1/search", query="quokka service", cwd=str(project))
    assert found["count"] == 1
    assert found["candidates"][0]["speaker"] == "assistant"


def test_pause_and_resume(api: Daemon, home: Path, project: Path) -> None:
    _post(api, "/v1/pause")
    session = ClaudeSession(home, project).say("remember that the lab key hangs in room 12")
    assert not api.status()["settled"]
    assert api.status()["extractor"]["state"] == "paused"
    api.stop()
    api.start()
    assert api.status()["extractor"]["state"] == "paused"
    _post(api, "/v1/resume")
    session.say("ok")
    api.settle()
    assert any("room 12" in text for text in api.contents("where is the lab key?", project))


def test_recall_is_narrowed_by_tag_date_and_session(api: Daemon) -> None:
    for number, tags in enumerate((["net", "prod"], ["net"])):
        _post(api, f"{PROFILE}/remember", content=f"The gateway kw{number} listens on port 844{number}.", tags=tags)
    _ingest(api, "the gateway kw2 listens on port 8442", session="s7")

    def found(**fields: Any) -> set[str]:
        result = _post(api, f"{PROFILE}/recall", query="which port does the gateway listen on?", **fields)
        return {word for one in result["candidates"] for word in re.findall(r"kw\d", one["content"])}

    assert found() == {"kw0", "kw1", "kw2"}
    assert found(tags=["prod"]) == {"kw0"}
    assert found(tags=["net"]) == {"kw0", "kw1"}
    assert found(sessionId="s7") == {"kw2"}
    assert found(before="2020-01-01") == set()
    assert found(since="2020-01-01", types=["fact"]) == {"kw0", "kw1"}
    with pytest.raises(FieldError, match="since"):
        found(since="yesterday")


def _plain(api: Daemon, path: str) -> str:
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        connection.sock.connect(str(api.socket))
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_the_last_day_of_all_and_an_unknown_agent_get_clear_answers(api: Daemon) -> None:
    assert api.client.request("POST", f"{PROFILE}/recall", {"query": "ci cache", "at": "9999-12-31"})["count"] == 0
    with pytest.raises(FieldError, match="claude-code"):
        api.client.request("POST", "/v1/transcripts", {"paths": ["/nowhere"], "agent": "nope"})


def test_metrics_and_openapi_are_served(api: Daemon) -> None:
    assert "sidecar_index_generation" in _plain(api, "/v1/metrics")
    assert '"openapi"' in _plain(api, "/v1/openapi.json")
