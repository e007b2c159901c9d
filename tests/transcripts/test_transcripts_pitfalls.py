"""What may happen in any format, for every reader; and that the table of pitfalls names tests that are there."""

import ast
import json
from pathlib import Path

import pytest
from pitfalls import NONE, PITFALLS
from spoken import LINES, PICTURE, PICTURES, line, session

from sidecar.transcripts import READERS

HERE = Path(__file__).parent
LINED = sorted(LINES)
ALL = sorted(READERS)
ENCODED = sorted(set(READERS) - {"aider", "markdown"})
"""Readers of JSON, whose escapes can hold any character."""


def said(agent: str, path: Path) -> list[str]:
    return [message.text for message in READERS[agent].read(path, None).messages if message.role == "user"]


@pytest.mark.parametrize("agent", LINED)
def test_glued_objects_are_both_read(agent: str, tmp_path: Path) -> None:
    path = tmp_path / "rollout-x.jsonl"
    path.write_bytes(line(agent, 1, "One.").rstrip() + line(agent, 2, "Two."))
    result = READERS[agent].read(path, None)
    assert [message.text for message in result.messages] == ["One.", "Two."]
    assert result.damaged == 0


@pytest.mark.parametrize("agent", LINED)
def test_a_damaged_line_is_counted_and_stepped_over(agent: str, tmp_path: Path) -> None:
    path = tmp_path / "rollout-x.jsonl"
    path.write_bytes(line(agent, 1, "One.") + b'{"type": "us\n\0\0\0\n[1]\n' + line(agent, 2, "Two."))
    result = READERS[agent].read(path, None)
    assert [message.text for message in result.messages] == ["One.", "Two."]
    assert result.damaged == 2  # blanks and NULs, as a crash leaves them, are nothing


@pytest.mark.parametrize("agent", ALL)
def test_our_memory_and_that_of_others_is_not_heard_again(agent: str, tmp_path: Path) -> None:
    ours = "<sidecar-context source='memory'>The oven is old.</sidecar-context>"
    theirs = "<claude-mem-context>Rye is out.</claude-mem-context>"
    path = session(agent, tmp_path, f"{ours} Use the deck oven. {theirs}")
    assert said(agent, path) == ["Use the deck oven."]


@pytest.mark.parametrize("agent", LINED)
@pytest.mark.parametrize("when", [None, "", "soon", 0, -1, True, 1e300, [], "0001-01-01T00:00:00+14:00", "9999-12-31"])
def test_absurd_times_are_no_times(agent: str, when: object, tmp_path: Path) -> None:
    path = tmp_path / "rollout-x.jsonl"
    path.write_bytes(line(agent, 1, "One.", when) + line(agent, 2, "Two."))
    one, two = READERS[agent].read(path, None).messages
    assert (one.text, two.text) == ("One.", "Two.")
    assert one.time is None or one.time.year >= 2020
    assert two.time is not None


@pytest.mark.parametrize("agent", LINED)
def test_a_record_without_a_time_is_heard(agent: str, tmp_path: Path) -> None:
    path = tmp_path / "rollout-x.jsonl"
    path.write_bytes(json.dumps(LINES[agent]("1", "One.")).encode() + b"\n")
    assert said(agent, path) == ["One."]


@pytest.mark.parametrize("agent", ENCODED)
def test_surrogates_and_nuls_are_made_safe(agent: str, tmp_path: Path) -> None:
    path = session(agent, tmp_path, "Rye \ud83d and \ud83c\udf5e and \0.")
    assert said(agent, path) == ["Rye \ufffd and 🍞 and \ufffd."]


@pytest.mark.parametrize("agent", ["aider", "markdown"])
def test_bytes_that_are_no_text_are_made_safe(agent: str, tmp_path: Path) -> None:
    path = session(agent, tmp_path, "Rye and salt.")
    path.write_bytes(path.read_bytes().replace(b"and", b"\xed\xa0\xbd \0"))
    (words,) = said(agent, path)
    assert words.encode()
    assert "\0" not in words
    assert words.startswith("Rye \ufffd")


@pytest.mark.parametrize("agent", ALL)
def test_a_megabyte_is_heard_whole(agent: str, tmp_path: Path) -> None:
    words = " ".join(f"loaf{number}" for number in range(130_000))
    assert len(words) > 1_048_576
    assert said(agent, session(agent, tmp_path, words)) == [words]


@pytest.mark.parametrize("agent", sorted(PICTURES))
def test_pictures_leave_the_words(agent: str, tmp_path: Path) -> None:
    path = tmp_path / "rollout-x.jsonl"
    record = PICTURES[agent]("Look at this loaf.") | {"timestamp": "2026-03-04T09:00:00Z"}
    path.write_bytes(json.dumps(record).encode() + b"\n")
    (words,) = said(agent, path)
    assert "Look at this loaf." in words
    assert PICTURE[:40] not in words


# The table


def names_in(name: str) -> set[str]:
    """The names of the tests of a module."""
    tree = ast.parse((HERE / name).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_reader_has_a_line_for_every_pitfall() -> None:
    for pitfall, row in PITFALLS.items():
        assert sorted(row) == ALL, pitfall


def test_what_the_table_names_is_there() -> None:
    known = {name: names_in(name) for name in sorted(path.name for path in HERE.glob("test_*.py"))}
    for pitfall, row in PITFALLS.items():
        for agent, shown in row.items():
            if shown.startswith(NONE):
                assert len(shown) > len(NONE) + 10, (pitfall, agent)
                continue
            for one in shown.split(", "):
                module, _, test = one.partition("::")
                if test:
                    assert test in known[f"test_transcripts_{module}.py"], (pitfall, agent, one)
                else:
                    assert (HERE.parent / "data" / one).exists(), (pitfall, agent, one)
