"""All roads by which a secret can reach a daemon, walked with every case."""

import asyncio
import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.secretcases.made import Maker, Secret
from sidecar.client import Client
from sidecar.errors import SidecarError

_MESSAGES = 50
"""Cases in one ingest: fewer than its limit of messages."""
_BYTES = 1000
"""Of a case so much goes into a query: the limit is 1,024."""
_CLI_EVERY = 16
"""Each program takes a while to start: one case in so many goes by the command line."""


def transcripts(user: Path, project: Path, cases: Sequence[Secret]) -> None:
    """Leave sessions with all cases in the home folder of three agents, before or while a daemon runs."""
    writers: dict[str, Callable[[Path, str, Sequence[Secret]], Iterator[Mapping[str, Any]]]] = {
        ".claude/projects/-home-mia-shop/{}.jsonl": _claude,
        ".codex/sessions/2026/11/20/rollout-2026-11-20T10-00-00-{}.jsonl": _codex,
        ".gemini/tmp/shop/chats/session-2026-11-20T10-00-{}.jsonl": _gemini,
    }
    for place, writer in writers.items():
        session = str(uuid.uuid5(uuid.NAMESPACE_URL, place))
        path = user / place.format(session)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(record, ensure_ascii=False) for record in writer(project, session, cases))
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def over_http(client: Client, project: Path, folder: Path, cases: Sequence[Secret]) -> None:
    """Ingest, remember, edit, recall, search, the memory tool, hooks, an import, and requests that are refused.

    `folder`: a place for the file to import.
    """
    where = {"cwd": str(project)}
    for start in range(0, len(cases), _MESSAGES):
        some = cases[start : start + _MESSAGES]
        said = [{"role": "user" if n % 2 else "assistant", "content": _whole(case)} for n, case in enumerate(some)]
        client.request("POST", "/v1/ingest", {**where, "messages": said, "sessionId": f"http-{start}"})
    for number, case in enumerate(cases):
        _one(client, where, number, case)
    notes = folder / "MEMORY.json"
    notes.write_text(json.dumps([{"id": str(n), "memory": _whole(case)} for n, case in enumerate(cases)]), "utf-8")
    client.request("POST", "/v1/import", {**where, "paths": [str(notes)], "form": "mem0"})


def _one(client: Client, where: Mapping[str, str], number: int, case: Secret) -> None:
    text = _whole(case)
    short = text.encode()[:_BYTES].decode("utf-8", "ignore")
    memory = client.request("POST", "/v1/remember", {**where, "content": text})
    plain = client.request("POST", "/v1/remember", {**where, "content": f"Shelf {number} of the cellar holds jars."})
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", f"/v1/memories/{plain['id']}", {**where, "content": text, "queries": [short[:200]]}),
        ("POST", f"/v1/memories/{memory['id']}/forget", {**where, "reason": short[:200]}),
        ("POST", "/v1/recall", {**where, "query": short, "explain": True, "thinkingLevel": "medium"}),
        ("POST", "/v1/search", {**where, "query": short}),
        ("POST", "/v1/memory_tool",
         {**where, "command": "create", "path": f"/memories/{number}.md", "file_text": text}),
        ("POST", "/v1/memory_tool", {**where, "command": "view", "path": f"/memories/{short[:60]}"}),
        ("POST", "/v1/hook", {"agent": "claude-code", "event": "UserPromptSubmit",
                              "payload": {**where, "prompt": text, "session_id": f"hook-{number}"}}),
        ("POST", "/v1/remember", {**where, "content": text, "type": short[:50]}),
        ("POST", "/v1/snapshots", {**where, "name": short[:40]}),
        ("GET", f"/v1/sessions/{case.hidden[0][:40]}", {}),
    ]  # fmt: skip
    for method, path, body in asked:
        with suppress(SidecarError):  # what is refused must not be written down either
            client.request(method, path, body or None)


def over_mcp(client: Client, project: Path, cases: Sequence[Secret]) -> None:
    """Remember and recall as an agent does it."""
    asyncio.run(_mcp(client, project, cases))


async def _mcp(client: Client, project: Path, cases: Sequence[Secret]) -> None:
    import mcp

    from sidecar.client import Profile
    from sidecar.mcp.asking import Asking
    from sidecar.mcp.server import made

    profile = Profile(cwd=str(project))
    async with mcp.Client(made(Asking(Path(client.socket_path)), lambda: profile)) as agent:
        for case in cases:
            await agent.call_tool("remember", {"content": _whole(case)})
            query = _whole(case).encode()[:_BYTES].decode("utf-8", "ignore")
            await agent.call_tool("recall", {"query": query})


def over_cli(project: Path, environ: Mapping[str, str], cases: Sequence[Secret]) -> None:
    """Remember and recall as a person does it on a terminal."""
    for case in cases[::_CLI_EVERY]:
        for command in ("remember", "recall"):
            subprocess.run(
                [sys.executable, "-m", "sidecar", command, "--", _whole(case)],
                cwd=project, env=dict(environ), capture_output=True, check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip


def remote_with_token(project: Path) -> Secret:
    """A project whose git remote has a token in it, which a profile must not take over; the case to look for."""
    token = Maker("a remote").alnum(40)
    url = f"https://bot:{token}@git.example/shop/web.git"
    subprocess.run(["git", "-C", str(project), "remote", "add", "origin", url], check=True)
    return Secret("the project's own remote", "git remote", url, (token,))


def _whole(case: Secret) -> str:
    return f"$ {case.command}\n{case.text}" if case.command else case.text


def _claude(project: Path, session: str, cases: Sequence[Secret]) -> Iterator[Mapping[str, Any]]:
    for number, case in enumerate(cases):
        base = {
            "sessionId": session, "cwd": str(project), "version": "2.1.217", "isSidechain": False,
            "parentUuid": None, "timestamp": _moment(number), "gitBranch": "main",
        }  # fmt: skip
        if not case.command:
            message = {"role": "user", "content": case.text}
            yield {
                **base,
                "type": "user",
                "uuid": _uuid(session, number),
                "message": message,
                "origin": {"kind": "human"},
            }
            continue
        use = {"type": "tool_use", "id": f"toolu_{number}", "name": "Bash", "input": {"command": case.command}}
        result = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": case.text, "is_error": False}
        yield {**base, "type": "assistant", "uuid": _uuid(session, number),
               "message": {"role": "assistant", "model": "claude-opus-5", "content": [use]}}  # fmt: skip
        yield {**base, "type": "user", "uuid": _uuid(session, f"{number}r"),
               "message": {"role": "user", "content": [result]}, "toolUseResult": {"stdout": case.text}}  # fmt: skip


def _codex(project: Path, session: str, cases: Sequence[Secret]) -> Iterator[Mapping[str, Any]]:
    meta = {"id": session, "timestamp": _moment(0), "cwd": str(project), "originator": "codex_cli_rs",
            "cli_version": "0.142.0", "source": "cli"}  # fmt: skip
    yield {"timestamp": _moment(0), "type": "session_meta", "payload": meta}
    for number, case in enumerate(cases):
        if case.command:
            payloads: list[dict[str, Any]] = [
                {"type": "function_call", "name": "exec_command", "arguments": json.dumps({"cmd": case.command}),
                 "call_id": f"call_{number}"},
                {"type": "function_call_output", "call_id": f"call_{number}", "output": case.text},
            ]  # fmt: skip
        else:
            content = [{"type": "input_text", "text": case.text}]
            payloads = [{"type": "message", "role": "user", "content": content}]
            yield {"timestamp": _moment(number), "type": "event_msg",
                   "payload": {"type": "user_message", "message": case.text}}  # fmt: skip
        for payload in payloads:
            yield {"timestamp": _moment(number), "type": "response_item", "payload": payload}


def _gemini(project: Path, session: str, cases: Sequence[Secret]) -> Iterator[Mapping[str, Any]]:
    yield {"sessionId": session, "projectHash": "0" * 64, "startTime": _moment(0), "kind": "main"}
    for number, case in enumerate(cases):
        base = {"id": _uuid(session, number), "timestamp": _moment(number)}
        if not case.command:
            yield {**base, "type": "user", "content": [{"text": case.text}]}
            continue
        answer = {"functionResponse": {"id": "t", "name": "run_shell_command", "response": {"output": case.text}}}
        call = {"id": f"t{number}", "name": "run_shell_command", "args": {"command": case.command},
                "result": [answer], "status": "success", "timestamp": _moment(number)}  # fmt: skip
        yield {**base, "type": "gemini", "content": "", "thoughts": [], "toolCalls": [call], "model": "gemini-3"}


def _moment(number: int) -> str:
    return f"2026-11-20T{10 + number // 60:02}:{number % 60:02}:00.000Z"


def _uuid(session: str, number: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{session}/{number}"))
