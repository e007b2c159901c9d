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
        ("cursor", {}, [".cursor/projects"]),
        ("cursor", {"CURSOR_CONFIG_DIR": "/c"}, ["/c/projects"]),
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
