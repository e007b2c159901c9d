"""Our entry in YAML: everything else stays byte for byte, and says what it said."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from sidecar.errors import SettingsTaken, SettingsUnclear
from sidecar.install.program import is_our_server
from sidecar.install.yamledit import Entry, with_entry, without_entry


def is_ours(found: object) -> bool:
    return isinstance(found, dict) and is_our_server(found.get("cmd"), found.get("args"))


def entry(command: str = "/opt/my tools/sidecar") -> Entry:
    return Entry(
        "extensions", "sidecar", {"name": "sidecar", "cmd": command, "args": ["mcp"], "enabled": True}, is_ours
    )


OURS = {"name": "sidecar", "cmd": "/opt/my tools/sidecar", "args": ["mcp"], "enabled": True}


@st.composite
def files(draw: st.DrawFn) -> str:
    """Settings with and without the parent, in all the ways in which it can be empty, full or indented."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    before = draw(
        st.lists(st.sampled_from(["# remark", "", "a: 1", "b: [x, 'y']", 'c: "é # no"']), max_size=4, unique=True)
    )
    behind = draw(
        st.lists(st.sampled_from(["# end", "", "d: {x: 1}", "e:", "f: |", "  text"]), max_size=3, unique=True)
    )
    indent = draw(st.sampled_from(["  ", "    "]))
    child = [f"{indent}web: {{a: b}}  # why", f"{indent}# inside", f"{indent}dev:", f"{indent}{indent}on: yes", ""]
    parents = [[], ["extensions: {}"], ["extensions:"], ["extensions: ~ # none"], ["extensions:   # all", *child]]
    if "  text" in behind and "f: |" not in behind:
        behind.remove("  text")
    elif "  text" in behind:
        behind = ["f: |", "  text"]
    lines = [*before, *draw(st.sampled_from(parents)), *behind]
    return newline.join(lines) + draw(st.sampled_from(["", newline]))


@given(files())
def test_in_and_out_again(text: str) -> None:
    assume(not text.endswith("  text"))  # a block at the very end has a line end more once something follows
    inside, made = with_entry(text, entry())
    said = yaml.safe_load(text) or {}
    now = yaml.safe_load(inside)
    assert now["extensions"] == {**(said.get("extensions") or {}), "sidecar": OURS}
    assert {key: value for key, value in now.items() if key != "extensions"} == {
        key: value for key, value in said.items() if key != "extensions"
    }
    assert with_entry(inside, entry()) == (inside, False)
    left = without_entry(inside, entry(), made=made)
    assert (yaml.safe_load(left) or {}) == {
        **said,
        **({"extensions": {}} if "extensions" in said and not said["extensions"] else {}),
    }
    if made:
        assert left in (text, f"{text}\n", f"{text}\r\n")
    elif said["extensions"]:
        assert left == text
    assert without_entry(text, entry(), made=False) == text


def test_a_newer_program_takes_the_old_ones_place_and_what_the_agent_added_stays() -> None:
    text = "extensions:\n  a: {b: c}\n"
    inside, _ = with_entry(text, entry("/old/sidecar"))
    newer, _ = with_entry(inside, entry())
    assert yaml.safe_load(newer)["extensions"] == {"a": {"b": "c"}, "sidecar": OURS}
    rewritten = yaml.safe_dump({"extensions": {"sidecar": {**OURS, "bundled": None, "description": ""}}})
    assert with_entry(rewritten, entry()) == (rewritten, False)
    assert yaml.safe_load(without_entry(rewritten, entry(), made=False)) == {"extensions": {}}


@pytest.mark.parametrize(
    "text",
    [
        "a: [1",
        "- a\n- b\n",
        "extensions: {a: {b: c}}\n",
        "extensions: [a]\n",
        "extensions: text\n",
        "{extensions: {}}\n",
        "a: 1\n---\nb: 2\n",
        "\tx: 1\n",
        "just words\n",
        "a: |\n  a block without a line end",
    ],
)
def test_what_has_no_room_for_an_entry_is_refused(text: str) -> None:
    with pytest.raises(SettingsUnclear):
        with_entry(text, entry())


def test_an_entry_of_somebody_else_is_refused_and_stays() -> None:
    text = "extensions:\n  sidecar:\n    cmd: docker\n    args: [run, sidecar]\n"
    with pytest.raises(SettingsTaken, match=r"extensions\.sidecar"):
        with_entry(text, entry())
    assert without_entry(text, entry(), made=True) == text
