"""Messages: the text, the tool's command, and the command as context of the text."""

import pytest

from sidecar.model import Message, ToolCall
from sidecar.redact import redact_message


def message(text: str, tool: ToolCall | None = None) -> Message:
    return Message(id="m", agent="a", session="s", role="user", speaker="user", text=text, tool=tool)


def test_the_text_of_a_message():
    assert redact_message(message("the pw is k3ttle9")).text == "the pw is [redacted:password]"


def test_a_message_without_a_secret_is_the_same_object():
    plain = message("reset the password", ToolCall("Bash", "ls"))
    assert redact_message(plain) is plain


def test_the_command_of_a_tool():
    done = redact_message(message("ok", ToolCall("Bash", "mysql -u root -pk3ttle9 shop", failed=True)))
    assert done.tool == ToolCall("Bash", "mysql -u root -p[redacted:password] shop", failed=True)


def test_a_secret_written_by_a_command():
    done = redact_message(message("", ToolCall("Bash", "cat > .env <<'EOF'\nMODE=plainvalue\nEOF\nmake")))
    assert done.tool is not None
    assert done.tool.command == "cat > .env <<'EOF'\nMODE=[redacted:file-secret]\nEOF\nmake"


@pytest.mark.parametrize(
    ("tool", "command"),
    [("Bash", "cat .env"), ("shell", "cat config/.env"), ("Read", "/home/bob/app/.env"), ("read_file", ".env.local")],
)
def test_the_command_says_that_the_text_is_secret(tool, command):
    done = redact_message(message("MODE=plainvalue\n# comment\n", ToolCall(tool, command)))
    assert done.text == "MODE=[redacted:file-secret]\n# comment\n"
    assert done.tool == ToolCall(tool, command)


def test_the_command_itself_stays_readable_in_the_text():
    done = redact_message(message("$ cat .env\nMODE=plainvalue\n", ToolCall("Bash", "cat .env")))
    assert done.text == "$ cat .env\nMODE=[redacted:file-secret]\n"


def test_a_path_is_no_command_for_a_tool_that_runs_commands():
    done = redact_message(message("MODE=plainvalue", ToolCall("Read", "/home/bob/app/settings.py")))
    assert done.text == "MODE=plainvalue"
