"""A document with very many messages is given in several calls, and is never taken for less or more than it is."""

import json
import os
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.transcripts import READERS, Cursor, ReadResult, let_go_of_paused
from sidecar.transcripts.base import Ids
from sidecar.transcripts.whole import SETTLED, SPARED

MANY = 3_000
"""Messages that make a document of more than `SPARED` bytes and need several calls, as each has an emoji."""


def words(word: str, number: int) -> str:
    return f"{word} {number} \N{GRINNING FACE}{'rye ' * 250}."


def said(number: int, word: str) -> dict[str, object]:
    return {"role": "user", "content": words(word, number)}


def in_form(form: str, word: str, many: int = MANY) -> tuple[str, str, object]:
    """An agent, the name of a file, and a document of it in which a word is said over and over."""
    messages = [said(number, word) for number in range(many)]
    blocks = [{"role": "user", "content": [{"type": "text", "text": words(word, number)}]} for number in range(many)]
    typed = [{"id": f"{word}-{number}", "type": "user", "content": words(word, number)} for number in range(many)]
    items = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": words(word, n)}]}
        for n in range(many)
    ]
    nodes = {str(n): {"parent": str(n - 1), "message": said(n, word)} for n in range(many)}
    forms: dict[str, tuple[str, str, object]] = {
        "list": ("messages", "x.json", messages),
        "conversation": ("messages", "x.json", {"messages": messages}),
        "conversations": ("messages", "x.json", [{"id": word, "messages": messages}, {"messages": messages[:9]}]),
        "tree": ("messages", "x.json", [{"mapping": nodes, "current_node": str(many - 1)}]),
        "cline": ("cline", "s.messages.json", {"messages": blocks, "sessionId": "s"}),
        "roo": ("roo", "api_conversation_history.json", messages),
        "gemini": ("gemini", "session-1.json", {"messages": typed, "sessionId": "s"}),
        "codex": ("codex", "rollout-1.json", {"session": {"id": "s"}, "items": items}),
    }
    return forms[form]


FORMS = ("list", "conversation", "conversations", "tree", "cline", "roo", "gemini", "codex")


def calls(agent: str, path: Path, cursor: Cursor | None = None) -> Iterator[ReadResult]:
    """The results of the calls over a file; each cursor goes through its text, as it would to the next start."""
    more = True
    while more:
        result = READERS[agent].read(path, cursor)
        yield result
        cursor, more = Cursor.from_json(result.cursor.to_json()), result.more


@pytest.mark.parametrize("form", FORMS)
def test_all_is_given_once_and_the_last_call_knows_it(form: str, tmp_path: Path) -> None:
    agent, name, document = in_form(form, "Rye")
    path = tmp_path / name
    path.write_text(json.dumps(document))
    assert path.stat().st_size > SPARED
    results = list(calls(agent, path))
    assert len(results) > 1
    ids = [message.id for result in results for message in result.messages]
    assert len(ids) == len(set(ids)) == MANY + 9 * (form == "conversations")
    if form != "conversations":  # of which each has places of its own
        positions = [message.position for result in results for message in result.messages]
        assert positions == sorted(positions)
    assert [result.complete for result in results] == [False] * (len(results) - 1) + [True]
    assert [result.present is None for result in results] == [True] * (len(results) - 1) + [False]
    assert results[-1].present is not None
    assert results[-1].present.absent([*ids, "another"]) == {"another"}
    assert len({result.header and result.header.cwds for result in results}) == 1
    assert READERS[agent].read(path, results[-1].cursor).messages == ()


@pytest.mark.parametrize("form", FORMS)
def test_it_gives_the_messages_that_a_small_one_gives(form: str, tmp_path: Path) -> None:
    agent, name, document = in_form(form, "Rye", 500)
    small = tmp_path / "small" / name
    small.parent.mkdir()
    small.write_text(json.dumps(document))
    large = tmp_path / "large" / name
    large.parent.mkdir()
    large.write_text(json.dumps(document) + " " * SPARED)
    stamp = small.stat().st_mtime
    os.utime(large, (stamp, stamp))
    one, other = READERS[agent].read(small, None), READERS[agent].read(large, None)
    ids = [[message.id.removeprefix(message.session) for message in result.messages] for result in (one, other)]
    assert ids[0] == ids[1]
    assert [message.text for message in one.messages] == [message.text for message in other.messages]
    assert (one.complete, one.drifted, one.damaged) == (other.complete, other.drifted, other.damaged)
    assert READERS[agent].header(small) == (one.header)


@pytest.mark.parametrize("form", FORMS)
def test_a_large_one_may_begin_with_a_byte_order_mark(form: str, tmp_path: Path) -> None:
    agent, name, document = in_form(form, "Rye", 20)
    path = tmp_path / name
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(document).encode() + b" " * SPARED)
    result = READERS[agent].read(path, None)
    assert (len(result.messages) >= 20, result.damaged) == (True, 0)
    assert READERS[agent].header(path) == result.header


@pytest.mark.parametrize("name", ["session-1.json", "rollout-1.json"])
@pytest.mark.parametrize("filling", [0, SPARED])
def test_a_list_where_there_is_to_be_an_object_counts_as_damage(name: str, filling: int, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("[]" + " " * filling)
    result = READERS["gemini" if name.startswith("session") else "codex"].read(path, None)
    assert (result.messages, result.damaged, result.complete) == ((), 1, False)


@pytest.mark.parametrize("form", ["list", "cline", "gemini", "codex"])
def test_one_that_is_rewritten_between_two_calls_is_begun_anew(form: str, tmp_path: Path) -> None:
    agent, name, document = in_form(form, "Rye")
    path = tmp_path / name
    path.write_text(json.dumps(document))
    first = READERS[agent].read(path, None)
    assert first.more
    content = json.dumps(in_form(form, "Oat")[2])
    path.write_text(content[: len(content) // 2])  # half of it is written
    torn = READERS[agent].read(path, first.cursor)
    assert (torn.messages, torn.complete, torn.more, torn.damaged) == ((), False, False, 1)
    path.write_text(content)
    results = list(calls(agent, path, torn.cursor))
    ids = {message.id for result in results for message in result.messages}
    assert len(ids) == MANY
    assert results[0].restarted
    present = results[-1].present
    assert present is not None
    assert present.absent(ids) == set()
    assert present.absent(message.id for message in first.messages) == {m.id for m in first.messages} - ids


def test_what_was_given_before_changes_nothing_of_what_comes(tmp_path: Path) -> None:
    """A conversation that was given names a folder, a record after it another one: the last word counts."""
    first = {"id": "c", "cwd": "/first", "messages": [said(number, "Rye") for number in range(9)]}
    rest = [{"cwd": "/second"}, *(said(number, "Oat") for number in range(MANY))]
    path = tmp_path / "x.json"
    path.write_text(json.dumps([first, *rest]))
    results = list(calls("messages", path))
    assert len(results) > 1
    folders = [message.cwd for result in results for message in result.messages]
    assert folders == ["/first"] * 9 + ["/second"] * MANY


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(("Rye", "Oat")), st.sampled_from((1.0, 0.3, 0.9999)), st.integers(0, 3)),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_rewritten_and_cut_when_what_is_complete_is_what_the_file_holds(
    steps: list[tuple[str, float, int]], tmp_path: Path
) -> None:
    """Each step writes a document, or a part of one, and makes some calls; the last one writes the whole and all."""
    path = Path(tempfile.mkdtemp(dir=tmp_path)) / "session-1.json"
    cursor: Cursor | None = None
    for word, share, number in [*steps, ("Rye", 1.0, 99)]:
        content = json.dumps(in_form("gemini", word)[2])
        path.write_text(content[: int(len(content) * share)])
        whole = {f"{word}-{n}" for n in range(MANY)}
        for _ in range(number):
            result = READERS["gemini"].read(path, cursor)
            cursor = result.cursor
            assert share == 1.0 or not (result.messages or result.complete or result.more)
            assert {message.id for message in result.messages} <= whole
            if result.complete:
                assert result.present is not None
                assert result.present == Ids(Ids.digested(f"{word}-{n}" for n in range(MANY)))
            if not result.more:
                break
    assert result.complete or not result.messages


def test_a_message_that_comes_again_in_a_document_of_gemini_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "session-1.json"
    messages = [{"id": str(n), "type": "user", "content": words("Rye", n)} for n in range(MANY)]
    again = {"id": "5", "type": "user", "content": "Oat"}
    path.write_text(json.dumps({"sessionId": "s", "messages": [*messages, again]}))
    (result,) = calls("gemini", path)
    assert (result.complete, result.present, len(result.messages)) == (True, None, MANY)
    assert [message.text for message in result.messages if message.id == "5"] == ["Oat"]


WHOLE = ("list", "conversation", "conversations", "tree", "cline", "roo")
"""Forms of which a reader goes on where it has stopped, if the file is as it was."""


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, Path]]:
    """By form the agent and the file of a document that was written so long ago that any write to it shows."""
    found: dict[str, tuple[str, Path]] = {}
    for form in WHOLE:
        agent, name, document = in_form(form, "Rye")
        path = tmp_path_factory.mktemp(form) / name
        path.write_text(json.dumps(document))
        found[form] = agent, path
    time.sleep(SETTLED / 1e9 + 0.2)
    return found


def told(result: ReadResult) -> tuple[object, ...]:
    """All that a call says."""
    return (
        result.messages, result.cursor.to_json(), result.header, result.unknown, result.complete, result.present,
        result.more, result.restarted, result.drifted,
    )  # fmt: skip


@pytest.mark.parametrize("form", WHOLE)
def test_who_goes_on_says_what_another_one_would_say(form: str, settled: dict[str, tuple[str, Path]]) -> None:
    agent, path = settled[form]
    results = list(calls(agent, path))
    assert len(results) > 2
    cursor = None
    for result in results:
        another = type(READERS[agent])().read(path, cursor)
        assert told(result) == told(another)
        cursor = another.cursor


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="only Linux tells what a process has read")
@pytest.mark.parametrize("form", WHOLE)
def test_what_was_looked_through_is_not_read_again(form: str, settled: dict[str, tuple[str, Path]]) -> None:
    def read() -> int:
        return int(Path("/proc/self/io").read_text().split()[1])

    agent, path = settled[form]
    begun, sizes = read(), []
    for _ in calls(agent, path):
        begun, before = read(), begun
        sizes.append(begun - before)
    assert sizes[0] > path.stat().st_size
    assert sum(sizes[1:]) < 1.6 * path.stat().st_size  # each call once more would be twice and more


def test_two_that_are_read_in_turn_and_calls_that_come_again_are_given_whole(
    settled: dict[str, tuple[str, Path]], tmp_path: Path
) -> None:
    agent, path = settled["list"]
    other = tmp_path / path.name
    other.write_bytes(path.read_bytes())
    both = zip(calls(agent, path), calls(agent, other), strict=True)
    cursor = None
    for one, another in both:
        assert [m.text for m in one.messages] == [m.text for m in another.messages]
        again = READERS[agent].read(path, cursor)
        assert told(again) == told(one)
        cursor = one.cursor


def test_one_whose_time_is_set_back_after_a_write_is_begun_anew(settled: dict[str, tuple[str, Path]]) -> None:
    agent, path = settled["list"]
    first = next(calls(agent, path))
    assert first.more
    was, state = path.read_bytes(), path.stat()
    with path.open("r+b") as file:
        file.write(was.replace(b"Rye", b"Oat"))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    try:
        after = list(calls(agent, path, first.cursor))
    finally:
        path.write_bytes(was)
    assert after[0].restarted
    assert len({m.id for result in after for m in result.messages}) == MANY
    assert all("Oat" in m.text for result in after for m in result.messages)


def test_at_rest_nothing_is_held_of_one_that_was_given_in_part(settled: dict[str, tuple[str, Path]]) -> None:
    agent, path = settled["tree"]
    first = next(calls(agent, path))
    assert first.more
    tracemalloc.start()
    another = READERS[agent].read(path, None)  # takes the place of the first
    assert told(another) == told(first)
    del another
    held = tracemalloc.get_traced_memory()[0]
    let_go_of_paused()
    freed = held - tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert freed > 100 * MANY, "the places of the tree's nodes were held until then"
    after = list(calls(agent, path, first.cursor))
    assert len({m.id for result in (first, *after) for m in result.messages}) == MANY
    assert not after[0].restarted
