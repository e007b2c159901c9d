"""Every route under every prefix, answered for real and held against the served OpenAPI document."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from server_fake import MANAGED, FakeApi, Running, run, serving

from sidecar.daemon import openapi
from sidecar.daemon.route import OURS, Route
from sidecar.daemon.routes import TABLE, WITH_BODY

ROOT = Path(__file__).parents[2]

IN_PATH = {"ns": "local", "p": "web", "sid": "chat%2F42", "session": "chat%2F42"}

QUERIES = {
    "get_memory": "?history=1",
    "get_memory_here": "?cwd=/home/ines/web",
    "delete_memory_here": "?profile=web",
    "memory_text_here": "?profile=web",
    "export": "?format=jsonl&private=true",
    "export_here": "?cwd=/home/ines/web",
    "diff": "?before=v1",
    "diff_here": "?before=2026-11-20&after=v1&cwd=/home/ines/web",
}

BODIES: dict[str, Any] = {
    "create_namespace": {"name": "support-agent"},
    "ingest": {"messages": [{"role": "user", "content": "Use pnpm.", "timestamp": "2026-11-20T10:00:00Z"}]},
    "remember": {"content": "The API listens on 8080.", "type": "fact", "key": "api/port", "tags": ["net"]},
    "recall": {"query": "pnpm", "explain": True},
    "forget_memory": {"reason": "no longer true"},
    "review_memory": {"decision": "accept", "content": "Use pnpm.", "expected_sha256": "0" * 64},
    "summary": {},
    "patch_memory": {
        "content": "Use pnpm 9.",
        "key": "web/package-manager",
        "tags": ["web"],
        "pinned": True,
        "expected_sha256": "0" * 64,
    },
    "memory_tool": {"command": "view", "path": "/memories", "view_range": [1, 10]},
    "preview_removal": {"action": "purge", "ids": ["01M7WTWTW08H7W2R5T6Y5XK2QC"]},
    "purge": {"ids": ["01M7WTWTW08H7W2R5T6Y5XK2QC"]},
    "undo": {"commit": "a1b2c3"},
    "snapshot": {"name": "before-move"},
    "transcripts": {"paths": ["/t/a.jsonl"], "agent": "codex", "dry_run": True},
    "import": {"paths": ["/t/notes"], "form": "mem0", "dry_run": True},
    "notify": {"agent": "claude-code", "event": "PreCompact", "session": "s1", "path": "/t/a.jsonl"},
    "hook": {"agent": "codex", "event": "Stop", "payload": {"session_id": "s1", "cwd": "/home/ines/web"}},
    "retry_jobs": {"agent": "codex", "session": "s1"},
    "drop_job": {"agent": "codex", "session": "s1"},
    "share": {"remote": "/srv/web.git", "dry_run": True},
    "join": {"remote": "git@example.org:team/web.git", "profile": "web"},
    "carry_here": {"cwd": "/home/ines/web", "stop": True},
    "search_here": {"query": "pnpm", "cwd": "/home/ines/web"},
}


def body_for(route: Route) -> Any:
    if route.method not in WITH_BODY:
        return None
    name = route.name.removesuffix("_here")
    body = BODIES[route.name] if route.name in BODIES else BODIES.get(name, {})
    return {**body, "cwd": "/home/ines/web"} if route.name.endswith("_here") else body


CASES = [(route, prefix) for route in TABLE for prefix in route.prefixes]


@pytest.mark.parametrize(("route", "prefix"), CASES, ids=lambda value: getattr(value, "name", str(value)[:4]))
def test_each_route_answers_as_the_document_says(tmp_path: Path, route: Route, prefix: str) -> None:
    async def scenario(running: Running) -> None:
        memory = await running.remember("Use pnpm in the web workspace.", sessionId="s1")
        document = (await running.ask("GET", "/v1/openapi.json")).json
        path = route.path.format(**IN_PATH, id=memory["id"])
        base = MANAGED if prefix != OURS else OURS
        answer = await running.ask(route.method, base + path + QUERIES.get(route.name, ""), body_for(route))
        assert answer.status == route.success, answer.body
        operation = document["paths"][prefix + route.path][route.method.lower()]
        assert_conforms(document, operation, answer)
        if route.fresh:
            assert answer.json["result_info"]["index"] == {"generation": 7, "lag_ms": 12, "degraded": []}

    run(tmp_path, scenario)


def assert_conforms(document: dict[str, Any], operation: dict[str, Any], answer: Any) -> None:
    described = operation["responses"][str(answer.status)]
    if "$ref" in described:
        described = document["components"]["responses"][described["$ref"].rsplit("/", 1)[1]]
    media = answer.headers.get_content_type()
    content = described["content"][media]
    if media == "application/json":
        schema = {**content["schema"], "components": document["components"]}
        jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(answer.json)


FAILURES = [
    ("POST", "/v1/recall", {}, 400),
    ("GET", "/v1/memories/nope?cwd=/x", None, 404),
    ("DELETE", "/v1/status", None, 405),
    ("POST", "/v1/namespaces", {"name": "local"}, 409),
]


@pytest.mark.parametrize(("method", "target", "body", "status"), FAILURES)
def test_failures_answer_as_the_document_says(
    tmp_path: Path, method: str, target: str, body: object, status: int
) -> None:
    async def scenario(running: Running) -> None:
        document = openapi.document()
        answer = await running.ask(method, target, body)
        assert answer.status == status
        assert_conforms(document, {"responses": {str(status): {"$ref": f"#/components/responses/{status}"}}}, answer)

    run(tmp_path, scenario)


def test_every_route_stands_in_the_document_and_nothing_else_does() -> None:
    described = {(method.upper(), path) for path, methods in openapi.document()["paths"].items() for method in methods}
    assert described == {(route.method, prefix + route.path) for route in TABLE for prefix in route.prefixes}


def test_the_document_is_sound() -> None:
    document = openapi.document()
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    operations = [one for methods in document["paths"].values() for one in methods.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)
    for reference in _references(document):
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
    assert all(one["summary"] for one in operations)


def _references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in _references(item)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return own + [found for item in value.values() for found in _references(item)]


def test_requests_that_the_document_allows_are_what_the_samples_send() -> None:
    """The samples of this file fit the document's request schemas, so that schemas are not narrower than the server."""
    document = openapi.document()
    for route in TABLE:
        if route.method in WITH_BODY:
            content = document["paths"][OURS + route.path][route.method.lower()]["requestBody"]["content"]
            schema = {**content["application/json"]["schema"], "components": document["components"]}
            jsonschema.Draft202012Validator(schema).validate(body_for(route))


def test_the_committed_page_is_the_generated_one() -> None:
    assert (ROOT / "docs" / "api.md").read_text("utf-8") == openapi.markdown()


def test_the_page_names_every_route_and_every_field() -> None:
    page = openapi.markdown()
    for route in TABLE:
        assert f"### {route.method} /v1{route.path}" in page
        for field in route.body.model_fields.values():
            assert field.alias is None or f"`{field.alias}`" in page


def test_the_document_can_be_made_without_aiohttp() -> None:
    code = "import sys; from sidecar.daemon import openapi; openapi.markdown(); assert 'aiohttp' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_head_is_get_without_a_body(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        get, head = await running.ask("GET", "/v1/status"), await running.ask("HEAD", "/v1/status")
        assert (head.status, head.body) == (200, b"")
        assert head.headers["Content-Length"] == get.headers["Content-Length"]
        assert (await running.ask("HEAD", "/v1/recall")).status == 405

    run(tmp_path, scenario)


def test_options_names_the_methods(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        answer = await running.ask("OPTIONS", "/v1/namespaces/local/profiles/web/memories/01M")
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH"
        assert (await running.ask("OPTIONS", "/v1/nothing")).status == 404

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/v1",
        "/v1/",
        "/v2/status",
        "/v1/nothing",
        "/v1/status/",
        "//v1/status",
        "/v1//status",
        "/V1/status",
        "/client/v4/accounts/x/agent-memory/status",
        "/client/v4/accounts/x/agent-memory/recall",
        "/client/v4/accounts//agent-memory/namespaces",
        "/client/v4/accounts/x/agent-memory",
        "/v1/namespaces/local/profiles//recall",
        "/v1/../v1/status",
    ],
)
def test_other_paths_are_unknown(tmp_path: Path, target: str) -> None:
    async def scenario(running: Running) -> None:
        answer = await running.ask("GET", target)
        assert (answer.status, answer.error["code"]) == (404, 1442)

    run(tmp_path, scenario)


def test_wrong_methods_are_refused_with_the_right_ones(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        answer = await running.ask("GET", MANAGED + "/namespaces/local/profiles/web/recall")
        assert (answer.status, answer.error["code"]) == (405, 1405)
        assert answer.headers["Allow"] == "OPTIONS, POST"
        assert (await running.ask("PATCH", "/v1/status")).headers["Allow"] == "GET, HEAD, OPTIONS"

    run(tmp_path, scenario)


def test_routes_of_one_prefix_share_their_data_with_the_other(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path, FakeApi()) as running:
            made = await running.ask("POST", MANAGED + "/namespaces", {"name": "shared"})
            assert made.status == 201
            assert (await running.ask("GET", "/v1/namespaces/shared")).result == made.result

    asyncio.run(main())
