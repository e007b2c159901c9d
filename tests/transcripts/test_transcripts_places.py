"""Where agents keep their transcripts: one table for three platforms."""

from pathlib import Path

import pytest

from sidecar.model import AGENTS
from sidecar.transcripts import READERS
from sidecar.transcripts.places import PLACES, roots

HOME = Path("/h")


@pytest.mark.parametrize(
    ("agent", "environ", "expected"),
    [
        ("claude-code", {}, [".claude/projects"]),
        ("claude-code", {"CLAUDE_CONFIG_DIR": "/c"}, ["/c/projects"]),
        ("codex", {"CODEX_HOME": "~/c"}, ["c/sessions", "c/archived_sessions"]),
        ("copilot-cli", {}, [".copilot/session-state", ".copilot/history-session-state"]),
        ("copilot-cli", {"COPILOT_HOME": "/c"}, ["/c/session-state", "/c/history-session-state"]),
        ("gemini", {"GEMINI_CLI_HOME": "/g"}, ["/g/.gemini/tmp", ".cache/.gemini/tmp"]),
        (
            "openclaw",
            {"OPENCLAW_STATE_DIR": "/o"},
            ["/o/agents", ".clawdbot/agents", ".kimi_openclaw/agents", ".qclaw/agents"],
        ),
        ("pi", {}, [".pi/agent/sessions", ".omp/agent/sessions"]),
        ("pi", {"PI_CODING_AGENT_DIR": "/p"}, ["/p/sessions", ".omp/agent/sessions"]),
        ("pi", {"PI_CODING_AGENT_DIR": "/p", "PI_CODING_AGENT_SESSION_DIR": "/s"}, ["/s", ".omp/agent/sessions"]),
        ("qwen", {}, [".qwen/projects", ".qwen/tmp"]),
        ("qwen", {"QWEN_HOME": "/q"}, ["/q/projects", "/q/tmp"]),
        ("qwen", {"QWEN_HOME": "/q", "QWEN_RUNTIME_DIR": "/r"}, ["/r/projects", "/r/tmp"]),
        ("qwen", {"QWEN_HOME": " "}, [".qwen/projects", ".qwen/tmp"]),
    ],
)
def test_folders_and_the_variables_that_move_them(agent: str, environ: dict[str, str], expected: list[str]) -> None:
    found = READERS[agent].roots({"HOME": str(HOME), **environ})
    assert found == tuple(HOME / folder for folder in expected)


@pytest.mark.parametrize(
    ("platform", "environ", "settings"),
    [
        ("linux", {}, "/h/.config"),
        ("linux", {"XDG_CONFIG_HOME": "/x"}, "/x"),
        ("freebsd14", {}, "/h/.config"),
        ("darwin", {"XDG_CONFIG_HOME": "/x"}, "/h/Library/Application Support"),
        ("win32", {}, "/h/AppData/Roaming"),
        ("win32", {"APPDATA": "/a"}, "/a"),
    ],
)
def test_storage_of_editors(platform: str, environ: dict[str, str], settings: str) -> None:
    found = roots("roo", {"HOME": "/h", **environ}, platform)
    storage = "User/globalStorage/rooveterinaryinc.roo-cline/tasks"
    assert found[0] == Path(settings, "Code", storage)
    assert Path(settings, "Code - Insiders", storage) in found
    assert Path("/h/.vscode-server/data", storage) in found


@pytest.mark.parametrize(("environ", "first"), [({}, ".cursor/projects"), ({"CURSOR_CONFIG_DIR": "/c"}, "/c/projects")])
def test_cursors_agent_and_its_editor(environ: dict[str, str], first: str) -> None:
    found = roots("cursor", {"HOME": "/h", **environ}, "linux")
    user = Path("/h/.config/Cursor/User")
    assert found == (HOME / first, user / "globalStorage", user / "workspaceStorage")


@pytest.mark.parametrize(
    ("environ", "first"),
    [
        ({}, "/h/.cline/data/sessions"),
        ({"CLINE_DIR": "/c"}, "/c/data/sessions"),
        ({"CLINE_DIR": "/c", "CLINE_DATA_DIR": "/d"}, "/d/sessions"),
        ({"CLINE_DATA_DIR": "/d", "CLINE_SESSION_DATA_DIR": "/s"}, "/s"),
    ],
)
def test_clines_own_program_and_its_extension(environ: dict[str, str], first: str) -> None:
    found = roots("cline", {"HOME": "/h", **environ}, "linux")
    assert found[0] == Path(first)
    assert Path("/h/.config/Cursor/User/globalStorage/saoudrizwan.claude-dev/tasks") in found


@pytest.mark.parametrize("value", ["/h", "/", "~", "~/", "/h/."])
def test_home_is_never_watched_as_a_whole(value: str) -> None:
    found = READERS["pi"].roots({"HOME": "/h", "PI_CODING_AGENT_SESSION_DIR": value})
    assert found == (Path("/h/.omp/agent/sessions"),)


def test_a_link_to_home_is_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "link").symlink_to(home)
    environ = {"HOME": str(home), "PI_CODING_AGENT_SESSION_DIR": str(tmp_path / "link")}
    assert READERS["pi"].roots(environ) == (home / ".omp/agent/sessions",)
    environ = {"HOME": str(tmp_path / "link"), "PI_CODING_AGENT_SESSION_DIR": str(home)}
    assert READERS["pi"].roots(environ) == (tmp_path / "link/.omp/agent/sessions",)


_MAC, _WINDOWS = "Library/Application Support", "AppData/Roaming"

FIRST = {
    "claude-code": (".claude/projects",) * 3,
    "cline": (".cline/data/sessions",) * 3,
    "codex": (".codex/sessions",) * 3,
    "copilot-cli": (".copilot/session-state",) * 3,
    "cursor": (".cursor/projects",) * 3,
    "gemini": (".gemini/tmp",) * 3,
    "goose": (".local/share/goose/sessions", ".local/share/goose/sessions", f"{_WINDOWS}/Block/goose/data/sessions"),
    "openclaw": (".openclaw/agents",) * 3,
    "opencode": (".local/share/opencode/storage/session",) * 3,
    "pi": (".pi/agent/sessions",) * 3,
    "qwen": (".qwen/projects",) * 3,
    "roo": tuple(
        f"{settings}/Code/User/globalStorage/rooveterinaryinc.roo-cline/tasks"
        for settings in (".config", _MAC, _WINDOWS)
    ),
}
"""The first folder of each agent on Linux, macOS and Windows."""


@pytest.mark.parametrize(("agent", "expected"), FIRST.items())
def test_each_agents_first_folder_on_each_platform(agent: str, expected: tuple[str, ...]) -> None:
    found = [roots(agent, {"HOME": "/h"}, platform)[0] for platform in ("linux", "darwin", "win32")]
    assert found == [HOME / folder for folder in expected]


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_table_names_folders_of_agents_alone(platform: str) -> None:
    assert set(FIRST) == set(PLACES)
    for agent in PLACES:
        for root in roots(agent, {"HOME": "/h"}, platform):
            assert HOME in root.parents
            assert len(root.relative_to(HOME).parts) > 1, "no folder that holds other things as well"


def test_every_variable_of_the_table_moves_its_agents_folders() -> None:
    for agent, place in PLACES.items():
        for variable, _ in place.moved_by:
            assert roots(agent, {"HOME": "/h", variable: "/moved"})[0].is_relative_to("/moved"), variable


def test_forms_of_no_agent_have_no_folders() -> None:
    environ = {"HOME": "/h", "AIDER_CHAT_HISTORY_FILE": "/h/aider.md"}
    assert {agent for agent in AGENTS if not READERS[agent].roots(environ)} == set(AGENTS) - set(PLACES)


@pytest.mark.parametrize(
    ("agent", "path", "taken"),
    [
        ("aider", "/repo/.aider.chat.history.md", True),
        ("aider", "/repo/.aider.chat.history.old.md", True),
        ("aider", "/repo/.aider.input.history", False),
        ("aider", "/repo/docs/aider.md", False),
        ("cline", "/c/sessions/s1/s1.messages.json", True),
        ("cline", "/c/sessions/s1/s1.json", False),
        ("cline", "/c/sessions/s1/s1.compaction.json", False),
        ("cline", "/c/tasks/17/api_conversation_history.json", True),
        ("cline", "/c/tasks/17/ui_messages.json", False),
        ("roo", "/c/tasks/17/api_conversation_history.json", True),
        ("roo", "/c/tasks/17/history_item.json", False),
        ("copilot-cli", "/c/session-state/s1/events.jsonl", True),
        ("copilot-cli", "/c/session-state/s1.jsonl", True),
        ("copilot-cli", "/c/session-state/s1/files/other.jsonl", False),
        ("copilot-cli", "/c/session-state/s1/workspace.yaml", False),
        ("cursor", "/c/projects/x/agent-transcripts/s1.jsonl", True),
        ("cursor", "/c/projects/x/agent-transcripts/s1/s1.jsonl", True),
        ("cursor", "/c/projects/x/agent-transcripts/s1/subagents/a.jsonl", True),
        ("cursor", "/c/projects/x/agent-transcripts/s1/other.jsonl", False),
        ("cursor", "/c/projects/x/terminals/1.txt", False),
        ("markdown", "/m/talk.md", True),
        ("messages", "/m/talk.json", True),
        ("messages", "/m/talk.txt", False),
        ("native", "/m/talk.jsonl", True),
        ("native", "/m/.talk.jsonl", False),
        ("openclaw", "/o/agents/main/sessions/s1.jsonl", True),
        ("openclaw", "/o/agents/main/sessions/s1-topic-5.jsonl", True),
        ("openclaw", "/o/agents/main/sessions/s1.jsonl.reset.2026-03-05T04-00-00.000Z", True),
        ("openclaw", "/o/agents/main/sessions/s1.jsonl.deleted.2026-03-05T04-00-00.000Z", True),
        ("openclaw", "/o/agents/main/sessions/s1.jsonl.lock", False),
        ("openclaw", "/o/agents/main/sessions/s1.checkpoint.5f0c.jsonl", False),
        ("openclaw", "/o/agents/main/sessions/sessions.json", False),
        ("openclaw", "/o/agents/main/agent/other.jsonl", False),
        ("pi", "/p/sessions/--home-mia--/2026-03-04T09-00-00-000Z_5f0c.jsonl", True),
        ("pi", "/p/sessions/--home-mia--/notes.md", False),
        ("qwen", "/q/projects/x/chats/5f0c.jsonl", True),
        ("qwen", "/q/projects/x/chats/archive/5f0c.jsonl", True),
        ("qwen", "/q/projects/x/chats/5f0c.ledger.jsonl", False),
        ("qwen", "/q/projects/x/chats/5f0c.runtime.json", False),
        ("qwen", "/q/projects/x/subagents/5f0c/agent-1.jsonl", True),
        ("qwen", "/q/projects/x/other/5f0c.jsonl", False),
    ],
)
def test_what_is_a_transcript(agent: str, path: str, taken: bool) -> None:
    assert READERS[agent].is_transcript(Path(path)) is taken
