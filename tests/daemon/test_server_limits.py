"""Every limit, exactly at its edge and one over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from server_fake import Running, run

BASE = "/v1/namespaces/local/profiles/web"


def said(content: str, count: int = 1) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}] * count}


EDGES: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("/ingest", said("x", 500), said("x", 501), "messages: has 501 items; 500 are allowed"),
    (
        "/ingest",
        said("x" * 32_768),
        said("x" * 32_769),
        "messages[0].content: is 32,769 bytes long; 32,768 are allowed",
    ),
    ("/ingest", said("é" * 16_384), said("é" * 16_384 + "x"), "messages[0].content: is 32,769 bytes long"),
    ("/remember", {"content": "x" * 32_768}, {"content": "x" * 32_769}, "content: is 32,769 bytes long"),
    ("/recall", {"query": "q" * 1_024}, {"query": "q" * 1_025}, "query: is 1,025 bytes long; 1,024 are allowed"),
    ("/recall", {"query": "👋" * 256}, {"query": "👋" * 256 + "!"}, "query: is 1,025 bytes long"),
    (
        "/recall",
        {"query": "x", "sessionId": "é" * 64},
        {"query": "x", "sessionId": "é" * 65},
        "sessionId: is longer than 64 characters",
    ),
    ("/recall", {"query": "x", "limit": 100}, {"query": "x", "limit": 101}, "limit: must be 100 or less"),
    (
        "/recall",
        {"query": "x", "include": ["a" * 32]},
        {"query": "x", "include": ["a" * 33]},
        "include[0]: is longer than 32",
    ),
    ("/summary", {"sessionId": "s" * 64}, {"sessionId": "s" * 65}, "sessionId: is longer than 64 characters"),
]


@pytest.mark.parametrize(("route", "fits", "over", "message"), EDGES)
def test_at_the_edge_and_one_over(
    tmp_path: Path, route: str, fits: dict[str, Any], over: dict[str, Any], message: str
) -> None:
    async def scenario(running: Running) -> None:
        assert (await running.ask("POST", BASE + route, fits)).status == 200
        calls = len(running.api.calls)
        answer = await running.ask("POST", BASE + route, over)
        assert (answer.status, answer.error["code"]) == (400, 1401)
        assert answer.error["message"].startswith(message)
        assert len(running.api.calls) == calls

    run(tmp_path, scenario)


GOOD_NAMES = ["a", "7", "a-b", "a" * 32]
BAD_NAMES = ["a" * 33, "-a", "a-", "A", "", "a_b", "ä", "a\n", "a.b", ".."]


@pytest.mark.parametrize(
    ("name", "status"), [*((name, 201) for name in GOOD_NAMES), *((name, 400) for name in BAD_NAMES)]
)
def test_names_of_namespaces(tmp_path: Path, name: str, status: int) -> None:
    async def scenario(running: Running) -> None:
        answer = await running.ask("POST", "/v1/namespaces", {"name": name})
        assert answer.status == status
        if status == 400:
            assert answer.error["message"].startswith("name: ")

    run(tmp_path, scenario)


def test_session_ids_in_the_path(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        assert (await running.ask("DELETE", f"{BASE}/sessions/{'%C3%A9' * 64}")).status == 200
        answer = await running.ask("DELETE", f"{BASE}/sessions/{'%C3%A9' * 65}")
        assert answer.error["message"] == "session id: is longer than 64 characters"
        await running.ask("DELETE", f"{BASE}/sessions/a%2Fb%20c")
        assert running.api.calls[-1][2] == "a/b c"

    run(tmp_path, scenario)


def test_pages_of_500(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        assert (await running.ask("GET", f"{BASE}/memories?per_page=500")).json["result_info"]["per_page"] == 500
        assert (await running.ask("GET", f"{BASE}/memories")).json["result_info"]["per_page"] == 20
        assert (await running.ask("GET", f"{BASE}/memories?per_page=501")).status == 400

    run(tmp_path, scenario)


def test_a_full_ingest_of_escaped_text_fits(tmp_path: Path) -> None:
    """500 messages of 32,768 bytes, whose JSON is three times as long: the worst that text without controls can be."""

    async def scenario(running: Running) -> None:
        answer = await running.ask("POST", f"{BASE}/ingest", said("é" * 16_384, 500))
        assert answer.status == 200, answer.body
        assert sum(len(found) for found in running.api.said.values()) == 500

    run(tmp_path, scenario)
