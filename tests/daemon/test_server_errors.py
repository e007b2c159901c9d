"""Every refusal: its status, its envelope, and what it must not say."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from server_fake import MANAGED, FakeApi, Response, Running, run, serving

from sidecar.errors import ChangedOnDisk, FileSystemFailed, SidecarError, Unavailable
from sidecar.wire import limits

BASE = "/v1/namespaces/local/profiles/web"


def assert_failure(answer: Response, status: int, code: int) -> str:
    """It is this error in a whole envelope; returns its message."""
    assert (answer.status, answer.error["code"]) == (status, code), answer.body
    envelope = answer.json
    assert list(envelope) == ["result", "success", "errors", "messages", "result_info"]
    assert (envelope["result"], envelope["success"], envelope["messages"]) == (None, False, [])
    assert list(answer.error) == ["code", "message", "hint"]
    assert answer.error["hint"]
    message: str = answer.error["message"]
    return message


FIELDS: list[tuple[str, Any, str]] = [
    ("/recall", {}, "query: is required"),
    ("/recall", {"query": None}, "query: is required"),
    ("/recall", {"query": 3}, "query: must be a string"),
    ("/recall", {"query": "  "}, "query: must not be blank"),
    ("/recall", {"query": "x", "thinkingLevel": "max"}, "thinkingLevel: must be 'low', 'medium' or 'high'"),
    ("/recall", {"query": "x", "responseLength": 1}, "responseLength: must be 'short', 'medium' or 'long'"),
    ("/recall", {"query": "x", "limit": 0}, "limit: must be 1 or more"),
    ("/recall", {"query": "x", "limit": "10"}, "limit: must be a whole number"),
    ("/recall", {"query": "x", "limit": True}, "limit: must be a whole number"),
    ("/recall", {"query": "x", "limit": 10**30}, "limit: must be 100 or less"),
    ("/recall", {"query": "x", "referenceDate": "yesterday"}, "referenceDate: must be an ISO 8601 date"),
    ("/recall", {"query": "x", "referenceDate": "2026-02-30"}, "referenceDate: must be an ISO 8601 date"),
    ("/recall", {"query": "x", "referenceDate": "0001-01-01T00:00:00+14:00"}, "referenceDate: must be an ISO 8601"),
    ("/recall", {"query": "x", "referenceDate": 1763654531}, "referenceDate: must be an ISO 8601 date"),
    ("/recall", {"query": "x", "at": "--upload-pack=x"}, "at: must be a date, a date-time, a tag or a commit"),
    ("/recall", {"query": "x", "at": "2026-13-01"}, "at: must be an ISO 8601 date"),
    ("/recall", {"query": "x", "types": "fact"}, "types: must be a list"),
    ("/recall", {"query": "x", "types": ["fact", "idea"]}, "types[1]: must be 'fact', "),
    ("/recall", {"query": "x", "kinds": ["mail"]}, "kinds[0]: must be 'memory' or 'message'"),
    ("/recall", {"query": "x", "include": ["../infra"]}, "include[0]: must consist of a-z, 0-9 and -"),
    ("/recall", {"query": "x", "explain": "yes"}, "explain: must be true or false"),
    ("/recall", {"query": "x", "sessionId": ""}, "sessionId: must not be empty"),
    ("/recall", {"query": "x", "sessionId": "a\nb"}, "sessionId: must not hold control characters"),
    ("/ingest", {}, "messages: is required"),
    ("/ingest", {"messages": []}, "messages: must have 1 item(s) at least"),
    ("/ingest", {"messages": {}}, "messages: must be a list"),
    ("/ingest", {"messages": ["hello"]}, "messages[0]: must be an object"),
    ("/ingest", {"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role: must be 'system', "),
    ("/ingest", {"messages": [{"role": "user"}]}, "messages[0].content: is required"),
    ("/ingest", {"messages": [{"role": "user", "content": "x", "timestamp": "noon"}]}, "messages[0].timestamp: must"),
    ("/remember", {"content": "x", "type": "idea"}, "type: must be 'fact', 'event', 'instruction' or 'task'"),
    ("/remember", {"content": "x", "key": "../../etc/passwd"}, "key: must be a topic"),
    ("/remember", {"content": "x", "key": "a//b"}, "key: must be a topic"),
    ("/remember", {"content": "x", "tags": [" "]}, "tags[0]: must have 1 to 64 characters"),
    ("/remember", {"content": "x", "pinned": 1}, "pinned: must be true or false"),
    ("/remember", {"content": "\n"}, "content: must not be blank"),
    ("/memories/01M/forget", {"reason": []}, "reason: must be a string"),
    ("/memories/01M/review", {}, "decision: is required"),
    ("/memories/01M/review", {"decision": "delete"}, "decision: must be 'accept' or 'reject'"),
    ("/memories/01M/review", {"decision": "accept", "content": " "}, "content: must not be blank"),
    ("/memories/01M/review", {"decision": "reject", "content": "x"}, "content: goes with `accept` alone"),
    ("/memories/01M/review", {"decision": "accept", "expected_sha256": "0"}, "expected_sha256: has characters that"),
]


@pytest.mark.parametrize(("route", "body", "message"), FIELDS)
def test_a_bad_field_is_named(tmp_path: Path, route: str, body: Any, message: str) -> None:
    async def scenario(running: Running) -> None:
        for base in (BASE, MANAGED + "/namespaces/local/profiles/web"):
            said = assert_failure(await running.ask("POST", base + route, body), 400, 1401)
            assert said.startswith(message)

    run(tmp_path, scenario)


QUERIES = [
    ("/v1/memories?per_page=0", "per_page: must be 1 or more"),
    ("/v1/memories?per_page=501", "per_page: must be 500 or less"),
    ("/v1/memories?per_page=many", "per_page: must be a whole number"),
    ("/v1/memories?per_page=1&per_page=2", "per_page: stands twice in the query string"),
    ("/v1/memories?status=gone", "status: must be "),
    ("/v1/memories?cursor=MjphYmM", "cursor: is not one that this API gave"),
    ("/v1/memories?cursor=%00", "cursor: is not one that this API gave"),
    ("/v1/memories?cwd=relative", "cwd: must be an absolute path"),
    ("/v1/memories?profile=Web", "profile: must consist of a-z, 0-9 and -"),
    ("/v1/log?id=..%2F..", "id: has characters that are not allowed"),
    ("/v1/memories/01M?history=perhaps", "history: must be true or false"),
    ("/v1/namespaces/Local", "namespace: must consist of a-z, 0-9 and -"),
    ("/v1/namespaces/..", "namespace: must consist of a-z, 0-9 and -"),
    ("/v1/namespaces/%2e%2e%2f/profiles", "namespace: must consist of a-z, 0-9 and -"),
    ("/v1/namespaces/local/profiles/-web/memories", "profile: must consist of a-z, 0-9 and -"),
    ("/v1/namespaces/local/profiles/web%00/memories", "profile: must consist of a-z, 0-9 and -"),
    ("/v1/namespaces/local/profiles/web%0A/memories", "profile: must consist of a-z, 0-9 and -"),
    ("/v1/namespaces/local/profiles/%FF/memories", "profile: must consist of a-z, 0-9 and -"),
]


@pytest.mark.parametrize(("target", "message"), QUERIES)
def test_a_bad_name_in_path_or_query_is_named(tmp_path: Path, target: str, message: str) -> None:
    async def scenario(running: Running) -> None:
        assert assert_failure(await running.ask("GET", target), 400, 1401).startswith(message)
        assert [call for call in running.api.calls if call[0] != "route"] == []

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("raw", "code", "message"),
    [
        (b"{", 1400, "not JSON"),
        (b"[]", 1400, "must be a JSON object"),
        (b"null", 1400, "must be a JSON object"),
        (b'"text"', 1400, "must be a JSON object"),
        (b'{"query": "\xff"}', 1400, "not UTF-8 (byte 11)"),
        (b'{"query": "x", "limit": NaN}', 1400, "NaN is not JSON"),
        (b'{"query": "x", "limit": -Infinity}', 1400, "-Infinity is not JSON"),
        (b'{"query": "x", "limit": 1e999}', 1400, "a number that is too large"),
        (b'{"query": "x", "limit": ' + b"9" * 5000 + b"}", 1400, "a number that is too long"),
        (b'{"query": "x", "query": "y"}', 1401, "query: stands twice"),
        (b'{"query": "x", "more": {"a": 1, "a": 2}}', 1401, "a: stands twice"),
        (b'{"query": "x", "more": ' + b"[" * 17 + b"]" * 17 + b"}", 1400, "nested deeper than 16"),
        (b"[" * 200_000, 1400, "nested deeper than 16"),
        (b'{"a":' * 100_000, 1400, "nested deeper than 16"),
        (b'{"query": "tab\tinside"}', 1400, "not JSON"),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else None,
)
def test_what_is_not_proper_json_is_refused(tmp_path: Path, raw: bytes, code: int, message: str) -> None:
    async def scenario(running: Running) -> None:
        assert message in assert_failure(await running.ask("POST", "/v1/recall", raw=raw), 400, code)

    run(tmp_path, scenario)


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        assert (await running.ask("POST", "/v1/recall", raw=b'\xef\xbb\xbf{"query": "x"}')).status == 200

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    "declared",
    ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "json", "text/json"],
)
def test_a_body_that_is_not_declared_as_json_is_refused(tmp_path: Path, declared: str) -> None:
    async def scenario(running: Running) -> None:
        answer = await running.ask("POST", "/v1/recall", raw=b'{"query": "x"}', Content_Type=declared)
        assert_failure(answer, 415, 1415)

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    "declared", ["application/json", "Application/JSON; charset=UTF-8", "application/merge-patch+json"]
)
def test_a_body_that_is_declared_as_json_is_taken(tmp_path: Path, declared: str) -> None:
    async def scenario(running: Running) -> None:
        answer = await running.ask("POST", "/v1/recall", raw=b'{"query": "x"}', Content_Type=declared)
        assert answer.status == 200

    run(tmp_path, scenario)


def test_an_empty_body_needs_no_declaration(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        assert (await running.ask("POST", "/v1/summary")).status == 200
        assert "query" in assert_failure(await running.ask("POST", "/v1/recall"), 400, 1401)

    run(tmp_path, scenario)


def test_what_does_not_exist(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        for method, target, code in [
            ("GET", "/v1/namespaces/nowhere", 1441),
            ("DELETE", "/v1/namespaces/nowhere", 1441),
            ("GET", "/v1/namespaces/nowhere/profiles", 1441),
            ("POST", "/v1/namespaces/nowhere/profiles/web/summary", 1441),
            ("GET", f"{BASE}/memories/01M7WTWTW08H7W2R5T6Y5XK2QC", 1440),
            ("DELETE", f"{BASE}/memories/01M7WTWTW08H7W2R5T6Y5XK2QC", 1440),
            ("POST", f"{BASE}/memories/01M7WTWTW08H7W2R5T6Y5XK2QC/forget", 1440),
            ("GET", f"{BASE}/memories/..%2f..%2fprofile.yaml", 1440),
            ("GET", f"{BASE}/memories/%2Fetc%2Fpasswd", 1440),
            ("GET", f"{BASE}/memories/{'x' * 65}", 1440),
        ]:
            assert_failure(await running.ask(method, target), 404, code)
        assert (await running.ask("GET", f"{BASE}/memories")).result == []
        assert (await running.ask("DELETE", f"{BASE}/sessions/nobody")).result is None

    run(tmp_path, scenario)


def test_conflicts(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        assert_failure(await running.ask("POST", "/v1/namespaces", {"name": "local"}), 409, 1490)
        running.api.fault = ChangedOnDisk(path="facts/a.md")
        message = assert_failure(await running.ask("DELETE", f"{BASE}/memories/01M"), 409, 1491)
        assert message == "facts/a.md has changed since it was read."

    run(tmp_path, scenario)


def test_unavailable_says_when_to_try_again(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        running.api.fault = Unavailable(what="The index", why="it is being rebuilt")
        answer = await running.ask("POST", "/v1/recall", {"query": "x"})
        assert_failure(answer, 503, 1503)
        assert int(answer.headers["Retry-After"]) >= 1

    run(tmp_path, scenario)


def test_a_bug_gives_no_traceback_but_a_name_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(running: Running) -> None:
        running.api.fault = KeyError("secret /home/ines/.ssh/id_ed25519")
        answer = await running.ask("GET", "/v1/status")
        message = assert_failure(answer, 500, 1000)
        assert b"Traceback" not in answer.body
        assert b"secret" not in answer.body
        assert b"ines" not in answer.body
        record = next(one for one in caplog.records if one.exc_info)
        assert record.getMessage().rsplit(" ", 1)[1] in message
        running.api.fault = None
        assert (await running.ask("GET", "/v1/status")).status == 200

    with caplog.at_level(logging.ERROR, "sidecar.daemon.server"):
        run(tmp_path, scenario)


def test_a_fault_of_ours_is_told_without_its_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(running: Running) -> None:
        path = "/home/ines/.local/state/sidecar/journal.db"
        running.api.fault = FileSystemFailed(path=path, action="written", why="no space left")
        message = assert_failure(await running.ask("GET", "/v1/status"), 500, 1019)
        assert message == "…/journal.db cannot be written: no space left"
        assert path in caplog.text

    with caplog.at_level(logging.ERROR, "sidecar.daemon.server"):
        run(tmp_path, scenario)


def test_every_known_error_keeps_its_status(tmp_path: Path) -> None:
    class Odd(SidecarError):
        """Odd."""

        code = 999_999
        http_status = 422

    async def scenario(running: Running) -> None:
        running.api.fault = Odd()
        assert_failure(await running.ask("GET", "/v1/status"), 422, 999_999)

    run(tmp_path, scenario)


def test_a_body_over_the_limit_is_refused_by_its_length_alone(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        async with running.stream() as (reader, writer):
            writer.write(
                b"POST /v1/recall HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                + f"Content-Length: {limits.BODY_BYTES + 1}\r\n\r\n".encode()
            )
            assert b" 413 " in await reader.readline()

    run(tmp_path, scenario)


def test_a_client_that_sends_too_much_gets_to_see_the_refusal(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        raw = json.dumps({"query": "x" * (8 * limits.BODY_BYTES)}).encode()
        answer = await running.ask("POST", "/v1/recall", raw=raw)
        assert str(limits.BODY_BYTES) in assert_failure(answer, 413, 1413)

    run(tmp_path, scenario)


def test_a_chunked_body_over_the_limit_is_refused(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        async with running.stream() as (reader, writer):
            writer.write(
                b"POST /v1/recall HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n"
            )
            piece = b" " * 65_536
            for _ in range(limits.BODY_BYTES // len(piece) + 1):
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            writer.write(b"0\r\n\r\n")
            assert b" 413 " in await reader.readline()

    run(tmp_path, scenario)


def test_a_compressed_body_counts_as_what_it_unpacks_to(tmp_path: Path) -> None:
    import gzip

    async def scenario(running: Running) -> None:
        raw = gzip.compress(b" " * (4 * limits.BODY_BYTES))
        assert len(raw) < limits.BODY_BYTES
        assert_failure(await running.ask("POST", "/v1/recall", raw=raw, Content_Encoding="gzip"), 413, 1413)

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    "rest",
    [
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nplop",
    ],
    ids=["chunks", "gzip"],
)
def test_a_body_that_is_not_encoded_as_it_says(tmp_path: Path, rest: bytes) -> None:
    async def scenario(running: Running) -> None:
        async with running.stream() as (reader, writer):
            writer.write(b"POST /v1/recall HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + rest)
            assert b" 400 " in await reader.readline()
        assert (await running.ask("GET", "/v1/status")).status == 200

    run(tmp_path, scenario)


def test_garbage_is_answered_and_forgotten(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        for garbage in (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            b"GET\r\n\r\n",
            b"\0" * 100 + b"\r\n\r\n",
        ):
            async with running.stream() as (reader, writer):
                writer.write(garbage)
                answer = await reader.read()
                assert b" 400 " in answer.split(b"\r\n")[0]
                assert b"Traceback" not in answer
        assert (await running.ask("GET", "/v1/status")).status == 200

    run(tmp_path, scenario)


def test_an_answer_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    async def main() -> None:
        api = FakeApi(gate=asyncio.Event())
        async with serving(tmp_path, api, request_s=0.05) as running:
            answer = await running.ask("POST", "/v1/recall", {"query": "x"})
            assert "took longer than 0.05 s" in assert_failure(answer, 503, 1503)
            patient = asyncio.create_task(running.ask("POST", "/v1/recall", {"query": "x", "thinkingLevel": "high"}))
            done, _ = await asyncio.wait([patient], timeout=0.5)
            assert not done
            api.gate.set()
            assert (await patient).status == 200

    asyncio.run(main())


def test_a_body_that_does_not_arrive_is_given_up(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        async with running.stream() as (reader, writer):
            writer.write(
                b"POST /v1/recall HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
            )
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 400 " in head.split(b"\r\n")[0]

    run(tmp_path, scenario, body_s=0.05)


def test_a_client_that_leaves_in_the_middle_is_no_bug(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(running: Running) -> None:
        async with running.stream() as (_, writer):
            writer.write(
                b"POST /v1/recall HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
            )
            await writer.drain()
        assert (await running.ask("GET", "/v1/status")).status == 200
        await asyncio.sleep(0.05)

    with caplog.at_level(logging.ERROR):
        run(tmp_path, scenario)
    assert caplog.records == []


def test_a_timeout_inside_the_daemon_is_a_bug_not_a_slow_answer(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        running.api.fault = TimeoutError("somewhere deeper")
        assert_failure(await running.ask("POST", "/v1/recall", {"query": "x"}), 500, 1000)

    run(tmp_path, scenario)
