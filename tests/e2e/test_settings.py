"""Settings have their effect on a real daemon, at the start and at SIGHUP."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from running import ClaudeSession, Daemon, wait_until

from sidecar.errors import Unavailable

PROFILE = "/v1/namespaces/local/profiles/web"
RULE = "always use pnpm in this repo, never npm, npm breaks the lockfile"
SLOW = {"SIDECAR_WATCH_QUIET_SECONDS": "3600"}


def _post(daemon: Daemon, path: str, **body: Any) -> Any:
    return daemon.client.request("POST", path, body)


def _ingest(daemon: Daemon, *texts: str, wait: bool = False) -> None:
    messages = [{"role": "user", "content": text} for text in texts]
    _post(daemon, f"{PROFILE}/ingest", messages=messages, sessionId="s1", wait=wait)


def _memories(daemon: Daemon, status: str = "active", profile: str = "web") -> list[str]:
    route = f"/v1/namespaces/local/profiles/{profile}/memories"
    found = daemon.client.request("GET", route, query={"status": status})
    return [memory["summary"] for memory in found]


def _reload(daemon: Daemon, text: str) -> None:
    assert daemon.process is not None
    folder = daemon.sidecar_home
    (folder / "config.yaml").write_text(text)
    daemon.process.send_signal(signal.SIGHUP)


def _logged(daemon: Daemon) -> str:
    return (daemon.sidecar_home / "state" / "log" / "sidecar.log").read_text()


def test_a_hangup_applies_what_can_change_and_keeps_the_rest(daemon: Daemon) -> None:
    daemon.start()
    _ingest(daemon, *(f"the zebra crossing firmware of host zc{number:02} was flashed" for number in range(14)))

    def shown() -> int:
        return int(_post(daemon, f"{PROFILE}/recall", query="zebra crossing firmware")["count"])

    assert shown() == 10
    _reload(daemon, "recall: {limit: 3}\n")
    wait_until("the new limit counts", lambda: shown() == 3)
    assert _post(daemon, "/v1/search", query="zebra", profile="web")["count"] == 3
    assert _post(daemon, f"{PROFILE}/recall", query="zebra crossing firmware", limit=5)["count"] == 5
    _reload(daemon, "recall: {limit: many}\n")
    wait_until("the invalid file is reported", lambda: "settings not reloaded" in _logged(daemon))
    assert shown() == 3
    _reload(daemon, "namespace: other\nrecall: {limit: 4}\n")
    wait_until("the next limit counts", lambda: shown() == 4)
    assert _logged(daemon).count("setting waits for a restart") == 1
    assert _post(daemon, "/v1/remember", content="The lab key hangs in room 12.")["profile"] == "personal"
    assert daemon.client.request("GET", "/v1/namespaces/local/profiles/personal/memories")


def test_personal_is_searched_beside_a_project_until_a_hangup_says_no(daemon: Daemon, project: Path) -> None:
    daemon.start()
    _post(daemon, "/v1/remember", content="I prefer answers in French.", profile="personal")
    question = "in which language do I prefer answers?"
    assert daemon.contents(question, project) == ["I prefer answers in French."]
    _reload(daemon, "recall: {include_personal: false}\n")
    wait_until("personal is left out", lambda: daemon.contents(question, project) == [])


def test_an_archive_that_is_off_keeps_no_words_once_they_are_learned(home: Path, daemon: Daemon, project: Path) -> None:
    daemon.environ = {"SIDECAR_ARCHIVE_ENABLED": "false"}
    session = ClaudeSession(home, project).say(RULE, "the quokka service is on port 4418")
    daemon.start()
    status = daemon.settle()
    assert [(p["messages"], p["memories"] > 0) for p in status["profiles"] if p["name"] == "tern"] == [(0, True)]
    assert _post(daemon, "/v1/search", query="quokka", cwd=str(project))["count"] == 0
    found = daemon.recall("which package manager do we use?", project)["candidates"]
    assert {candidate["kind"] for candidate in found} == {"memory"}
    before = _memories(daemon, profile="tern")
    session.say("thanks, that is all")
    daemon.settle()
    daemon.stop()
    daemon.start()
    daemon.settle()
    assert _memories(daemon, profile="tern") == before


def test_what_came_while_nothing_extracted_is_learned_later(home: Path, daemon: Daemon, project: Path) -> None:
    daemon.environ = {"SIDECAR_EXTRACT_EXTRACTOR": "none"}
    ClaudeSession(home, project).say(RULE)
    daemon.start()
    assert daemon.settle()["extractor"]["state"] == "off"
    _ingest(daemon, RULE, wait=True)
    assert (_memories(daemon, profile="tern"), _memories(daemon)) == ([], [])
    daemon.stop()
    daemon.environ = {}
    daemon.start()
    daemon.settle()
    assert _memories(daemon, profile="tern")
    assert _memories(daemon)


@pytest.mark.parametrize(("wanted", "name"), [("auto", "rules"), ("ollama", "ollama")])
def test_a_model_that_cannot_be_used_is_not_replaced_in_silence(daemon: Daemon, wanted: str, name: str) -> None:
    daemon.environ = {"SIDECAR_EXTRACT_EXTRACTOR": wanted}
    daemon.start()
    daemon.settle()
    extractor = daemon.status()["extractor"]
    assert (extractor["name"], extractor["state"]) == (name, "unreachable")
    assert "`ollama serve`" in extractor["hint"]


def test_with_review_what_is_learned_waits(daemon: Daemon) -> None:
    daemon.environ = {"SIDECAR_EXTRACT_REVIEW": "true"}
    daemon.start()
    _ingest(daemon, RULE, wait=True)
    assert _memories(daemon) == []
    assert len(_memories(daemon, "proposed")) == 1


def test_a_notice_and_who_waits_do_not_wait_for_quiet(home: Path, daemon: Daemon, project: Path) -> None:
    daemon.environ = SLOW
    daemon.start()
    _ingest(daemon, RULE)
    assert daemon.status()["queue"]["pending"] == 1
    _ingest(daemon, "always deploy with make ship", wait=True)
    assert len(_memories(daemon)) == 2
    session = ClaudeSession(home, project).say(RULE)
    wait_until("the session is read", lambda: daemon.status()["queue"]["pending"] == 1)
    _post(daemon, "/v1/notify", agent="claude-code", event="pre-compact", session=session.session)
    wait_until("it is learned", lambda: _memories(daemon, profile="tern"))


def test_who_would_wait_while_paused_is_refused_and_nothing_is_kept(daemon: Daemon) -> None:
    daemon.start()
    _post(daemon, "/v1/pause")
    with pytest.raises(Unavailable, match="paused"):
        _ingest(daemon, RULE, wait=True)
    assert _post(daemon, "/v1/search", query="pnpm", profile="web")["count"] == 0
    _ingest(daemon, RULE)
    assert _post(daemon, "/v1/search", query="pnpm", profile="web")["count"] == 1


def test_a_recall_explains_itself_and_keeps_to_its_budget(daemon: Daemon) -> None:
    daemon.start()
    _ingest(daemon, *(f"the zebra crossing firmware of host zc{number:02} was flashed" for number in range(4)))
    asked = {"query": "zebra crossing firmware"}
    found = _post(daemon, f"{PROFILE}/recall", **asked, explain=True)
    assert found["explanation"]["gate"]["open"] is True
    assert {"gate", "reasons", "channels", "milliseconds"} < set(found["explanation"])
    assert {name: one["weight"] > 0 for name, one in found["candidates"][0]["channels"].items()}["raw"]
    assert "explanation" not in _post(daemon, f"{PROFILE}/recall", **asked)
    tokens = 2 * len(found["candidates"][0]["content"]) // 4 + 1
    client = daemon.client
    cut = client.request("POST", f"{PROFILE}/recall", {**asked, "budget": tokens})
    assert [c["id"] for c in cut["candidates"]] == [c["id"] for c in found["candidates"][:2]]
    assert client.last is not None
    gone = ", ".join(c["id"] for c in found["candidates"][2:])
    assert [note["message"] for note in client.last.messages] == [
        f"budget: 2 of 4 candidates left out, {-(-len(found['candidates'][0]['content']) // 4) * 2} tokens: {gone}"
    ]
