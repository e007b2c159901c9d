"""Aider, Markdown and Cursor's text form: blocks that grow, pieces of long ones, and places."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.model import Message
from sidecar.transcripts import READERS
from sidecar.transcripts.cursor_places import project_of
from sidecar.transcripts.textual import LINE, MAX_BLOCK

AIDER, MARKDOWN, CURSOR = READERS["aider"], READERS["markdown"], READERS["cursor"]


@pytest.fixture
def zone() -> Iterator[None]:
    """A clock two hours ahead of UTC."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "XYZ-2"
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("zone")
def test_launches_of_aider_are_in_local_time(tmp_path: Path) -> None:
    path = tmp_path / ".aider.chat.history.md"
    path.write_text("\n# aider chat started at 2026-03-04 09:00:00\n\n#### Rye.  \n")
    (message,) = AIDER.read(path, None).messages
    assert message.time is not None
    assert message.time.isoformat() == "2026-03-04T07:00:00+00:00"
    assert message.session.startswith("20260304090000-")


def test_two_launches_within_one_second_are_two_sessions(tmp_path: Path) -> None:
    path = tmp_path / ".aider.chat.history.md"
    path.write_text("\n# aider chat started at 2026-03-04 09:00:00\n\n#### Rye.  \n" * 2)
    one, two = AIDER.read(path, None).messages
    assert one.session != two.session


def test_a_moved_repository_keeps_its_ids_and_another_one_has_its_own(tmp_path: Path) -> None:
    ids = []
    for folder in ("old/bakery", "new/bakery", "new/mill"):
        path = tmp_path / folder / ".aider.chat.history.md"
        path.parent.mkdir(parents=True)
        path.write_text("\n# aider chat started at 2026-03-04 09:00:00\n\n#### Rye.  \n")
        (message,) = AIDER.read(path, None).messages
        assert message.cwd == str(path.parent)
        ids.append(message.id)
    assert ids[0] == ids[1] != ids[2]


def test_answer_that_grows_is_given_as_far_as_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / ".aider.chat.history.md"
    path.write_text("#### Rye?  \n\nYes")
    first = AIDER.read(path, None)
    assert [message.text for message in first.messages] == ["Rye?"]  # a line without an end is not written yet
    with path.open("a") as file:
        file.write(", rye.\n")
    second = AIDER.read(path, first.cursor)
    with path.open("a") as file:
        file.write("With salt.\n\n> Tokens: 5  \n")
    third = AIDER.read(path, second.cursor)
    assert [message.text for message in second.messages[-1:] + third.messages[-1:]] == [
        "Yes, rye.",
        "Yes, rye.\nWith salt.",
    ]
    assert second.messages[-1].id == third.messages[-1].id
    assert not third.restarted


def test_what_a_growing_turn_does_not_say_any_more_is_withdrawn(tmp_path: Path) -> None:
    path = tmp_path / "talk.md"
    path.write_text("**User:** Rye.\n\n**Assistant:** <think>maybe wheat")
    first = MARKDOWN.read(path, None)
    assert first.messages[-1].text == "<think>maybe wheat"
    with path.open("a") as file:
        file.write("</think>\n")
    second = MARKDOWN.read(path, first.cursor)
    assert second.withdrawn == (first.messages[-1].id,)
    assert [message.text for message in second.messages] == ["Rye."]


def test_a_last_line_that_looked_like_a_turn_is_withdrawn(tmp_path: Path) -> None:
    path = tmp_path / "talk.md"
    path.write_text("## User\n\nRye.\n\n## Assistant")
    first = MARKDOWN.read(path, None)
    with path.open("a") as file:
        file.write("s and their work\n\nAll rye.\n")
    second = MARKDOWN.read(path, first.cursor)
    (message,) = second.messages
    assert message.id == first.messages[0].id
    assert message.text == "Rye.\n\n## Assistants and their work\n\nAll rye."


def test_a_long_turn_comes_in_pieces_however_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "talk.md"
    line = "so much to say " * 60 + "\n"
    path.write_text("## User\n" + line * (2 * MAX_BLOCK // (len(line) + LINE - 1)) + "## Assistant\nYes.\n")
    pieces, steps = (all_of(path, limit) for limit in (1 << 40, 1))
    assert [len(message.text) > MAX_BLOCK / 2 for message in pieces] == [True, True, False]
    assert steps == pieces


def all_of(path: Path, limit: int) -> list[Message]:
    """The messages of all calls of so many bytes."""
    cursor, found, more = None, [], True
    while more:
        result = MARKDOWN.read(path, cursor, limit_bytes=limit)
        found += result.messages
        cursor, more = result.cursor, result.more
    return found


def test_turns_of_one_word_are_turns_and_those_of_a_letter_are_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("## User\nYes.\n## Assistant\nYes.\n" * 10_000)
    found = MARKDOWN.read(path, None).messages
    assert [message.role for message in found[:4]] == ["user", "assistant", "user", "assistant"]
    assert {message.text for message in found} == {"Yes."}
    path.write_text("## User\nWhy?\n\n" + "**me**a\n**ai**b\n" * 50_000)
    assert len(MARKDOWN.read(path, None).messages) < 10_000, "only the end, which is shorter than a block"


def test_file_without_turns_has_no_header(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("# Bakery\n\nWe bake.\n")
    result = MARKDOWN.read(path, None)
    assert (result.header, result.messages) == (None, ())
    with path.open("a") as file:
        file.write("More.\n")
    assert MARKDOWN.read(path, result.cursor).header is None


def transcript(projects: Path, slug: str, name: str = "s1.jsonl") -> Path:
    path = projects / "projects" / slug / "agent-transcripts" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"role":"user","message":{"content":"Rye."}}\n')
    return path


def test_project_of_cursor_from_the_name_of_its_folder(tmp_path: Path) -> None:
    project = tmp_path / "my.projects" / "rye-bakery"
    project.mkdir(parents=True)
    slug = "-".join("".join(c if c.isalnum() else "-" for c in part) for part in project.parts[1:])
    path = transcript(tmp_path / "cursor", slug)
    assert project_of(path) == str(project)
    (message,) = CURSOR.read(path, None).messages
    assert message.cwd == str(project)
    header = CURSOR.header(path)
    assert header is not None
    assert header.cwds == (str(project),)
    (tmp_path / "my-projects" / "rye" / "bakery").mkdir(parents=True)
    assert project_of(path) is None  # now there are two


def test_project_of_cursor_that_is_gone(tmp_path: Path) -> None:
    assert project_of(transcript(tmp_path, "home-nobody-has-this")) is None
    assert project_of(tmp_path / "s1.jsonl") is None


def test_text_form_of_cursor_yields_to_the_records(tmp_path: Path) -> None:
    text = transcript(tmp_path, "x", "s1.txt")
    assert CURSOR.is_transcript(text)
    transcript(tmp_path, "x", "s1.jsonl")
    assert not CURSOR.is_transcript(text)
