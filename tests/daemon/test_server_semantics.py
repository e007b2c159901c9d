"""What the server makes of requests, and of the daemon's answers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from server_fake import MANAGED, FakeApi, Running, run, serving

from sidecar.daemon.protocol import Freshness, Listing, Question, Said, SessionName
from sidecar.model import MemoryType, ProfileRef, Status
from sidecar.wire.cursor import encode

WEB = ProfileRef("local", "web")
BASE = "/v1/namespaces/local/profiles/web"


def last(running: Running, name: str) -> tuple[Any, ...]:
    return next(call[1:] for call in reversed(running.api.calls) if call[0] == name)


def question(running: Running) -> Question:
    found: Question = last(running, "recall")[1]
    return found


def test_remember_recall_get_list_forget_delete(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        memory = await running.remember("Use pnpm, never npm.", sessionId="s1", tags=["build"], pinned=True)
        assert memory == {
            "id": memory["id"],
            "type": "fact",
            "summary": "Use pnpm, never npm.",
            "content": "Use pnpm, never npm.",
            "sessionId": "s1",
            "createdAt": "2026-11-20T16:02:11Z",
            "updatedAt": "2026-11-20T16:02:11Z",
            "key": None,
            "status": "active",
            "profile": "web",
            "path": memory["path"],
            "source": {
                "origin": "remember",
                "agent": None,
                "session": "s1",
                "speaker": "user",
                "messages": [],
                "by": "ines@laptop",
            },
            "sha256": memory["sha256"],
            "tags": ["build"],
            "pinned": True,
        }
        one = f"{BASE}/memories/{memory['id']}"
        assert (await running.ask("GET", one)).result == memory
        listed = (await running.ask("GET", f"{BASE}/memories")).result
        assert listed == [{key: value for key, value in memory.items() if key != "content"}]
        recalled = (await running.ask("POST", f"{BASE}/recall", {"query": "pnpm"})).result
        assert (recalled["count"], recalled["answer"]) == (1, "Use pnpm, never npm.")
        forgotten = (await running.ask("POST", f"{one}/forget", {"reason": "moved to bun"})).result
        assert forgotten["status"] == "forgotten"
        assert last(running, "forget_memory") == (WEB, memory["id"], "moved to bun")
        assert (await running.ask("GET", f"{BASE}/memories")).result == []
        assert (await running.ask("DELETE", one)).result["id"] == memory["id"]
        assert (await running.ask("DELETE", one)).status == 404

    run(tmp_path, scenario)


def test_nothing_relevant_is_an_empty_answer(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        answer = await running.ask("POST", f"{BASE}/recall", {"query": "the moon"})
        assert answer.result == {"count": 0, "answer": "", "candidates": []}

    run(tmp_path, scenario)


def test_a_candidate_has_exactly_its_fields(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        memory = await running.remember("Use pnpm.", sessionId="s1")
        plain = (await running.ask("POST", f"{BASE}/recall", {"query": "pnpm"})).result["candidates"][0]
        assert plain == {
            "id": memory["id"],
            "summary": "Use pnpm.",
            "sessionId": "s1",
            "score": 0.9,
            "kind": "memory",
            "type": "fact",
            "content": "Use pnpm.",
            "profile": "web",
            "path": memory["path"],
            "observed": "2026-11-17T16:02:11Z",
            "speaker": "user",
            "age_days": 3,
            "truncated": False,
        }
        explained = await running.ask("POST", f"{BASE}/recall", {"query": "pnpm", "explain": True})
        channels = explained.result["candidates"][0]["channels"]
        assert channels == {
            "keyword": {"rank": 1, "score": 3.5, "weight": 1.0},
            "vector": {"rank": 2, "score": 0.4, "weight": 0.5},
        }

    run(tmp_path, scenario)


@pytest.mark.parametrize(("date", "age"), [("2026-11-19", 2), ("2026-11-17T16:02:11Z", 0), ("2026-01-01", 0)])
def test_age_counts_from_the_reference_date(tmp_path: Path, date: str, age: int) -> None:
    async def scenario(running: Running) -> None:
        await running.remember("Use pnpm.")
        answer = await running.ask("POST", f"{BASE}/recall", {"query": "pnpm", "referenceDate": date})
        assert answer.result["candidates"][0]["age_days"] == age

    run(tmp_path, scenario)


def test_kinds_by_default_depend_on_the_prefix(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        managed = MANAGED + "/namespaces/local/profiles/web/recall"
        for target, body, kinds in [
            (f"{BASE}/recall", {}, ("memory", "message")),
            ("/v1/recall", {}, ("memory", "message")),
            (managed, {}, ("memory",)),
            (managed, {"kinds": ["message"]}, ("message",)),
            (f"{BASE}/recall", {"kinds": ["memory"]}, ("memory",)),
        ]:
            await running.ask("POST", target, {"query": "x", **body})
            assert question(running).kinds == kinds

    run(tmp_path, scenario)


def test_a_recall_reaches_the_daemon_whole(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        body = {
            "query": "Which package manager?",
            "thinkingLevel": "high",
            "responseLength": "long",
            "referenceDate": "2026-11-20T18:00:00+02:00",
            "limit": 3,
            "at": "2026-10-01",
            "types": ["fact", "task"],
            "kinds": ["memory"],
            "sessionId": "s1",
            "include": ["personal", "infra"],
            "budget": 800,
            "explain": True,
            "tags": ["ci", "build"],
            "since": "2026-09-01",
            "before": "2026-09-30",
        }
        await running.ask("POST", f"{BASE}/recall", body)
        assert last(running, "recall") == (
            WEB,
            Question(
                query="Which package manager?",
                level="high",
                length="long",
                reference=datetime(2026, 11, 20, 16, tzinfo=UTC),
                limit=3,
                at=datetime(2026, 10, 1, 23, 59, 59, 999999, UTC),
                types=(MemoryType.FACT, MemoryType.TASK),
                kinds=("memory",),
                session="s1",
                budget=800,
                explain=True,
                routed=False,
                tags=("ci", "build"),
                since=datetime(2026, 9, 1, tzinfo=UTC),
                before=datetime(2026, 9, 30, 23, 59, 59, 999999, UTC),
            ),
            (ProfileRef("local", "personal"), ProfileRef("local", "infra")),
        )

    run(tmp_path, scenario)


def test_at_may_name_a_tag_or_a_commit(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        for name in ("before-move", "2026-11-20-release", "0a1b2c3"):
            await running.ask("POST", f"{BASE}/recall", {"query": "x", "at": name})
            assert question(running).at == name

    run(tmp_path, scenario)


def test_null_is_absent_and_unknown_fields_are_ignored(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        body = {"query": "x", "sessionId": None, "thinkingLevel": None, "limit": None, "future": {"a": [1]}, "limt": 3}
        assert (await running.ask("POST", f"{BASE}/recall?trace=1", body)).status == 200
        asked = question(running)
        assert (asked.session, asked.level, asked.limit) == (None, "low", None)

    run(tmp_path, scenario)


def test_routing_by_folder_and_by_name(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        for body, ref, routed in [
            ({"cwd": "/home/ines/web"}, WEB, True),
            ({}, ProfileRef("local", "personal"), True),
            ({"cwd": "/home/ines/web", "profile": "infra"}, ProfileRef("local", "infra"), False),
            ({"profile": "infra", "namespace": "team"}, ProfileRef("team", "infra"), False),
        ]:
            running.api.namespaces["team"] = running.api.namespaces["local"]
            answer = await running.ask("POST", "/v1/recall", {"query": "x", **body})
            assert answer.status == 200
            assert last(running, "recall")[0] == ref
            assert question(running).routed is routed

    run(tmp_path, scenario)


def test_the_default_namespace_is_a_setting(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        running.api.namespaces["work"] = running.api.namespaces["local"]
        await running.ask("POST", "/v1/summary", {"profile": "infra"})
        assert last(running, "summary") == (ProfileRef("work", "infra"), None)

    run(tmp_path, scenario, namespace="work")


def test_routing_in_the_query_string(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        await running.ask("GET", "/v1/memories?cwd=/home/ines/my%20web")
        assert last(running, "route") == ("/home/ines/my web",)
        memory = await running.remember("Use pnpm.")
        one = f"/v1/memories/{memory['id']}"
        assert (await running.ask("GET", f"{one}?profile=web")).result == memory
        assert (await running.ask("POST", f"{one}/forget", {"profile": "web"})).result["status"] == "forgotten"
        assert (await running.ask("DELETE", f"{one}?cwd=/home/ines/web")).status == 200
        assert (await running.ask("GET", "/v1/log?profile=web&id=01M7&limit=3")).status == 200
        assert last(running, "log") == (WEB, "01M7", 3)

    run(tmp_path, scenario)


def test_ingest_hands_over_what_was_said(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        body = {
            "messages": [
                {"role": "system", "content": ""},
                {"role": "user", "content": "Grüße 👋", "timestamp": "2026-11-20T10:00:00.123456789+01:00"},
                {"role": "assistant", "content": "ok", "timestamp": "2026-11-20"},
            ],
            "sessionId": "chat 42",
            "wait": True,
        }
        answer = await running.ask("POST", f"{BASE}/ingest", body)
        assert (answer.status, answer.result) == (200, None)
        assert last(running, "ingest") == (WEB, "chat 42", True)
        assert running.api.said[WEB] == [
            ("chat 42", Said("system", "", None)),
            ("chat 42", Said("user", "Grüße 👋", datetime(2026, 11, 20, 9, 0, 0, 123456, UTC))),
            ("chat 42", Said("assistant", "ok", datetime(2026, 11, 20, tzinfo=UTC))),
        ]

    run(tmp_path, scenario)


def test_search_finds_messages_of_a_session(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        for session in ("s1", "s2"):
            body = {"messages": [{"role": "user", "content": "pnpm it is"}], "sessionId": session, "profile": "web"}
            await running.ask("POST", "/v1/ingest", body)
        found = await running.ask("POST", "/v1/search", {"query": "PNPM", "sessionId": "s2", "cwd": "/x/web"})
        assert found.result["count"] == 1
        candidate = found.result["candidates"][0]
        assert (candidate["kind"], candidate["sessionId"], candidate["age_days"]) == ("message", "s2", None)
        assert (candidate["agent"], candidate["before"], candidate["after"]["speaker"]) == ("http", None, "assistant")
        assert candidate["resume"]["command"] == "codex resume s1"
        ref, wanted = last(running, "search")
        assert (ref, wanted.query, wanted.session, wanted.limit, wanted.routed) == (WEB, "PNPM", "s2", None, True)
        assert (wanted.agent, wanted.since, wanted.everywhere) == (None, None, False)
        narrowed = {"query": "x", "agent": "codex", "since": "2026-11-20", "everywhere": True}
        await running.ask("POST", "/v1/search", narrowed)
        _, wanted = last(running, "search")
        assert (wanted.agent, wanted.everywhere) == ("codex", True)
        assert wanted.since == datetime(2026, 11, 20, tzinfo=UTC)
        assert (await running.ask("POST", "/v1/search", {"query": "x", "since": "yesterday"})).status == 400

    run(tmp_path, scenario)


def test_a_session_comes_page_by_page(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        name = quote("a/b ö", safe="")
        first = await running.ask("GET", f"/v1/sessions/{name}?per_page=3&agent=codex")
        assert first.result["session"] == "a/b ö"
        assert [message["id"] for message in first.result["messages"]] == ["m0", "m1", "m2"]
        assert last(running, "session") == (SessionName("a/b ö", "codex", None), 0, 3)
        cursor = first.json["result_info"]["cursor"]
        second = await running.ask("GET", f"/v1/sessions/{name}?per_page=3&cursor={cursor}")
        assert [message["id"] for message in second.result["messages"]] == ["m3", "m4"]
        assert second.json["result_info"]["cursor"] is None
        assert (await running.ask("GET", f"/v1/sessions/{name}?cursor=bm9uZQ")).status == 400
        for wrong in ("x", "9" * 30, "²", "-1"):
            assert (await running.ask("GET", f"/v1/sessions/{name}?cursor={encode(wrong)}")).status == 400
        assert (await running.ask("GET", "/v1/sessions/" + "x" * 513)).status == 400

    run(tmp_path, scenario)


def test_pages_neither_repeat_nor_hide_when_the_list_changes(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        ids = sorted([(await running.remember(f"fact {number}"))["id"] for number in range(5)], reverse=True)
        first = await running.ask("GET", f"{BASE}/memories?per_page=2")
        assert [one["id"] for one in first.result] == ids[:2]
        info = first.json["result_info"]
        assert (info["per_page"], info["count"]) == (2, 2)
        await running.ask("DELETE", f"{BASE}/memories/{ids[0]}")
        await running.ask("DELETE", f"{BASE}/memories/{ids[1]}")
        second = await running.ask("GET", f"{BASE}/memories?per_page=2&cursor={info['cursor']}")
        assert [one["id"] for one in second.result] == ids[2:4]
        third = await running.ask("GET", f"{BASE}/memories?per_page=2&cursor={second.json['result_info']['cursor']}")
        assert [one["id"] for one in third.result] == ids[4:]
        assert third.json["result_info"]["cursor"] is None

    run(tmp_path, scenario)


def test_a_page_that_ends_with_the_list_has_no_cursor(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        for number in range(2):
            await running.remember(f"fact {number}")
        info = (await running.ask("GET", f"{BASE}/memories?per_page=2&cursor=")).json["result_info"]
        assert (info["count"], info["cursor"]) == (2, None)

    run(tmp_path, scenario)


def test_namespaces_come_in_pages_by_name(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        for name in ("b", "a", "c"):
            await running.ask("POST", "/v1/namespaces", {"name": name})
        names, cursor = [], ""
        while cursor is not None:
            page = (await running.ask("GET", f"{MANAGED}/namespaces?per_page=3&cursor={cursor}&order=name")).json
            names.append([one["name"] for one in page["result"]])
            cursor = page["result_info"]["cursor"]
        assert names == [["a", "b", "c"], ["local"]]

    run(tmp_path, scenario)


def test_list_filters(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        await running.ask("GET", f"{BASE}/memories?session_id=s1&type=task&status=superseded&tag=net&per_page=7")
        assert last(running, "list_memories") == (
            WEB,
            Listing("s1", MemoryType.TASK, Status.SUPERSEDED, "net"),
            None,
            8,
        )
        await running.ask("GET", f"{BASE}/memories?status=all")
        assert last(running, "list_memories")[1] == Listing(None, None, None, None)
        await running.ask("GET", f"{BASE}/memories")
        assert last(running, "list_memories")[1:] == (Listing(None, None, Status.ACTIVE, None), None, 21)

    run(tmp_path, scenario)


def test_history_shows_versions_and_messages(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        memory = await running.remember("Use pnpm.")
        shown = (await running.ask("GET", f"{BASE}/memories/{memory['id']}?history=1")).result
        history = shown.pop("history")
        assert shown == memory
        extra = {
            "observed": "2026-11-17T16:02:11Z",
            "valid_until": None,
            "supersedes": None,
            "superseded_by": None,
            "reason": None,
        }
        assert history["versions"] == [memory | extra]
        assert [one["content"] for one in history["messages"]] == ["Use pnpm."]

    run(tmp_path, scenario)


def test_notes_and_freshness_come_with_the_answer(tmp_path: Path) -> None:
    async def main() -> None:
        api = FakeApi(notes=("degraded: no model",), fresh=Freshness(3, 900, ("watcher is down",)))
        async with serving(tmp_path, api) as running:
            answer = (await running.ask("POST", "/v1/recall", {"query": "x", "thinkingLevel": "medium"})).json
            assert answer["messages"] == [{"code": 1200, "message": "degraded: no model"}]
            index = {"generation": 3, "lag_ms": 900, "degraded": ["watcher is down"]}
            assert answer["result_info"] == {"index": index}
            assert list(answer) == ["result", "success", "errors", "messages", "result_info"]

    asyncio.run(main())


def test_the_daemon_is_steered(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        for name in ("pause", "resume", "rebuild", "shutdown"):
            answer = await running.ask("POST", f"/v1/{name}")
            assert (answer.status, answer.result) == (200, None)
            assert last(running, name) == ()
        await running.ask("POST", "/v1/notify", {"agent": "codex", "event": "Stop"})
        assert last(running, "notify") == ("codex", None, None, "Stop")
        await running.ask("POST", "/v1/transcripts", {"paths": ["/a", "/b"]})
        assert last(running, "ingest_transcripts") == (("/a", "/b"), None, False)

    run(tmp_path, scenario)


def test_half_emojis_and_nul_become_replacement_characters(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        raw = b'{"content": "cut \\ud83d here, \\u0000 there, whole \\ud83d\\udc4b"}'
        answer = await running.ask("POST", f"{BASE}/remember", raw=raw)
        assert answer.result["content"] == "cut \ufffd here, \ufffd there, whole 👋"

    run(tmp_path, scenario)


def test_names_of_files_that_are_not_utf8_are_shown_escaped(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        answer = await running.ask("POST", "/v1/transcripts", {"paths": ["/t"]})
        assert answer.result["problems"][0]["path"] == "/t/\\udcff.jsonl"

    run(tmp_path, scenario)


def test_health_asks_nothing_of_the_daemon(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path, FakeApi(fault=RuntimeError("broken"))) as running:
            health = await running.ask("GET", "/v1/healthz")
            assert (health.status, health.result["status"]) == (200, "ok")
            assert running.api.calls == []

    asyncio.run(main())


def test_metrics_are_the_daemons_and_the_servers(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        await running.ask("GET", "/v1/status")
        await running.ask("GET", "/secret/path")
        await running.ask("POST", "/v1/recall", {})
        page = await running.ask("GET", "/v1/metrics")
        assert page.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        lines = page.body.decode().splitlines()
        assert 'sidecar_memories{profile="we\\"b"} 3' in lines
        assert 'sidecar_http_requests_total{method="GET",route="status",status="200"} 1' in lines
        assert 'sidecar_http_requests_total{method="-",route="unknown",status="404"} 1' in lines
        assert 'sidecar_http_requests_total{method="POST",route="recall_here",status="400"} 1' in lines
        assert "secret" not in page.body.decode()

    run(tmp_path, scenario)


def test_answers_are_not_to_be_kept_or_guessed_at(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        headers = (await running.ask("GET", "/v1/status")).headers
        assert headers["Content-Type"] == "application/json"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Server"].startswith("sidecar/")

    run(tmp_path, scenario)


def test_jobs_are_named_by_session_and_what_else_it_takes(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        await running.ask("GET", "/v1/jobs?state=parked&limit=7")
        assert last(running, "list_jobs") == ("parked", 7)
        await running.ask("GET", "/v1/jobs")
        assert last(running, "list_jobs") == (None, 20)
        assert (await running.ask("POST", "/v1/jobs/retry", {})).result == {"sessions": 1}
        assert last(running, "retry_jobs") == (None,)
        await running.ask("POST", "/v1/jobs/retry", {"session": "s1", "agent": "codex"})
        assert last(running, "retry_jobs") == (SessionName("s1", "codex"),)
        await running.ask("POST", "/v1/jobs/drop", {"session": "s1", "profile": "web"})
        assert last(running, "drop_job") == (SessionName("s1", None, WEB),)
        await running.ask("POST", "/v1/jobs/drop", {"session": "s1", "profile": "web", "namespace": "team"})
        assert last(running, "drop_job") == (SessionName("s1", None, ProfileRef("team", "web")),)

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/v1/jobs?state=asleep", None),
        ("GET", "/v1/jobs?limit=0", None),
        ("POST", "/v1/jobs/retry", {"agent": "codex"}),
        ("POST", "/v1/jobs/drop", {"agent": "codex"}),
    ],
)
def test_a_job_that_is_not_named_is_refused(tmp_path: Path, method: str, target: str, body: object) -> None:
    async def scenario(running: Running) -> None:
        assert (await running.ask(method, target, body)).status == 400

    run(tmp_path, scenario)
