"""A document that is looked through value by value is what parsing it as a whole gives, or nothing if it is torn."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import TranscriptUnreadable
from sidecar.transcripts import READERS
from sidecar.transcripts.elements import Elements, Survey, Tree, surveyed
from sidecar.transcripts.reel import STEP
from sidecar.transcripts.weights import too_heavy

KEYS = st.sampled_from(("messages", "mapping", "items", "é", "")) | st.text(max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=30,
)
STEPS = st.sampled_from((128, 300, STEP))


def held(value: object) -> object:
    """The document with all that is in it."""
    if isinstance(value, list | Elements):
        return [held(part) for part in value]
    if isinstance(value, Tree):
        return {key: held(value[key]) for key in value}
    return {key: held(part) for key, part in value.items()} if isinstance(value, dict) else value


def survey(data: bytes, step: int = STEP) -> Survey:
    return surveyed(lambda at, size: data[at : at + size], step)


@given(VALUES.filter(lambda value: isinstance(value, list | dict)), st.booleans(), st.sampled_from((None, 1)), STEPS)
def test_documents_are_the_same(value: object, ascii_only: bool, indent: int | None, step: int) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "replace")
    found = survey(data, step)
    assert held(found.content) == json.loads(data)
    assert (found.size, found.blank) == (len(data), False)
    assert found.known == survey(data).known != ""


@given(VALUES.filter(lambda value: isinstance(value, list | dict)), st.data(), STEPS)
def test_a_part_of_a_document_is_none(value: object, chance: st.DataObject, step: int) -> None:
    data = json.dumps(value).encode()
    cut = chance.draw(st.integers(0, len(data) - 1))
    assert survey(data[:cut], step).content is None


@given(st.binary(max_size=40) | st.text('[]{}",:1a \\', max_size=40).map(str.encode), STEPS)
def test_what_is_no_document_is_none(data: bytes, step: int) -> None:
    try:
        whole = json.loads(data.decode("utf-8-sig", "replace"))
    except ValueError:
        whole = None
    found = survey(data, step)
    assert held(found.content) == (whole if isinstance(whole, list | dict) else None)
    assert found.blank == (not data.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n"))


def test_a_long_list_of_messages_is_not_held() -> None:
    data = json.dumps({"messages": ["é" * 3 * STEP], "b": [1], "é": 2, "content": ["a" * 3 * STEP]}).encode()
    found = survey(data).content
    assert isinstance(found, dict)
    assert isinstance(found["messages"], Elements)
    assert isinstance(found["content"], list)  # that of a message, which nobody goes through otherwise
    assert held(found) == json.loads(data)


def test_a_string_longer_than_what_is_read_at_once_may_hold_what_looks_like_an_end() -> None:
    messages = [{"text": '{"a":1},' * 40_000 + "\\"}, {"text": "},{" * 9}, *[{"n": n} for n in range(9_000)]]
    data = json.dumps(messages).encode()
    assert held(survey(data).content) == messages


@pytest.mark.parametrize(("levels", "read"), [(60, True), (70, False)])
def test_long_values_may_lie_deep(levels: int, read: bool) -> None:
    data = b'{"a":[' * (levels // 2) + json.dumps("word " * 200).encode() + b"]}" * (levels // 2)
    content = survey(data, 128).content
    assert (held(content) if read else content) == (json.loads(data) if read else None)


def test_words_are_not_heavy_whatever_they_hold() -> None:
    words = json.dumps({"x": '[[],{"a":1}],' * 100_000}).encode()
    assert not too_heavy(words)
    assert too_heavy(b'{"x":[' + b"[]," * 200_000 + b"[]]}")


@pytest.mark.parametrize("agent", ["cline", "messages"])
def test_a_document_of_brackets_is_refused(agent: str, tmp_path: Path) -> None:
    path = tmp_path / ("s.messages.json" if agent == "cline" else "x.json")
    path.write_bytes(b"[" + b"[]," * 500_000 + b"[]]")
    with pytest.raises(TranscriptUnreadable, match="brackets"):
        READERS[agent].read(path, None)
