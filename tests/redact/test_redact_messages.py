"""Messages: the text, the tool's command, and the command as context of the text."""

import pytest

from sidecar.model import Message, ToolCall
from sidecar.redact import redact_message, redact_messages


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


def said(text: str, speaker: str = "user", session: str = "s", tool: ToolCall | None = None) -> Message:
    return Message(id="m", agent="a", session=session, role=speaker, speaker=speaker, text=text, tool=tool)  # type: ignore[arg-type]


def texts(*messages: Message) -> list[str]:
    return [message.text for message in redact_messages(messages)]


GONE = "[redacted:password]"


def test_a_secret_is_replaced_in_the_messages_before_and_after():
    assert texts(
        said("I will try kestrel4471 first", "assistant"),
        said("the pw is kestrel4471"),
        said("noted: kestrel4471, and /kestrel4471/ works", "assistant"),
        said("connected as kestrel4471", "tool"),
    ) == [
        f"I will try {GONE} first",
        f"the pw is {GONE}",
        f"noted: {GONE}, and /{GONE}/ works",
        f"connected as {GONE}",
    ]


def test_a_secret_is_replaced_in_the_commands_of_tools():
    call = said("ok", "tool", tool=ToolCall("Bash", "./login kestrel4471"))
    done = redact_messages([said("the pw is kestrel4471"), call])
    assert done[1].tool == ToolCall("Bash", f"./login {GONE}")
    assert done[1].text == "ok"


def test_a_secret_of_a_command_is_replaced_in_the_text_of_others():
    call = said("ok", "tool", tool=ToolCall("Bash", "mysql -u root -pkestrel4471 shop"))
    assert texts(said("I used kestrel4471", "assistant"), call) == [f"I used {GONE}", "ok"]


def test_short_values_and_parts_of_words_are_not_repeated():
    assert texts(said("the pw is k3ttle9"), said("k3ttle9 is a kettle", "tool"))[1] == "k3ttle9 is a kettle"
    assert texts(said("the password is swordfish."), said("swordfishes swim", "tool"))[1] == "swordfishes swim"


def test_of_a_file_of_secrets_only_what_looks_secret_is_repeated():
    output = said("MODE=development\nROOT=/srv/atlas/web\nX=a8Kd03mZq7Lw\n", "tool", tool=ToolCall("Bash", "cat .env"))
    later = said("development runs in /srv/atlas/web with a8Kd03mZq7Lw", "assistant")
    assert texts(output, later)[1] == "development runs in /srv/atlas/web with [redacted:file-secret]"


def test_the_longest_value_is_taken_where_one_begins_another():
    assert (
        texts(said("pw: kestrel44"), said("pw: kestrel4471"), said("so kestrel4471!", "assistant"))[2] == f"so {GONE}!"
    )


def test_messages_without_a_secret_are_the_same_objects():
    plain = [said("hello"), said("hi there", "assistant"), said("x", "tool", tool=ToolCall("Bash", "ls"))]
    assert all(left is right for left, right in zip(redact_messages(plain), plain, strict=True))
    mixed = [said("the pw is kestrel4471"), *plain]
    assert all(left is right for left, right in zip(redact_messages(mixed)[1:], plain, strict=True))


def test_nothing_comes_of_nothing():
    assert redact_messages([]) == []


@pytest.mark.parametrize("answer", ["kestrel44", "swordfish", "Sommer2026!", "w1llow"])
def test_an_answer_of_one_word_to_a_question_for_a_password(answer):
    assert texts(said("What is the sudo password?", "assistant"), said(answer))[1].startswith(GONE)
    assert texts(said("What is the sudo command?", "assistant"), said(answer))[1] == answer


@pytest.mark.parametrize(
    "answer", ["yes", "continue", "bitwarden", "it is in the vault", "required", "4b825dc", "src/auth2.py", "HAR-88"]
)
def test_an_answer_that_is_no_password(answer):
    assert texts(said("What is the sudo password?", "assistant"), said(answer))[1] == answer


def test_a_question_of_another_session_or_before_another_word_does_not_count():
    question = said("What is the sudo password?", "assistant")
    assert texts(question, said("swordfish", session="other"))[1] == "swordfish"
    assert texts(question, said("wait"), said("swordfish"))[2] == "swordfish"


def test_the_output_of_a_tool_between_question_and_answer_does_not_matter():
    question = said("What is the sudo password?", "assistant")
    assert texts(question, said("ok", "tool"), said("swordfish"))[2] == GONE


def test_a_token_alone_is_a_secret_of_a_person_only():
    assert texts(said("aB3dE6gH9jK2"), said("zY3dE6gH9jQ7", "tool")) == [GONE, "zY3dE6gH9jQ7"]


def test_thousands_of_secrets_in_thousands_of_messages_are_done_within_the_time_limit():
    told = [said(f"the pw is kestrel{number:06}x") for number in range(3000)]
    echoed = [said(f"ok, kestrel{number:06}x it is " + "and more " * 40, "assistant") for number in range(3000)]
    done = redact_messages([*echoed, *told])
    assert all("kestrel" not in message.text for message in done)


def test_a_tool_that_feeds_a_running_program_opens_no_file():
    call = ToolCall("write_stdin", "session_id=7 max_output_tokens=6000")
    assert redact_message(said("Exited with code 0", "tool", tool=call)).text == "Exited with code 0"


def test_of_a_patch_the_named_files_count_not_its_lines():
    patch = "*** Begin Patch\n*** Update File: {}\n+see token.txt\n*** End Patch"
    done = said("M README.md", "tool", tool=ToolCall("apply_patch", patch.format("README.md")))
    assert redact_message(done) is done
    secret = said("MODE=fast", "tool", tool=ToolCall("apply_patch", patch.format(".env")))
    assert redact_message(secret).text == "MODE=[redacted:file-secret]"
