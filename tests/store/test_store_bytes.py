"""What a person wrote survives each of our writes byte for byte, but for the lines of the keys that we change."""

from __future__ import annotations

import re
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_kit import CONTEXT, Kit

from sidecar.frontmatter import Document, parse
from sidecar.frontmatter.document import KINDS
from sidecar.model import Revise, Status, Supersede

BY_HAND = """\
---
# what the team agreed on
type:   fact      # keep the spaces
mood: {good: [yes, no], "why": 'because'}
key: 'web/port'
summary: "The port, as of
  the last move"
tags:
  # by topic
  - net

  - ops   # and people
x-note: |
    literal
      lines

    # no comment
priority: !!int 3
pinned: yes
---


# The port

It is   4480.\t
\tAnd   so on.

"""

ODD = {
    "as people write": BY_HAND,
    "windows": BY_HAND.replace("\n", "\r\n"),
    "with a mark": "\ufeff" + BY_HAND,
    "body only": "Just words.\n\n---\n\nand a rule\n",
    "no last newline": "---\ntype: fact\n---\nwords",
    "empty front matter": "---\n---\nwords\n",
    "only a comment": "---\n# nothing yet\n---\nwords\n",
    "indented": "---\n  type: fact\n  mine: 1\n---\nwords\n",
    "odd order": "---\ntags: [a]\nsource: {mood: [x], origin: hand}\nzzz: 1\nsummary: one\nkey: a/b\n---\nwords\n",
    "anchors": "---\nbase: &b {x: 1}\nuse: *b\nsummary: one\n---\nwords\n",
    "dashes in the body": "---\ntype: fact\n---\n---\nnot: front matter\n---\n",
    "unicode": "---\nsummary: 日本語 é\u2028 x\nメモ: はい\n---\n覚え書き\u0085\n",
    "trailing spaces": "---  \ntype: fact  \nmine:   \n--- \nwords  \n",
}

WRITES = ("forget", "restore", "pin", "supersede", "key", "edited", "reword")


def forget(kit: Kit, stored):
    kit.profile.forget(stored.memory.id, "no longer: true # not", CONTEXT)


def restore(kit: Kit, stored):
    kit.profile.restore(stored.memory.id, CONTEXT)


def pin(kit: Kit, stored):
    kit.profile.apply([Revise(stored, {"pinned": not stored.memory.pinned, "tags": ("a", "b: c")}, "why")], CONTEXT)


def supersede(kit: Kit, stored):
    kit.profile.apply([Supersede(stored, "01M7WTWTW08H7W2R5T6Y5XK2QC", kit.now, "newer")], CONTEXT)


def key(kit: Kit, stored):
    kit.profile.apply([Revise(stored, {"key": "other/key", "summary": "a: new # one"}, "why")], CONTEXT)


def edited(kit: Kit, stored):
    kit.profile.apply([Revise(stored, {"edited": kit.now, "source": stored.memory.source}, "why")], CONTEXT)


def reword(kit: Kit, stored):
    kit.profile.apply([Revise(stored, {"content": f"{stored.memory.content}\n\nOne more line."}, "why")], CONTEXT)


ACTIONS = {action.__name__: action for action in (forget, restore, pin, supersede, key, edited, reword)}


def foreign(data: bytes) -> tuple[list[str], str, list[str]]:
    """What is not ours in a file: the texts of unknown keys in their order, the body, and the comments."""
    document = parse(data)
    assert isinstance(document, Document), document
    front = document.text[: document.body_start]
    unknown = [front[name.start : value.last.end] for word, name, value in document.entries if word not in KINDS]
    comments = re.findall(r"^[ \t]*#.*$|(?<=[ \t])# (?:keep|and)[^\r\n]*", front, re.MULTILINE)
    return unknown, document.body, comments


def changed_lines(before: bytes, after: bytes) -> set[str]:
    """The first words of the lines that are in one of the two files alone."""
    old, new = (data.decode().splitlines(keepends=True) for data in (before, after))
    return {line.split(":")[0].strip().strip("\"'\ufeff") for line in set(old) ^ set(new)}


@pytest.fixture
def fresh():
    folder = Path(tempfile.mkdtemp())
    yield Kit(folder / "store")
    shutil.rmtree(folder)


def run(kit: Kit, text: str, actions: list[str]) -> None:
    """Write a file by hand, let it be taken in, do things to it, and look at it after each of them."""
    path = kit.write("facts/mine.md", text)
    kit.cycle()
    (stored,) = kit.profile.memories()
    unknown, body, comments = foreign(path.read_bytes())
    assert body == parse(text.encode()).body
    assert unknown == foreign(text.encode())[0]
    for name in actions:
        now = kit.profile.get(stored.memory.id)
        before = (kit.folder / now.path).read_bytes()
        kit.now += timedelta(seconds=1)
        ACTIONS[name](kit, now)
        kit.cycle()
        now = kit.profile.get(stored.memory.id)
        after = (kit.folder / now.path).read_bytes()
        seen = foreign(after)
        assert seen[0] == unknown
        assert [one for one in comments if one not in seen[2] and "by topic" not in one and "people" not in one] == []
        assert after.startswith(b"\xef\xbb\xbf") == text.startswith("\ufeff")
        assert (b"\r\n" in after) == ("\r\n" in text)
        assert b"\r\r" not in after
        if name == "reword":
            assert now.memory.content.replace("\r\n", "\n").endswith("One more line.")
            body = seen[1]
        assert seen[1] == body
        if name in ("forget", "restore", "supersede", "edited"):
            own = {"status", "reason", "superseded_by", "valid_until", "edited"}
            assert changed_lines(before, after) <= own
    assert kit.git("status", "--porcelain") == ""


@pytest.mark.parametrize("name", sorted(ODD))
def test_an_odd_file_survives_everything_that_we_do_to_it(fresh, name) -> None:
    run(fresh, ODD[name], ["pin", "edited", "forget", "restore", "key", "supersede", "restore", "reword", "pin"])


spaces = st.sampled_from(["", " ", "   ", "\t"])
comments = st.sampled_from(["", "# a note\n", "\n", "# keep: this\n\n"])
plain = st.from_regex(r"\A[a-z]{1,8}( [a-z0-9]{1,6}){0,4}\Z")
foreign_values = st.one_of(
    plain,
    plain.map(lambda text: f'"{text}"'),
    st.lists(plain, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
    st.lists(plain, min_size=1, max_size=3).map(lambda items: "".join(f"\n  - {item}" for item in items)),
    st.lists(plain, min_size=1, max_size=3).map(lambda items: "|\n" + "\n".join(f"    {item}" for item in items)),
    st.just("{a: 1, b: [x, y]}"),
    st.just(""),
)
own_lines = st.sampled_from(
    ["summary: one # keep me", "summary: 'it''s'", "type: fact", "type:   instruction", "key: a/b", "tags: [x]",
     "tags:\n  - x\n  - y", "pinned: true", "keywords: one", "occurred: 2026-03-01", "queries:\n- why?\n- when?"]
)  # fmt: skip
foreign_lines = st.tuples(st.from_regex(r"\A[a-zA-Z][a-z_-]{0,5}[0-9]\Z"), spaces, foreign_values).map(
    lambda parts: f"{parts[0]}: {parts[1].replace(chr(9), ' ')}{parts[2]}"
)
files = st.tuples(
    st.lists(st.tuples(comments, own_lines | foreign_lines), max_size=7, unique_by=lambda pair: pair[1].split(":")[0]),
    st.lists(
        plain | st.sampled_from(["", "---", "# head", "- item", "    code", "é 日本 👩‍👩‍👧"]), min_size=1, max_size=5
    ),
    st.booleans(),
    st.booleans(),
)


@given(files, st.lists(st.sampled_from([name for name in WRITES if name != "restore"]), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_generated_files_survive_everything_that_we_do_to_them(parts, actions) -> None:
    lines, words, windows, mark = parts
    front = "".join(f"{comment}{line}\n" for comment, line in lines)
    text = "\ufeff" * mark + f"---\n{front}---\n" + "\n".join(["Words.", *words]) + "\n"
    folder = Path(tempfile.mkdtemp())
    try:
        run(Kit(folder / "store"), text.replace("\n", "\r\n") if windows else text, actions)
    finally:
        shutil.rmtree(folder)


def test_a_write_of_ours_changes_exactly_the_lines_of_its_keys(fresh) -> None:
    path = fresh.write("facts/mine.md", BY_HAND)
    fresh.cycle()
    taken_in = path.read_text()
    added = [line for line in taken_in.splitlines() if line not in BY_HAND.splitlines()]
    assert [line.split(":")[0] for line in added] == ["id", "created", "observed", "source"]
    assert "".join(line for line in taken_in.splitlines(keepends=True) if line.rstrip("\n") not in added) == BY_HAND
    (stored,) = fresh.profile.memories()
    fresh.profile.forget(stored.memory.id, "moved", CONTEXT)
    forgotten = (fresh.folder / "archive/facts/mine.md").read_text()
    assert forgotten.replace("status: forgotten\n", "").replace("reason: moved\n", "") == taken_in
    assert fresh.profile.get(stored.memory.id).memory.status is Status.FORGOTTEN
