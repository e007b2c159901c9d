"""Where each agent keeps its settings, and what is to be put into them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from sidecar.install import hooks
from sidecar.install.edits import Edit, JsonEdit, TomlEdit, WholeFile, YamlEdit
from sidecar.install.jsonedit import Part, says
from sidecar.install.opencode import PLUGIN_MARK, plugin
from sidecar.install.program import Program, is_our_server
from sidecar.install.yamledit import Entry
from sidecar.paths import user_home
from sidecar.records import dataclass

_FORWARDED = ("SIDECAR_HOME", "SIDECAR_SOCKET", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME")
"""What decides where the daemon's socket is; Codex starts servers without them unless they are named."""


@dataclass(frozen=True, slots=True)
class Target:
    """One file, what it is to hold, and what that is for."""

    path: Path
    edit: Edit
    purpose: str


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent that can be installed into.

    `folder`: where it keeps its settings, in an environment; if it is there, the agent is.  `targets`: what to edit, of
    that folder, for a program.  `after`: what the user has to do then.
    """

    name: str
    title: str
    folder: Callable[[Mapping[str, str]], Path]
    targets: Callable[[Path, Mapping[str, str], Program], list[Target]]
    after: str = ""


_HOOKS = "hooks"
_SERVER = "the MCP server"


def _server_is_ours(value: object) -> bool:
    command = says(value, "command")
    if isinstance(command, list) and command:  # OpenCode has one list
        return is_our_server(command[0], command[1:])
    return is_our_server(command, says(value, "args"))


def _server(key: str, program: Program, **more: object) -> Part:
    value = {**more, "command": program.command, "args": program.arguments}
    return Part((key, "sidecar"), _server_is_ours, value)


def _home(environ: Mapping[str, str], *parts: str) -> Path:
    return user_home(environ).joinpath(*parts)


def _given(environ: Mapping[str, str], variable: str, *parts: str) -> Path:
    """The folder that a variable of the agent names, or the usual one in the home folder."""
    named = environ.get(variable)
    return Path(named).expanduser() if named else _home(environ, *parts)


def _claude_code(folder: Path, environ: Mapping[str, str], program: Program) -> list[Target]:
    inside = folder if environ.get("CLAUDE_CONFIG_DIR") else user_home(environ)
    return [
        Target(folder / "settings.json", JsonEdit(hooks.parts("claude-code", program)), _HOOKS),
        Target(inside / ".claude.json", JsonEdit((_server("mcpServers", program, type="stdio"),)), _SERVER),
    ]


def codex_server(program: Program) -> str:
    """The table of the MCP server in Codex's settings."""
    lines = [
        "[mcp_servers.sidecar]",
        f"command = {json.dumps(program.command, ensure_ascii=False)}",
        f"args = {json.dumps(program.arguments, ensure_ascii=False)}",
        f"env_vars = {json.dumps(list(_FORWARDED))}",
    ]
    return "\n".join(lines)


def _codex(folder: Path, _environ: Mapping[str, str], program: Program) -> list[Target]:
    note = " (`sidecar uninstall codex` takes this block away)"
    server = TomlEdit(("mcp_servers", "sidecar"), note, codex_server(program))
    return [
        Target(folder / "hooks.json", JsonEdit(hooks.parts("codex", program)), _HOOKS),
        Target(folder / "config.toml", server, _SERVER),
    ]


def _gemini(folder: Path, _environ: Mapping[str, str], program: Program) -> list[Target]:
    both = JsonEdit((*hooks.parts("gemini", program), _server("mcpServers", program)))
    return [Target(folder / "settings.json", both, f"{_HOOKS} and {_SERVER}")]


def _qwen(folder: Path, _environ: Mapping[str, str], program: Program) -> list[Target]:
    both = JsonEdit((*hooks.parts("qwen", program), _server("mcpServers", program)))
    return [Target(folder / "settings.json", both, f"{_HOOKS} and {_SERVER}")]


def _version() -> Part:
    return Part(("version",), lambda value: value == 1, 1, shared=True)


def _cursor(folder: Path, _environ: Mapping[str, str], program: Program) -> list[Target]:
    return [
        Target(folder / "hooks.json", JsonEdit((_version(), *hooks.parts("cursor", program))), _HOOKS),
        Target(folder / "mcp.json", JsonEdit((_server("mcpServers", program, type="stdio"),)), _SERVER),
    ]


def _copilot(folder: Path, _environ: Mapping[str, str], program: Program) -> list[Target]:
    content = json.dumps({"version": 1, "hooks": hooks.table("copilot", program)}, indent=2, ensure_ascii=False)
    own = WholeFile(f"{content}\n", mark="hook agentStop --agent copilot")
    server = _server("mcpServers", program, type="local", tools=["*"])
    return [
        Target(folder / "hooks" / "sidecar.json", own, _HOOKS),
        Target(folder / "mcp-config.json", JsonEdit((server,)), _SERVER),
    ]


def _vscode(folder: Path, _environ: Mapping[str, str], program: Program) -> list[Target]:
    return [Target(folder / "mcp.json", JsonEdit((_server("servers", program, type="stdio"),)), _SERVER)]


def _opencode(folder: Path, _environ: Mapping[str, str], program: Program) -> list[Target]:
    named = [folder / name for name in ("opencode.jsonc", "opencode.json", "config.json")]
    settings = next((path for path in named if path.exists()), folder / "opencode.json")
    value = {"type": "local", "command": [program.command, *program.arguments], "enabled": True}
    server = Part(("mcp", "sidecar"), _server_is_ours, value)
    return [
        Target(folder / "plugins" / "sidecar.js", WholeFile(plugin(program), PLUGIN_MARK), "the plugin with the hooks"),
        Target(settings, JsonEdit((server,)), _SERVER),
    ]


_GOOSE_SECONDS = 300
"""Goose's own limit for a call, which it has in every entry."""


def _goose(folder: Path, _environ: Mapping[str, str], program: Program) -> list[Target]:
    value: dict[str, object] = {
        "name": "sidecar",
        "type": "stdio",
        "cmd": program.command,
        "args": program.arguments,
        "enabled": True,
        "timeout": _GOOSE_SECONDS,
    }
    entry = Entry("extensions", "sidecar", value, lambda found: is_our_server(says(found, "cmd"), says(found, "args")))
    return [Target(folder / "config.yaml", YamlEdit(entry), _SERVER)]


def _vscode_folder(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    if platform == "darwin":
        return _home(environ, "Library", "Application Support", "Code", "User")
    return _xdg_config(environ) / "Code" / "User"


def _xdg_config(environ: Mapping[str, str]) -> Path:
    return _given(environ, "XDG_CONFIG_HOME", ".config")


def _gemini_folder(environ: Mapping[str, str]) -> Path:
    named = environ.get("GEMINI_CLI_HOME")
    return (Path(named).expanduser() if named else user_home(environ)) / ".gemini"


_ALL = (
    Agent("claude-code", "Claude Code", lambda env: _given(env, "CLAUDE_CONFIG_DIR", ".claude"), _claude_code),
    Agent(
        "codex",
        "Codex",
        lambda env: _given(env, "CODEX_HOME", ".codex"),
        _codex,
        after="Codex runs hooks only after you have looked at them: type /hooks in it, and trust those of sidecar.",
    ),
    Agent("gemini", "Gemini CLI", _gemini_folder, _gemini),
    Agent("opencode", "OpenCode", lambda env: _xdg_config(env) / "opencode", _opencode),
    Agent("cursor", "Cursor", lambda env: _home(env, ".cursor"), _cursor),
    Agent("qwen", "Qwen Code", lambda env: _home(env, ".qwen"), _qwen),
    Agent("vscode", "VS Code", _vscode_folder, _vscode),
    Agent("goose", "Goose", lambda env: _xdg_config(env) / "goose", _goose),
    Agent("copilot", "Copilot CLI", lambda env: _given(env, "COPILOT_HOME", ".copilot"), _copilot),
)

AGENTS: Mapping[str, Agent] = {agent.name: agent for agent in _ALL}
"""Every agent by its name, as one types it."""


def present(environ: Mapping[str, str]) -> list[Agent]:
    """The agents that have settings on this machine."""
    return [agent for agent in _ALL if agent.folder(environ).is_dir()]


def targets(agent: Agent, environ: Mapping[str, str], program: Program) -> list[Target]:
    """What to edit for an agent."""
    return agent.targets(agent.folder(environ), environ, program)
