"""What readers see of a table to which much is added: the same as of one that was made anew, in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.store.snapshot import Layered

_NAMES = st.text("abc", min_size=1, max_size=3)


@given(base=st.dictionaries(_NAMES, st.integers()), over=st.dictionaries(_NAMES, st.none() | st.integers()))
def test_a_layered_table_is_the_table_with_its_changes(base: dict[str, int], over: dict[str, int | None]) -> None:
    whole = {name: value for name, value in {**base, **over}.items() if value is not None}
    layered = Layered(base, over)  # type: ignore[arg-type] - whatever it holds
    assert dict(layered) == whole
    assert len(layered) == len(whole)
    assert bool(layered) is bool(whole)
    assert list(layered.in_order().items()) == sorted(whole.items())
