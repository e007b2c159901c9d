"""What is put together by hand for an answer is what the published shapes say."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from sidecar.model import ChannelScore, Hit, ProfileRef
from sidecar.wire.recalled import CandidateShape
from sidecar.wire.render import candidate, candidate_plain

_NOW = datetime(2026, 11, 20, 16, 2, 11, tzinfo=UTC)
_TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
_MOMENT = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - bounds

_HITS = st.builds(
    Hit,
    id=_TEXT,
    kind=st.sampled_from(["memory", "message"]),
    profile=st.just(ProfileRef("local", "web")),
    score=st.floats(0, 1),
    content=_TEXT,
    summary=_TEXT,
    session=st.none() | _TEXT,
    type=st.sampled_from([None, "fact", "event", "instruction", "task"]),
    path=st.none() | _TEXT,
    observed=st.none() | _MOMENT,
    speaker=st.sampled_from([None, "user", "assistant", "tool"]),
    truncated=st.booleans(),
    channels=st.dictionaries(
        st.sampled_from(["keyword", "raw"]),
        st.builds(ChannelScore, st.integers(1, 9), st.floats(0, 9), st.floats(0, 2)),
    ),
    arrived=st.booleans(),
    shared_by=st.none() | _TEXT,
)


@given(hit=_HITS, explain=st.booleans())
def test_a_candidate_is_what_its_shape_says(hit: Hit, explain: bool) -> None:
    plain = candidate_plain(hit, now=_NOW, explain=explain)

    assert CandidateShape.model_validate(plain).plain() == plain
    assert candidate(hit, now=_NOW, explain=explain).plain() == plain
    assert ("channels" in plain, "arrived" in plain) == (explain, hit.arrived)


def test_a_candidate_counts_whole_days_and_shows_what_is_no_utf8() -> None:
    hit = Hit(
        "m1",
        "memory",
        ProfileRef("local", "web"),
        0.5,
        "Use pnpm.",
        "Use pnpm.",
        path="facts/\udcff.md",
        observed=datetime(2026, 11, 18, 16, 2, 12, 999_999, tzinfo=UTC),
    )

    plain = candidate_plain(hit, now=_NOW, explain=False)

    assert (plain["age_days"], plain["path"], plain["observed"]) == (1, "facts/\\udcff.md", "2026-11-18T16:02:12Z")
    assert candidate_plain(hit, now=datetime(2026, 11, 1, tzinfo=UTC), explain=False)["age_days"] == 0
