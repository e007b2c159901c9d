"""Bodies: what is kept, what is made harmless, what is refused; for any bytes at all."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import BadRequest
from sidecar.wire.limits import JSON_DEPTH
from sidecar.wire.text import parse_object, shown, whole

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(texts, values, max_size=5), st.booleans())
def test_what_json_can_say_comes_through_unchanged(value: dict[str, object], ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    if _depth(value) <= JSON_DEPTH:
        assert parse_object(body) == value


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\ue0d8 1-.', max_size=60).map(str.encode))
def test_any_bytes_give_an_object_or_a_bad_request(body: bytes) -> None:
    try:
        assert isinstance(parse_object(body), dict)
    except BadRequest as error:
        error.message.encode("utf-8")


@given(st.text(alphabet=st.characters() | st.sampled_from("\0\ud83d\udc4b")))
def test_whole_text_can_be_stored_and_is_not_changed_again(text: str) -> None:
    found = whole(text)
    assert "\0" not in found
    found.encode("utf-8")
    assert whole(found) == found


@given(st.text(max_size=200))
def test_shown_text_is_short_and_printable(text: str) -> None:
    found = shown(text)
    assert len(found) <= 41
    assert found.isprintable()


def test_two_halves_of_an_emoji_are_joined() -> None:
    assert whole("\ud83d\udc4b") == "👋"
    assert whole("\udc4b\ud83d") == "\ufffd\ufffd"


def test_depth_is_allowed_up_to_its_limit() -> None:
    inside = JSON_DEPTH - 1
    assert parse_object(b'{"a":' + b"[" * inside + b"]" * inside + b"}")
    with pytest.raises(BadRequest, match="nested deeper"):
        parse_object(b'{"a":' + b"[" * (inside + 1) + b"]" * (inside + 1) + b"}")


@pytest.mark.parametrize("body", [b"", b" \n", b"{}", b"\xef\xbb\xbf{}"])
def test_empty_bodies(body: bytes) -> None:
    assert parse_object(body) == {}
