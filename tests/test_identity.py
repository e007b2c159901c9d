"""The same words at the same moment are the same memory anywhere."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from sidecar.identity import content_hash, encodable, is_memory_id, memory_id, normalized, normalized_key
from sidecar.model import MemoryType

OBSERVED = datetime(2026, 11, 20, 15, 58, 40, tzinfo=UTC)
moments = st.integers(min_value=0, max_value=250_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))


def test_known_values_never_change() -> None:
    assert memory_id(MemoryType.FACT, "Use pnpm.", OBSERVED) == "01M7WTWTW0" + _tail(MemoryType.FACT, "Use pnpm.")
    assert content_hash(MemoryType.FACT, "x") == "0aa86cbc1a684d98b92c68f83e299b225aa71578617b3a9c84c360672c970dd8"


def _tail(memory_type: MemoryType, content: str) -> str:
    number, text = int(content_hash(memory_type, content)[:20], 16), ""
    for _ in range(16):
        number, digit = divmod(number, 32)
        text = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[digit] + text
    return text


def test_white_space_normal_form_fractions_and_zones_do_not_count() -> None:
    first = memory_id(MemoryType.FACT, "Caf\u00e9  au\nlait ", OBSERVED)
    second = OBSERVED.astimezone(timezone(timedelta(hours=2))) + timedelta(microseconds=5)
    assert memory_id(MemoryType.FACT, " Cafe\u0301 au\u00a0lait", second) == first
    assert memory_id(MemoryType.TASK, "Caf\u00e9 au lait", OBSERVED) != first
    assert memory_id(MemoryType.FACT, "caf\u00e9 au lait", OBSERVED) != first


@given(st.sampled_from(MemoryType), st.text(), moments, moments)
def test_ids_are_valid_and_sort_by_time(memory_type, content, one, other) -> None:
    first, second = memory_id(memory_type, content, one), memory_id(memory_type, content, other)
    assert is_memory_id(first)
    assert (first < second) == (int(one.timestamp()) < int(other.timestamp()))


@given(st.text())
def test_normalizing_is_idempotent(text) -> None:
    assert normalized(normalized(text)) == normalized(text)
    assert encodable(encodable(text)) == encodable(text)
    assert normalized_key(normalized_key(text)) == normalized_key(text)


def test_keys() -> None:
    assert normalized_key(" Web Package/--Manager-/ ") == "web-package/manager"
    assert normalized_key("Größe//ß") == "gro-e"
    assert normalized_key("日本") == ""
    assert not is_memory_id("01m7wtwtw08h7w2r5t6y5xk2qc")
    assert not is_memory_id("81M7WTWTW08H7W2R5T6Y5XK2QC")
