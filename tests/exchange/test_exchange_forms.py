"""What is read in the files of other programs, and what is left out of them, line by line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.exchange import Found, gathered, prose, read
from sidecar.model import MemoryType

NOTE = """\
---
title: Coffee Brewing Methods
type: note
tags: [coffee, brewing]
permalink: kitchen/coffee-brewing-methods
status: draft
modified: 2026-03-04T05:06:07
---
# Coffee Brewing Methods

Everything that was tried in the kitchen, see [[Tea Brewing Methods]].

## Observations
- [method] Pour over gives more clarity than a press #taste
- [rule] Never grind more than a day before (it goes stale)
- [ ] buy filters
- [00:12] a time code, as in a transcript

```markdown
- [method] an example in a block of code
```

## Relations
- requires [[Proper Grinding Technique]]
- contrasts_with [[Tea Brewing Methods]] (another kitchen)
"""


def found(tmp_path: Path, name: str, text: str, form: str | None = None, **options: object) -> Found:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return read(path, form, **options)


def test_a_note_of_basic_memory_is_its_observations_and_the_rest(tmp_path: Path) -> None:
    note = found(tmp_path, "coffee.md", NOTE)
    assert note.form == "basic-memory"
    first, second, rest = note.statements
    assert first.content == "Pour over gives more clarity than a press #taste"
    assert (first.type, first.line, first.tags) == (MemoryType.FACT, 14, ("coffee", "brewing", "taste"))
    assert first.keywords == ("Coffee Brewing Methods", "method")
    assert (second.type, second.content) == (
        MemoryType.INSTRUCTION,
        "Never grind more than a day before (it goes stale)",
    )
    assert (rest.summary, rest.key) == ("Coffee Brewing Methods", "kitchen/coffee-brewing-methods")
    for kept in ("- [ ] buy filters", "- [00:12] a time", "an example in a block", "- requires [[Proper Grinding"):
        assert kept in rest.content
    assert "Pour over" not in rest.content
    assert {one.observed.isoformat() for one in note.statements} == {"2026-03-04T05:06:07+00:00"}
    assert len({one.record for one in note.statements}) == 3
    assert [(left.what, left.why) for left in note.left] == [("status: draft", "a memory has no such key")]


def test_a_note_that_says_nothing_and_one_that_is_broken_are_told(tmp_path: Path) -> None:
    empty = found(tmp_path, "e.md", "---\ntitle: Empty\ntype: note\npermalink: e\n---\n# Empty\n\n## Observations\n")
    assert (empty.statements, [left.what for left in empty.left]) == ((), ["Empty"])
    broken = found(tmp_path, "b.md", "---\ntitle: [x\npermalink: b\n---\ntext\n", "basic-memory")
    assert broken.statements == ()
    assert broken.left[0].line is not None


TOPIC = """\
---
name: feedback-testing
description: "Tests hit a real database, never mocks"
metadata:
  node_type: memory
  type: feedback
  originSessionId: 5da15695-411e
  modified: 2026-06-07T08:09:10.123Z
  author: opus
---

Integration tests must hit a real database.

**Why:** a mock hid a broken migration.  See [[user-role]].
"""


def test_a_topic_file_of_claude_code_is_one_memory_under_its_name(tmp_path: Path) -> None:
    topic = found(tmp_path, "memory/feedback_testing.md", TOPIC)
    (one,) = topic.statements
    assert (topic.form, one.type, one.speaker) == ("claude", MemoryType.INSTRUCTION, "assistant")
    assert (one.summary, one.key) == ("Tests hit a real database, never mocks", "claude/feedback-testing")
    assert one.content.startswith("Integration tests must hit")
    assert one.content.endswith("See [[user-role]].")
    assert (one.session, one.observed.isoformat()) == ("5da15695-411e", "2026-06-07T08:09:10+00:00")
    assert [left.what for left in topic.left] == ["metadata.author: opus"]


def test_the_older_front_matter_of_a_topic_file_is_understood_too(tmp_path: Path) -> None:
    text = "---\nname: Who I am\ndescription: d\ntype: user\n---\nInes writes Go.\n"
    (one,) = found(tmp_path, "user_role.md", text).statements
    assert (one.key, one.type, one.content) == ("claude/who-i-am", MemoryType.FACT, "Ines writes Go.")


def test_an_index_of_claude_codes_memory_is_no_memory_but_what_stands_beside_the_pointers_is(tmp_path: Path) -> None:
    text = "# Memory\n\n- [Testing](feedback_testing.md) — real database\n\n## Build\n\n- Run `make all` first\n"
    index = found(tmp_path, "memory/MEMORY.md", text)
    assert [(one.content, one.keywords, one.line) for one in index.statements] == [
        ("Run `make all` first", ("Memory", "Build"), 7)
    ]
    assert [(left.line, left.why) for left in index.left] == [(3, "it only points to feedback_testing.md")]
    loose = found(tmp_path, "memory/debugging.md", "Ports leak when the harness is killed.\n")
    assert [one.speaker for one in loose.statements] == ["assistant"]


CLAUDE = """\
# Web

@docs/style.md
<!-- for people only -->

## Commands

Run these before a commit:

- `make lint`
- `make test`

## Rules

1. Never edit
   generated files.
   - not even their comments

2. Use pnpm.

Deploys go like this:

```sh
make build

make ship
```

The end.
"""


def test_what_people_wrote_for_claude_code_is_taken_apart_so_that_each_part_stands_alone(tmp_path: Path) -> None:
    told = found(tmp_path, "CLAUDE.md", CLAUDE)
    assert [one.content for one in told.statements] == [
        "Run these before a commit:\n- `make lint`\n- `make test`",
        "Never edit\ngenerated files.\n- not even their comments",
        "Use pnpm.",
        "Deploys go like this:\n```sh\nmake build\n\nmake ship\n```",
        "The end.",
    ]
    assert {(one.type, one.speaker) for one in told.statements} == {(MemoryType.INSTRUCTION, "user")}
    assert [(left.line, left.what) for left in told.left] == [(3, "@docs/style.md")]
    assert not any(one.everywhere for one in told.statements)
    home = tmp_path / "claude-home"
    mine = found(home, "CLAUDE.md", "Answer briefly.\n", claude_home=home)
    assert [one.everywhere for one in mine.statements] == [True]


MEM0 = {
    "count": 4,
    "results": [
        {
            "id": "m-1",
            "memory": "Prefers morning meetings",
            "hash": "ab",
            "user_id": "ines",
            "run_id": "r-7",
            "metadata": {"category": "preference", "region": "north"},
            "categories": ["work", "preference"],
            "created_at": "2025-01-02T03:04:05.678-08:00",
            "updated_at": None,
            "expiration_date": "2027-01-01",
        },
        {"id": "m-2", "memory": "", "created_at": "2025-01-02T03:04:05Z"},
        {"id": "m-3", "content": "Old", "state": "deleted"},
        7,
    ],
}


def test_what_mem0_returns_is_one_memory_each(tmp_path: Path) -> None:
    told = found(tmp_path, "export.json", json.dumps(MEM0))
    (one,) = told.statements
    assert (told.form, one.record, one.content, one.session) == ("mem0", "m-1", "Prefers morning meetings", "r-7")
    assert one.observed.isoformat() == "2025-01-02T11:04:05+00:00"
    assert set(one.tags) == {"work", "preference"}
    assert [left.what for left in told.left] == [
        "memory 1: expiration_date: 2027-01-01",
        "memory 1: metadata.region: north",
        "memory 2",
        "memory 3: Old",
        "memory 4",
    ]


@pytest.mark.parametrize("wrap", [lambda items: items, lambda items: {"memories": items}])
def test_mem0s_other_shapes(tmp_path: Path, wrap: object) -> None:
    items = [{"id": "a", "text": "One"}, {"id": "b", "data": "Two"}]
    assert [one.content for one in found(tmp_path, "a.json", json.dumps(wrap(items))).statements] == ["One", "Two"]
    lines = "\n".join(map(json.dumps, items)) + "\nno json\n"
    told = found(tmp_path, "a.jsonl", lines, "mem0")
    assert [(one.content, one.line) for one in told.statements] == [("One", 1), ("Two", 2)]
    assert [left.line for left in told.left] == [3]


def test_a_byte_order_mark_before_mem0s_json_does_not_hide_it(tmp_path: Path) -> None:
    told = found(tmp_path, "a.json", "\ufeff" + json.dumps([{"id": "a", "memory": "One"}]))
    assert ([one.content for one in told.statements], told.left) == (["One"], ())


def test_what_stands_beside_mem0s_memories_and_times_that_are_none_are_told(tmp_path: Path) -> None:
    items = [
        {"id": "a", "memory": "One", "created_at": 1_700_000_000, "metadata": "odd"},
        {"id": "b", "memory": "Two", "created_at": 1_700_000_000_000},
        {"id": "c", "memory": "Three", "updated_at": "yesterday", "created_at": "2023-11-14T22:13:20Z"},
    ]
    graph = [{"source": "ines", "relationship": "likes", "target": "tea"}, {"source": "tea"}]
    told = found(tmp_path, "a.json", json.dumps({"results": items, "relations": graph, "count": 9, "next": "page-2"}))
    assert [one.observed.isoformat() for one in told.statements] == ["2023-11-14T22:13:20+00:00"] * 3
    assert [(left.what.partition(":")[0], left.why) for left in told.left] == [
        ("relations", "it is no memory"),
        ("relations", "it is no memory"),
        ("next", "there are more memories"),
        ("memory 1", "a memory has no such key"),
        ("memory 3", "it is no time that is understood"),
    ]
    assert [left.why for left in found(tmp_path, "b.json", " \n").left] == ["it is empty"]


def test_a_time_of_a_note_that_is_none_is_told(tmp_path: Path) -> None:
    told = found(tmp_path, "a.md", "---\ntitle: Tea\ntype: note\ncreated: yesterday\n---\nGreen.\n")
    assert [(left.what, left.why) for left in told.left] == [("created: yesterday", "it is no time that is understood")]


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert found(tmp_path, "schema.json", '{"name": "Ines"}').left[0].why.startswith("it is no list of memories")
    assert "no form" in found(tmp_path, "readme.md", "# Hello\n").left[0].why
    (tmp_path / "latin.md").write_bytes(b"caf\xe9")
    assert read(tmp_path / "latin.md", "basic-memory").left[0].why == "it is not UTF-8"
    assert read(tmp_path / "gone.md", "claude").left[0].why == "it is not there"
    (tmp_path / "link.md").symlink_to(tmp_path / "readme.md")
    assert read(tmp_path / "link.md", "claude").left
    assert read(tmp_path / "link.md", "claude").statements == ()


def test_a_folder_means_the_files_below_it_that_could_be_memories(tmp_path: Path) -> None:
    for name in ("b/two.md", "a.json", ".hidden/x.md", "c.txt", ".d.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [str(path.relative_to(tmp_path)) for path in gathered([tmp_path])] == ["a.json", "b/two.md"]


@given(st.text(st.sampled_from("ab #-*1.:`~>[]()\n\t<!"), max_size=120))
def test_no_word_of_a_markdown_text_is_lost_between_its_blocks(text: str) -> None:
    plain = prose.without_comments(text)
    told = [block.text for block in prose.blocks(text, 1)]
    headings = [heading for block in prose.blocks(plain + "\n\nend", 1) for heading in block.headings]
    kept = sum(one.count("a") + one.count("b") for one in told)
    known = "".join(line for line in plain.split("\n") if line.lstrip().startswith("#"))
    assert kept + known.count("a") + known.count("b") >= plain.count("a") + plain.count("b")
    assert all(heading in plain for heading in headings)
