"""Cursors, moments, envelopes and names: the formats that go over the wire."""

from __future__ import annotations

import json
import string
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import FieldError, GitFailed, NotFound, SidecarError
from sidecar.wire import cursor, envelope, fields, limits
from sidecar.wire.shapes import IndexState, ResultInfo, iso


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=64))
def test_a_cursor_comes_back_and_fits_a_query_string(last: str) -> None:
    found = cursor.encode(last)
    assert set(found) <= set(string.ascii_letters + string.digits + "-_")
    assert cursor.decode(found) == last


@given(st.text(max_size=40).filter(lambda text: not text.startswith("MT")))
def test_any_other_text_is_refused_as_a_cursor(text: str) -> None:
    with pytest.raises(FieldError, match="cursor: is not one that this API gave"):
        cursor.decode(text)


EARLIEST, LATEST = datetime(2, 1, 1), datetime(9998, 1, 1)  # noqa: DTZ001 - the strategy adds the zone
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(EARLIEST, LATEST, timezones=zones))
def test_any_moment_is_read_as_itself(moment: datetime) -> None:
    found = fields.moment(moment.isoformat())
    assert found == moment
    assert found.tzinfo is UTC


@given(st.datetimes(EARLIEST, LATEST, timezones=zones))
def test_any_moment_that_we_spell_can_be_read(moment: datetime) -> None:
    assert fields.moment(iso(moment)) == moment.replace(microsecond=0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T16:02", datetime(2026, 11, 20, 16, 2, tzinfo=UTC)),
        ("2026-11-20t16:02:11z", datetime(2026, 11, 20, 16, 2, 11, tzinfo=UTC)),
        ("2026-11-20 16:02:11,5+0230", datetime(2026, 11, 20, 13, 32, 11, 500_000, UTC)),
        ("2026-11-20T16:02:11.123456789Z", datetime(2026, 11, 20, 16, 2, 11, 123_456, UTC)),
    ],
)
def test_forms_of_iso_8601(text: str, expected: datetime) -> None:
    assert fields.moment(text) == expected


@pytest.mark.parametrize(
    "text", ["", "20261120", "2026-W47-5", "2026-11-20T", "2026-11-20T25:00", "16:02", "１２３４-11-20"]
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ISO 8601"):
        fields.moment(text)


def test_a_date_ends_with_its_last_microsecond() -> None:
    assert fields.end_of_moment("2026-11-20") + timedelta(microseconds=1) == datetime(2026, 11, 21, tzinfo=UTC)


@given(st.text(alphabet=string.ascii_lowercase + string.digits + "-", min_size=1, max_size=40))
def test_names_are_what_the_contract_says(text: str) -> None:
    allowed = len(text) <= limits.NAME_CHARACTERS and text[0] != "-" and text[-1] != "-"
    try:
        assert fields.name(text) == text
        assert allowed
    except ValueError:
        assert not allowed


@given(st.text(max_size=20))
def test_a_memory_id_can_never_lead_out_of_its_folder(text: str) -> None:
    if fields.is_memory_id(text):
        assert set(text) <= set(string.ascii_letters + string.digits + "-_")


def test_an_envelope_is_plain_json_whatever_the_text() -> None:
    info = ResultInfo(index=IndexState(generation=1, lag_ms=0, degraded=[]))
    value = envelope.success({"a": "ä\udc80\n"}, info=info, notes=["degraded: no model"])
    assert json.loads(envelope.encode(value)) == value


def test_an_envelope_never_says_nan() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        envelope.encode(envelope.success(float("nan")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("git fetch failed in /home/ines/.local/share/sidecar/local/web: no", "git fetch failed in …/web: no"),
        ("'/a/b/c.db' and /d/e/", "'…/c.db' and …/"),
        ("see https://example.org/a/b/c", "see https://example.org/a/b/c"),
        ("facts/web/a.md or and/or", "facts/web/a.md or and/or"),
        ("/v1 is short", "/v1 is short"),
    ],
)
def test_folders_are_cut_out_of_texts(text: str, expected: str) -> None:
    assert envelope.without_folders(text) == expected


def test_only_faults_of_ours_lose_their_folders() -> None:
    fault = envelope.failure(GitFailed(command="fetch", folder="/home/ines/store/web", stderr="no"))
    assert "/home" not in fault["errors"][0]["message"]
    asked = envelope.failure(NotFound(what="/home/ines/web"))
    assert "/home/ines/web" in asked["errors"][0]["message"]
    assert envelope.failure(SidecarError(detail="x"))["errors"][0]["code"] == 1000
