"""Session files of three agents, written as each of them writes: words, tools, and what a hook has injected."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2026, 9, 1, 9, tzinfo=UTC)


@dataclass
class Rendered:
    """A session that grows; each call appends a turn."""

    home: Path
    cwd: Path
    session: str = ""
    start: datetime = START
    count: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.session = self.session or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{type(self).__name__}{self.cwd}"))
        self.path.parent.mkdir(parents=True, exist_ok=True)

    @property
    def path(self) -> Path:
        raise NotImplementedError

    def _write(self, *records: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(record) + "\n" for record in records)

    def _id(self) -> str:
        self.count += 1
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.session}/{self.count}"))

    def _time(self) -> str:
        return (self.start + timedelta(seconds=20 * self.count)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class ClaudeCode(Rendered):
    agent = "claude-code"

    @property
    def path(self) -> Path:
        slug = "".join(c if c.isalnum() else "-" for c in str(self.cwd))
        return self.home / ".claude" / "projects" / slug / f"{self.session}.jsonl"

    def _record(self, kind: str, content: object, **more: Any) -> dict[str, Any]:
        return {
            "type": kind,
            "uuid": self._id(),
            "parentUuid": None,
            "isSidechain": False,
            "sessionId": self.session,
            "timestamp": self._time(),
            "cwd": str(self.cwd),
            "version": "2.1.217",
            "gitBranch": "main",
            "message": {"role": kind, "content": content},
            **more,
        }

    def user(self, text: str, injected: str = "") -> None:
        self._write(self._record("user", text, origin={"kind": "human"}))
        if injected:
            attached = self._record("attachment", "")
            del attached["message"]
            for kind in ("hook_additional_context", "hook_success"):
                what = {"type": kind, "content": [injected], "stdout": injected, "hookEvent": "UserPromptSubmit"}
                self._write({**attached, "uuid": self._id(), "attachment": what})
            shown = f"<system-reminder>\nUserPromptSubmit hook additional context: {injected}\n</system-reminder>"
            self._write(self._record("user", shown, isMeta=True))

    def assistant(self, text: str) -> None:
        self._write(self._record("assistant", [{"type": "text", "text": text}]))

    def tool(self, name: str, given: dict[str, Any], printed: str, server: str = "") -> None:
        key = f"toolu_{self._id()[:12]}"
        called = f"mcp__{server}__{name}" if server else name
        self._write(self._record("assistant", [{"type": "tool_use", "id": key, "name": called, "input": given}]))
        result = {"type": "tool_result", "tool_use_id": key, "content": [{"type": "text", "text": printed}]}
        self._write(self._record("user", [result], toolUseResult=[{"type": "text", "text": printed}]))

    def shell(self, command: str, printed: str) -> None:
        self.tool("Bash", {"command": command, "description": "look"}, printed)


class Codex(Rendered):
    agent = "codex"

    def __post_init__(self) -> None:
        super().__post_init__()
        meta = {
            "id": self.session,
            "timestamp": self._time(),
            "cwd": str(self.cwd),
            "originator": "codex_cli_rs",
            "cli_version": "0.150.0",
            "source": "cli",
        }
        self._write(self._line("session_meta", meta))

    @property
    def path(self) -> Path:
        day = self.start.strftime("%Y/%m/%d")
        name = f"rollout-{self.start:%Y-%m-%dT%H-%M-%S}-{self.session}.jsonl"
        return self.home / ".codex" / "sessions" / day / name

    def _line(self, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        return {"timestamp": self._time(), "type": kind, "payload": payload}

    def _said(self, role: str, kind: str, text: str) -> dict[str, Any]:
        return self._line("response_item", {"type": "message", "role": role, "content": [{"type": kind, "text": text}]})

    def user(self, text: str, injected: str = "") -> None:
        self._write(self._line("turn_context", {"turn_id": self._id(), "cwd": str(self.cwd), "model": "gpt-5"}))
        self._write(self._line("event_msg", {"type": "user_message", "message": text, "images": []}))
        self._write(self._said("user", "input_text", text))
        if injected:
            self._write(self._said("developer", "input_text", injected))

    def assistant(self, text: str) -> None:
        self._write(self._line("event_msg", {"type": "agent_message", "message": text, "phase": "final_answer"}))
        self._write(self._said("assistant", "output_text", text))

    def tool(self, name: str, given: dict[str, Any], printed: str, server: str = "") -> None:
        key = f"call_{self._id()[:12]}"
        call: dict[str, Any] = {"type": "function_call", "name": name, "arguments": json.dumps(given), "call_id": key}
        if server:
            call["namespace"] = f"mcp__{server}"
        self._write(self._line("response_item", call))
        if server:
            ended = {
                "type": "mcp_tool_call_end",
                "call_id": key,
                "invocation": {"server": server, "tool": name, "arguments": given},
                "result": {"Ok": {"content": [{"type": "text", "text": printed}]}},
            }
            self._write(self._line("event_msg", ended))
        output = {"type": "function_call_output", "call_id": key, "output": printed}
        self._write(self._line("response_item", output))

    def shell(self, command: str, printed: str) -> None:
        self.tool("exec_command", {"cmd": command}, printed)


class Gemini(Rendered):
    agent = "gemini"

    def __post_init__(self) -> None:
        super().__post_init__()
        (self.path.parents[1] / ".project_root").write_text(str(self.cwd))
        head = {"sessionId": self.session, "startTime": self._time(), "lastUpdated": self._time(), "kind": "main"}
        self._write({**head, "projectHash": hashlib.sha256(str(self.cwd).encode()).hexdigest()})

    @property
    def path(self) -> Path:
        name = f"session-{self.start:%Y-%m-%dT%H-%M}-{self.session[:8]}.jsonl"
        return self.home / ".gemini" / "tmp" / self.cwd.name / "chats" / name

    def _record(self, kind: str, content: object, **more: Any) -> dict[str, Any]:
        return {"id": self._id(), "timestamp": self._time(), "type": kind, "content": content, **more}

    def user(self, text: str, injected: str = "") -> None:
        shown = f"{text}\n\n<hook_context>{injected}</hook_context>" if injected else text
        self._write(self._record("user", [{"text": shown}]))

    def assistant(self, text: str) -> None:
        self._write(self._record("gemini", text, model="gemini-3-pro"))

    def tool(self, name: str, given: dict[str, Any], printed: str, server: str = "") -> None:
        response = {"id": self._id(), "name": name, "response": {"output": printed}}
        call = {
            "id": f"{name}-{self.count}",
            "name": f"mcp_{server}_{name}" if server else name,
            "args": given,
            "result": [{"functionResponse": response}],
            "status": "success",
            "displayName": f"{name} ({server} MCP Server)" if server else name,
            "resultDisplay": printed,
        }
        self._write(self._record("gemini", "", model="gemini-3-pro", toolCalls=[call]))

    def shell(self, command: str, printed: str) -> None:
        self.tool("run_shell_command", {"command": command}, printed)


THREE = (ClaudeCode, Codex, Gemini)
