"""Editing JSON with comments as text: in and out again leaves every byte, and only what is ours moves."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import SettingsTaken, SettingsUnclear
from sidecar.install.jsonc import Document
from sidecar.install.jsonedit import Part, is_empty, with_parts, without_parts


def is_server(value: object) -> bool:
    return isinstance(value, dict) and value.get("args") == ["mcp"]


def is_hook(value: object) -> bool:
    return "sidecar hook" in json.dumps(value)


HOOK = {"hooks": [{"type": "command", "command": "sidecar hook Stop --agent a", "timeout": 5}]}
PARTS = (
    Part(("servers", "sidecar"), is_server, {"command": "/x/sidecar", "args": ["mcp"]}),
    Part(("hooks", "Stop"), is_hook, items=[HOOK]),
)

BLANKS = st.sampled_from(
    ["", " ", "\n", "\n  ", "\t", "\r\n", " // a remark\n", " /* one */ ", '\n/* two\n lines, {[" */\n']
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.floats(allow_nan=False, allow_infinity=False)
)
KEYS = st.one_of(st.sampled_from(["hooks", "servers", "Stop", "sidecar2", "a", 'é"\\']), st.text(max_size=4))


@st.composite
def written(draw: st.DrawFn, depth: int = 3) -> str:
    """A value as somebody might write it: with any blanks and comments, and with trailing commas."""
    kind = draw(st.sampled_from(["scalar", "array", "object"])) if depth else "scalar"
    if kind == "scalar":
        return json.dumps(draw(SCALARS), ensure_ascii=draw(st.booleans()))
    entries = []
    for key in draw(st.lists(KEYS, max_size=3, unique=True)):
        name = f"{json.dumps(key)}{draw(BLANKS)}:{draw(BLANKS)}" if kind == "object" else ""
        entries.append(f"{draw(BLANKS)}{name}{draw(written(depth - 1))}{draw(BLANKS)}")
    trailing = "," if entries and draw(st.booleans()) else ""
    opening, closing = "{}" if kind == "object" else "[]"
    return f"{opening}{','.join(entries)}{trailing}{draw(BLANKS)}{closing}"


@st.composite
def files(draw: st.DrawFn) -> str:
    """A settings file whose places for our parts, if they are there, are of the right kind."""
    members = [
        f"{json.dumps(key)}: {draw(written(2))}"
        for key in draw(st.lists(st.sampled_from("abcdef"), max_size=3, unique=True))
    ]
    if draw(st.booleans()):
        members.append(f'"servers": {{{draw(BLANKS)}"x": {draw(written(1))}{draw(BLANKS)}}}')
    if draw(st.booleans()):
        inside = ",".join(draw(st.lists(written(1), max_size=2)))
        members.append(f'"hooks":{draw(BLANKS)}{{"Start": [1], "Stop": [{inside}{draw(BLANKS) if inside else ""}]}}')
    members = draw(st.permutations(members))
    gap = draw(BLANKS)
    trailing = "," if members and draw(st.booleans()) else ""
    body = f",{gap}".join(members)
    inner = draw(BLANKS) if members else ""
    return f"{draw(st.sampled_from(['', '﻿']))}{draw(BLANKS)}{{{inner}{body}{trailing}{inner}}}{draw(BLANKS)}"


def plain(text: str) -> object:
    document = Document(text)
    return None if document.root is None else document.value(document.root)


@given(files())
def test_in_and_out_again_leaves_every_byte(text: str) -> None:
    done = with_parts(text, PARTS)
    assert without_parts(done.text, PARTS, done.made) == text


@given(files())
def test_again_changes_nothing_and_everything_else_says_what_it_said(text: str) -> None:
    done = with_parts(text, PARTS)
    again = with_parts(done.text, PARTS)
    assert again.text == done.text
    expected = plain(text)
    assert isinstance(expected, dict)
    expected.setdefault("servers", {})["sidecar"] = PARTS[0].value
    expected.setdefault("hooks", {}).setdefault("Stop", []).append(HOOK)
    assert plain(done.text) == expected


@given(files())
def test_every_comment_stays(text: str) -> None:
    remark = re.compile(r"// a remark|/\* one \*/|/\* two\n lines, \{\[\" \*/")
    assert remark.findall(with_parts(text, PARTS).text) == remark.findall(text)


@given(st.text(max_size=60))
def test_any_text_is_edited_or_refused(text: str) -> None:
    try:
        done = with_parts(text, PARTS)
    except (SettingsUnclear, SettingsTaken):
        return
    assert plain(done.text)


@given(written())
def test_it_reads_what_json_says(text: str) -> None:
    bare = re.sub(r"// a remark\n|/\* one \*/|/\* two\n lines, \{\[\" \*/", " ", text)
    string_or_comma = r'"(?:[^"\\]|\\.)*"|,(?=\s*[\]}])'  # a comma within a string stays
    without_commas = re.sub(string_or_comma, lambda found: found[0] if found[0] != "," else "", bare)
    assert plain(text) == json.loads(without_commas)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{", 1),
        ('{"a": 1,\n "b" 2}', 2),
        ('{"a": [1, 2}', 1),
        ("{'a': 1}", 1),
        ('{"a": tru}', 1),
        ('{"a": 1} x', 1),
        ('{"a": 1\n\n "b": 2}', 3),
        ('{"a": "\n"}', 1),
        ("{,}", 1),
        ("[" * 500, 1),
        ("/* never closed", 1),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(SettingsUnclear, match=rf"\(line {line}: "):
        with_parts(text, PARTS)


@pytest.mark.parametrize(
    "text", ["[]", "1", '"x"', '{"servers": []}', '{"servers": 1}', '{"hooks": {"Stop": {}}}', '{"hooks": 3}']
)
def test_a_file_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(SettingsUnclear):
        with_parts(text, PARTS)


def test_a_key_of_somebody_else_is_refused() -> None:
    with pytest.raises(SettingsTaken, match=r"servers\.sidecar"):
        with_parts('{"servers": {"sidecar": {"command": "docker", "args": ["run"]}}}', PARTS)


def test_an_older_part_of_ours_is_replaced() -> None:
    old = '{"servers": {"sidecar": {"command": "/old/sidecar", "args": ["mcp"]}, "x": 1}}'
    done = with_parts(old, PARTS[:1])
    assert plain(done.text) == {"servers": {"x": 1, "sidecar": PARTS[0].value}}


def test_of_a_group_with_hooks_of_others_only_ours_goes() -> None:
    theirs = {"type": "command", "command": "say done"}
    text = json.dumps({"hooks": {"Stop": [{"matcher": "*", "hooks": [theirs, *HOOK["hooks"]]}]}}, indent=2)
    assert plain(without_parts(text, PARTS, ())) == {"hooks": {"Stop": [{"matcher": "*", "hooks": [theirs]}]}}


def test_what_others_have_added_since_stays() -> None:
    done = with_parts('{\n  "a": 1\n}\n', PARTS)
    changed = done.text.replace('"Stop": [', '"Start": [],\n    "Stop": [').replace('"a": 1', '"a": 2')
    left = without_parts(changed, PARTS, done.made)
    assert plain(left) == {"a": 2, "hooks": {"Start": []}}


def test_an_object_that_was_there_before_stays_though_it_is_empty() -> None:
    done = with_parts('{"servers": {}, "hooks": {"Stop": []}}', PARTS)
    assert done.made == frozenset()
    assert plain(without_parts(done.text, PARTS, done.made)) == {"servers": {}, "hooks": {"Stop": []}}


@pytest.mark.parametrize(
    ("text", "empty"), [("", True), ("{}", True), (" // x\n", True), ('{"a": 1}', False), ("[]", False)]
)
def test_whether_a_file_says_nothing(text: str, empty: bool) -> None:
    assert is_empty(text) is empty


def test_the_style_of_the_file_is_kept() -> None:
    tabs = with_parts('{\n\t"a": 1\n}\n', PARTS[:1]).text
    assert '\n\t"servers": {\n\t\t"sidecar": {\n\t\t\t"command"' in tabs
    crlf = with_parts('{\r\n    "a": 1\r\n}\r\n', PARTS[:1]).text
    assert crlf.count("\n") == crlf.count("\r\n")
    assert '\r\n    "servers": {\r\n        "sidecar"' in crlf
    assert "\n" not in with_parts('{"a": 1}', PARTS).text
