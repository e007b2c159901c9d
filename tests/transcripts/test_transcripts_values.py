"""Reading values that may be anything."""

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from sidecar.transcripts.values import digest

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=4))
def test_an_id_by_content_is_that_of_its_json_for_ever(parts: list[object]) -> None:
    """Another one would archive every message without an id of its own a second time."""
    packed = json.dumps(parts, sort_keys=True, default=str)
    assert digest(*parts) == hashlib.sha256(packed.encode()).hexdigest()[:16]


def test_an_id_by_content_is_found_however_deep_the_content_is() -> None:
    """What the parser has only just taken, and what nobody could go into by calls within calls."""
    for inner in ("a", "a" * 100_000):
        ids = set()
        for depth in (*range(100, 900, 100), *range(900, 1000, 3)):
            try:
                content = json.loads(f"{'[' * depth}{json.dumps(inner)}{']' * depth}")
            except RecursionError:
                break
            ids.add(digest(depth, "user", content))
        assert len(ids) > 8


def test_a_tuple_is_a_list_however_long_its_texts_are() -> None:
    for said in ("rye", "r\N{GRINNING FACE}e" * 40_000):
        assert digest((said, 1)) == digest([said, 1])
