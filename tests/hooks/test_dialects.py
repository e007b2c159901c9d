"""What agents say to hooks, read leniently: a hook must not fail because a field is new, missing or of another kind."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects import DIALECTS, Act, Heard, heard

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=9), st.just("/a/b"), st.just("/a\0b")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=6,
)
NAMES = st.sampled_from(
    "cwd workingDirectory workspace_roots transcript_path agent_transcript_path transcriptPath session_id sessionId "
    "conversation_id prompt source other".split()
)


@given(st.dictionaries(NAMES, VALUES))
def test_any_payload_is_understood_as_far_as_it_goes(payload: dict[str, object]) -> None:
    found = heard(payload)
    for path in (found.cwd, found.path):
        assert path is None or (path.startswith("/") and "\0" not in path)
    for text in (found.session, found.prompt, found.source):
        assert text is None or text


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            {"session_id": "s", "cwd": "/w", "transcript_path": "/t", "prompt": "p", "source": "startup"},
            Heard("s", "/w", "/t", "p", "startup"),
        ),
        (
            {"session_id": "s", "transcript_path": "/t", "agent_transcript_path": "/a"},
            Heard("s", None, "/a", None, None),
        ),
        ({"conversation_id": "c", "workspace_roots": ["/w", "/x"]}, Heard("c", "/w", None, None, None)),
        ({"sessionId": "s", "workingDirectory": "/w", "transcriptPath": "/t"}, Heard("s", "/w", "/t", None, None)),
        ({"cwd": "relative", "transcript_path": None, "session_id": 7}, Heard(None, None, None, None, None)),
    ],
)
def test_each_agents_names_for_the_same(payload: dict[str, object], expected: Heard) -> None:
    assert heard(payload) == expected


@pytest.mark.parametrize("agent", sorted(DIALECTS))
def test_every_dialect_begins_asks_and_shapes_what_json_can_hold(agent: str) -> None:
    dialect = DIALECTS[agent]
    assert Act.START in dialect.events.values()
    assert dialect.characters <= 20_000
    for event in dialect.events:
        shaped = dialect.shaped(event, 'a "text"\nof two lines')
        assert "of two lines" in json.dumps(shaped)
