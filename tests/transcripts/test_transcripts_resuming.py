"""How each agent goes on with a session, or that it cannot."""

import pytest

from sidecar.model import AGENTS
from sidecar.transcripts import resume


@pytest.mark.parametrize(
    ("agent", "command"),
    [
        ("claude-code", "claude --resume s1"),
        ("cline", "cline --id s1"),
        ("codex", "codex resume s1"),
        ("copilot-cli", "copilot --resume=s1"),
        ("cursor", "cursor-agent --resume s1"),
        ("gemini", "gemini --resume s1"),
        ("goose", "goose session --resume --session-id s1"),
        ("opencode", "opencode --session s1"),
        ("pi", "pi --session s1"),
        ("qwen", "qwen --resume s1"),
    ],
)
def test_agents_with_a_command(agent: str, command: str) -> None:
    found = resume(agent, "s1", "/home/ines/.x/s1.jsonl")
    assert (found.command, found.note) == (tuple(command.split()), "")


@pytest.mark.parametrize(
    ("agent", "path"),
    [
        ("aider", "/w/.aider.chat.history.md"),
        ("openclaw", "/h/.openclaw/agents/main/sessions/s1.jsonl"),
        ("roo", "/h/.config/Code/User/globalStorage/rooveterinaryinc.roo-cline/tasks/s1/api_conversation_history.json"),
        ("cline", "/h/.config/Code/User/globalStorage/saoudrizwan.claude-dev/tasks/s1/api_conversation_history.json"),
        ("cursor", "/h/.config/Cursor/User/globalStorage/state.vscdb"),
        ("native", "/t/s1.jsonl"),
        ("http", None),
    ],
)
def test_where_there_is_no_command_it_is_said(agent: str, path: str | None) -> None:
    found = resume(agent, "s1", path)
    assert found.command is None
    assert found.note.endswith(".")


def test_every_agent_is_known_and_no_session_passes_for_an_option() -> None:
    for agent in AGENTS:
        found = resume(agent, "s1")
        assert found.command or found.note
        assert resume(agent, "--yolo").command is None
