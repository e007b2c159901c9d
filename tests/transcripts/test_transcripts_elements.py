"""Lists of a document that are parsed element by element give what parsing it as a whole gives."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import TranscriptUnreadable
from sidecar.transcripts import READERS
from sidecar.transcripts.elements import LONG, Elements, sparing
from sidecar.transcripts.weights import too_heavy

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def held(value: object) -> object:
    """The document with its lists."""
    if isinstance(value, Elements):
        return list(value)
    return {key: held(part) for key, part in value.items()} if isinstance(value, dict) else value


@given(VALUES.filter(lambda value: isinstance(value, list | dict)), st.booleans(), st.sampled_from((None, 1)))
def test_documents_are_the_same(value: object, ascii_only: bool, indent: int | None) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "replace")
    assert held(sparing(data)) == json.loads(data)


@given(st.binary(max_size=40) | st.text('[]{}",:1a \\', max_size=40).map(str.encode))
def test_what_is_no_document_is_none(data: bytes) -> None:
    try:
        whole = json.loads(data.decode("utf-8-sig", "replace"))
    except ValueError:
        whole = None
    assert held(sparing(data)) == (whole if isinstance(whole, list | dict) else None)


def test_a_long_list_of_an_object_is_not_held() -> None:
    data = json.dumps({"a": ["é" * LONG], "b": [1], "é": 2}, ensure_ascii=False).encode()
    found = sparing(data)
    assert isinstance(found, dict)
    assert isinstance(found["a"], Elements)
    assert held(found) == json.loads(data)


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
