"""One delimited block in TOML and Markdown."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import SettingsTaken, SettingsUnclear
from sidecar.install.blocks import MARKDOWN, TOML, with_toml
from sidecar.install.program import Program
from sidecar.install.targets import codex_server

BODY = codex_server(Program(("/opt/my tools/sidecar",)))
TABLE = ("mcp_servers", "sidecar")
LINES = st.lists(st.sampled_from(["", "text", "# remark", "x = 1", "  ", "<!-- other:start -->", "- é"]), max_size=6)


@st.composite
def texts(draw: st.DrawFn) -> str:
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return newline.join(draw(LINES)) + draw(st.sampled_from(["", newline, newline * 2]))


@given(texts(), st.sampled_from([TOML, MARKDOWN]))
def test_in_and_out_again_leaves_every_byte(text: str, block) -> None:
    inside = block.inserted(text, " (a note)", "one\n\ntwo")
    assert inside != text
    assert block.inserted(inside, " (a note)", "one\n\ntwo") == inside
    assert block.removed(inside) == text
    assert block.removed(text) == text


@given(texts(), texts(), st.sampled_from([TOML, MARKDOWN]))
def test_what_was_written_behind_it_stays(before: str, behind: str, block) -> None:
    inside = block.inserted(before, "", "body")
    inside += behind if inside.endswith("\n") else f"\n{behind}"
    left = block.removed(inside)
    assert "body" not in left
    assert [line for line in left.splitlines() if line.strip()] == [
        line for line in (before + "\n" + behind).splitlines() if line.strip()
    ]


def test_a_newer_body_takes_the_old_ones_place() -> None:
    text = MARKDOWN.inserted("# Title\n", "", "old") + "\nMore.\n"
    assert MARKDOWN.inserted(text, " v2", "new\nlonger") == (
        "# Title\n\n<!-- sidecar:start v2 -->\nnew\nlonger\n<!-- sidecar:end -->\n\nMore.\n"
    )


def test_toml_says_what_it_said_and_ours() -> None:
    before = 'model = "m" # best\n\n[features]\nhooks = true\n\n[mcp_servers.docs]\ncommand = "npx"\n'
    after = with_toml(before, "", BODY, TABLE)
    assert after.startswith(before)
    found = tomllib.loads(after)
    assert found["mcp_servers"].keys() == {"docs", "sidecar"}
    assert found["mcp_servers"]["sidecar"]["command"] == "/opt/my tools/sidecar"
    assert found["features"] == {"hooks": True}
    assert with_toml(after, "", BODY, TABLE) == after


@pytest.mark.parametrize(
    "text",
    ['model = "m', "a = 1\na = 2\n", 'mcp_servers = { docs = { command = "x" } }\n', "mcp_servers = 3\n"],
)
def test_toml_that_is_none_or_has_no_room_for_a_table_is_refused(text: str) -> None:
    with pytest.raises(SettingsUnclear):
        with_toml(text, "", BODY, TABLE)


def test_a_table_of_somebody_else_is_refused() -> None:
    with pytest.raises(SettingsTaken, match=r"mcp_servers\.sidecar"):
        with_toml('[mcp_servers.sidecar]\ncommand = "docker"\n', "", BODY, TABLE)
