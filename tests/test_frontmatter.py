"""The memory format: nothing that a person wrote is lost, and what we write is read back as it was."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_strategies import lists, memories, times, words

from sidecar.errors import BadMemoryFile, FieldError
from sidecar.frontmatter import (
    REMOVE,
    Document,
    Problem,
    dump_mapping,
    edit,
    load_mapping,
    parse,
    parse_time,
    render,
    time_text,
    trimmed,
)
from sidecar.frontmatter.document import KINDS
from sidecar.identity import encodable, memory_id
from sidecar.model import Memory, MemoryType, Source, Status

OBSERVED = datetime(2026, 11, 20, 15, 58, 40, tzinfo=UTC)
EXAMPLE = """\
---
id: 01M7WTWTW08H7W2R5T6Y5XK2QC
type: instruction
key: web/package-manager
summary: The web workspace uses pnpm, never npm.
created: 2026-11-20T16:02:11Z
observed: 2026-11-20T15:58:40Z
source: {origin: transcript, agent: claude-code, session: 3f0c, speaker: user, messages: [9b1e], by: ines@laptop}
extractor: ollama/qwen3:4b-instruct prompt-3
queries: ["Which package manager does the web workspace use?"]
keywords: [pnpm, npm]
supersedes: 01M4AAAAAAAAAAAAAAAAAAAAAA
---
Use pnpm in the web workspace; npm breaks the lockfile that CI checks.
"""


def document(text: str | bytes) -> Document:
    found = parse(text if isinstance(text, bytes) else text.encode())
    assert isinstance(found, Document), found
    return found


def problem(text: str | bytes) -> Problem:
    found = parse(text if isinstance(text, bytes) else text.encode())
    assert isinstance(found, Problem), found
    return found


def test_the_page_about_the_format_has_the_same_example_and_order_of_keys() -> None:
    page = (Path(__file__).parents[1] / "docs" / "memory-format.md").read_text("utf-8")
    assert EXAMPLE in page
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert re.findall(r"`(\w+)`", " ".join(rows)) == list(KINDS)


def test_the_example_of_the_contract_is_canonical() -> None:
    memory = document(EXAMPLE).memory()
    assert (memory.key, memory.source.messages) == ("web/package-manager", ("9b1e",))
    assert memory.queries == ("Which package manager does the web workspace use?",)
    assert render(memory).decode() == EXAMPLE
    assert document(EXAMPLE.replace('"', "")).memory() == memory


@given(memories)
def test_what_we_render_is_read_back_as_it_was(memory: Memory) -> None:
    assert document(render(memory)).memory() == memory


@given(memories)
@settings(max_examples=300)
def test_what_we_render_means_the_same_to_a_reader_that_guesses_types(memory: Memory) -> None:
    front = render(memory).decode().split("\n---\n")[0]
    values = yaml.safe_load(front)
    assert values["summary"] == memory.summary
    assert tuple(values.get("queries", ())) == memory.queries
    assert values["source"]["origin"] == memory.source.origin
    assert all(len(line) == len(line.rstrip("\n")) for line in front.split("\n"))


@given(memories)
def test_lone_surrogates_become_replacement_characters(memory: Memory) -> None:
    data = render(memory.replace(summary="a\ud800b", content="x\udfffy"))
    assert document(data).fields["summary"] == "a\ufffdb"
    assert document(data).content == "x\ufffdy"


ODD_FILES = {
    "crlf": "---\r\ntype: fact\r\nsummary: one\r\n---\r\nbody\r\nmore\r\n",
    "bom": "\ufeff---\nsummary: one\n---\nbody\n",
    "comments": "---\n# head\nsummary: one  # tail\n\n# between\ntype: fact # why\n# foot\n---\nbody",
    "order": "---\nkeywords: [a]\nmine: {x: [1, 2]}\nsummary: one\ntype: fact\n---\n\n\nbody\n\n",
    "block-list": "---\nkeywords:\n- a\n# inside\n- b\n# after\ntype: fact\n---\nbody\n",
    "indented-list": "---\nkeywords:\n    - a\n    - b\n\nsummary: one\n---\nbody\n",
    "literal": "---\nsummary: |\n  one\n  # not a comment\n\n  two\n\n# comment\ntype: fact\n---\nbody\n",
    "folded-keep": "---\nmine: >+\n  one\n\n\nsummary: two\n---\nbody\n",
    "plain-over-lines": "---\nsummary: one\n  two\n\n  three\n# comment\ntype: fact\n---\nbody\n",
    "quoted-over-lines": '---\nsummary: "one\n  # two"\ntype: fact\n---\nbody\n',
    "flow-over-lines": "---\nkeywords: [a,\n  b] # tail\nsummary: one\n---\nbody\n",
    "source-block": "---\nsource:\n  origin: hand\n  mood: [good]\nsummary: one\n---\nbody\n",
    "quoted-keys": "---\n\"summary\": 'it''s'\n'type': fact\n---\nbody\n",
    "indented": "---\n  summary: one\n  type: fact\n---\nbody\n",
    "empty-values": "---\nsummary:\ntags: ~\ntype: fact\n---\nbody\n",
    "anchors": "---\nmine: &x [1]\nyours: *x\n<<: *x\nsummary: one\n---\nbody\n",
    "unicode": "---\nsummary: é\u2028 日本\ntype: fact\n---\nbody\u0085\n",
    "spaces": "---  \nsummary:   one   \ntype:\tfact\n--- \nbody  \n",
    "empty-front": "---\n---\nbody\n",
    "comment-front": "---\n# only this\n---\nbody\n",
    "no-front": "just words\n\n---\nand a rule\n",
    "no-front-crlf": "just words\r\nmore\r\n",
    "bom-no-front": "\ufeffwords",
    "no-last-newline": "---\nsummary: one\n---\nbody",
}


@pytest.mark.parametrize("name", sorted(ODD_FILES))
def test_an_edit_keeps_everything_else_of_an_odd_file(name: str) -> None:
    text = ODD_FILES[name]
    before = document(text)
    for changes in (
        {"summary": "new: words"},
        {"keywords": ("x", "y")},
        {"pinned": True},
        {"id": memory_id(MemoryType.FACT, "x", OBSERVED), "status": Status.FORGOTTEN, "reason": "r"},
        {"source": Source("remember", by="me")},
        {"summary": REMOVE, "type": REMOVE},
    ):
        after = document(edit(before, changes))
        assert after.body == before.body
        foreign = [(key, value) for key, value in before.fields.items() if key not in changes]
        assert [(key, after.fields[key]) for key, _ in foreign] == foreign
        for key, value in changes.items():
            assert after.fields.get(key) == value
        comments = [line for line in before.text.splitlines() if line.strip().startswith("#") and '"' not in line]
        inside = {"# inside", "  # not a comment"}  # lines of the value itself
        assert [c for c in comments if c not in inside and c not in after.text.splitlines()] == []


def test_an_edit_changes_exactly_the_lines_of_its_keys() -> None:
    before = ODD_FILES["comments"]
    changed = edit(document(before), {"summary": "two", "key": "a/b"}).decode()
    assert changed == before.replace("one  # tail\n", "two  # tail\n").replace("# why\n", "# why\nkey: a/b\n")


def test_new_keys_take_their_canonical_place_and_the_files_own_line_ends() -> None:
    changed = edit(document(ODD_FILES["crlf"]), {"id": memory_id(MemoryType.FACT, "x", OBSERVED), "pinned": True})
    assert changed.decode() == (
        "---\r\nid: " + memory_id(MemoryType.FACT, "x", OBSERVED) + "\r\ntype: fact\r\nsummary: one\r\npinned: true\r\n"
        "---\r\nbody\r\nmore\r\n"
    )


def test_a_value_equal_to_the_default_takes_the_key_out() -> None:
    text = "---\nstatus: forgotten\npinned: true\ntags: [a]\n---\nbody\n"
    changed = edit(document(text), {"status": Status.ACTIVE, "pinned": False, "tags": ()})
    assert changed == b"---\n---\nbody\n"


def test_foreign_keys_inside_source_survive_its_change() -> None:
    changed = document(edit(document(ODD_FILES["source-block"]), {"source": Source("remember")}))
    assert "source: {origin: remember, mood: [good]}\n" in changed.text


def test_a_file_without_front_matter_gets_it_above_its_body() -> None:
    assert edit(document(ODD_FILES["no-front"]), {"type": MemoryType.TASK}).decode() == (
        "---\ntype: task\n---\n" + ODD_FILES["no-front"]
    )
    assert edit(document(ODD_FILES["bom-no-front"]), {"type": MemoryType.TASK}).decode() == (
        "\ufeff---\ntype: task\n---\nwords"
    )


simple_values = st.one_of(
    st.from_regex(r"\A[a-z]{1,6}( [a-z]{1,6}){0,3}\Z"),
    st.lists(st.from_regex(r"\A[a-z]{1,4}\Z"), max_size=3).map(lambda xs: f"[{', '.join(xs)}]"),
    words.map(lambda w: yaml.dump(w, width=20, default_style='"', allow_unicode=True).strip().replace("\n", "\n  ")),
    st.lists(st.from_regex(r"\A[a-z]{1,4}\Z"), min_size=1, max_size=3).map(lambda xs: "\n  - " + "\n  - ".join(xs)),
    st.lists(st.from_regex(r"\A[a-z# ]{0,6}[a-z]\Z"), min_size=1, max_size=3).map(
        lambda xs: "|\n    " + "\n    ".join(x.strip() or "x" for x in xs)
    ),
    st.just(""),
)
own_keys = st.sampled_from(["summary", "reason", "extractor", "keywords", "queries", "tags", "occurred"])
entry = st.tuples(own_keys | st.from_regex(r"\Ax-[a-z]{1,4}\Z"), simple_values, st.sampled_from(["", "# note\n", "\n"]))


@given(
    st.lists(entry, max_size=6, unique_by=lambda e: e[0]),
    words,
    st.booleans(),
    st.booleans(),
    st.fixed_dictionaries({}, optional={"summary": words, "tags": lists, "pinned": st.booleans(), "reason": st.none()}),
)
@settings(max_examples=200)
def test_edits_keep_foreign_bytes(entries, body, crlf, bom, changes) -> None:  # type: ignore[no-untyped-def]
    if any(
        key in ("summary", "reason", "extractor", "occurred") and value[:1] in ("[", "\n") for key, value, _ in entries
    ):
        return
    front = "".join(f"{note}{key}: {value}\n" for key, value, note in entries)
    text = "\ufeff" * bom + f"---\n{front}---\nx{body}\n"
    before = document(text.replace("\r\n", "\n").replace("\n", "\r\n") if crlf else text)
    after = document(edit(before, changes))
    assert after.body == before.body
    assert after.text.startswith("\ufeff") == bom
    kept = [(key, node.start, value.last.end) for key, node, value in before.entries if key not in changes]
    # Blank lines behind a literal block belong to its node, but not to its value.
    assert [(k, after.text[n.start : v.last.end].rstrip()) for k, n, v in after.entries if k not in changes] == [
        (key, before.text[start:end].rstrip()) for key, start, end in kept
    ]
    assert after.text.count("# note") >= sum(note.startswith("#") for _, _, note in entries)
    assert edit(document(before.data), {}) == before.data


@given(
    st.lists(entry, max_size=6, unique_by=lambda e: e[0]),
    words,
    st.booleans(),
    st.sampled_from(["", "\n", " \n\n"]),
    st.sampled_from(["", "\n", "  \n\n"]),
    words,
)
@settings(max_examples=200)
def test_a_new_body_keeps_the_front_matter_and_the_space_around(entries, old, crlf, head, tail, new) -> None:  # type: ignore[no-untyped-def]
    if any(
        key in ("summary", "reason", "extractor", "occurred") and value[:1] in ("[", "\n") for key, value, _ in entries
    ):
        return
    front = "".join(f"{note}{key}: {value}\n" for key, value, note in entries)
    text = f"---\n{front}---\n{head}x{old.rstrip()}{tail}"
    before = document(text.replace("\r\n", "\n").replace("\n", "\r\n") if crlf else text)
    after = document(edit(before, {}, content=f"y {new}"))
    assert after.text[: after.body_start] == before.text[: before.body_start]
    assert after.content.replace("\r\n", "\n") == trimmed(encodable(f"y {new}")).replace("\r\n", "\n")
    assert after.body[: after.body.index("y")] == before.body[: before.body.index("x")]
    assert edit(after, {}, content=before.content) == edit(before, {}, content=before.content)


def test_a_new_body_and_new_keys_come_together_and_an_empty_body_is_refused() -> None:
    changed = edit(document(EXAMPLE), {"summary": "Other."}, content="Other words.\n---\nMore.")
    assert changed.decode() == EXAMPLE.replace("The web workspace uses pnpm, never npm.", "Other.").replace(
        "Use pnpm in the web workspace; npm breaks the lockfile that CI checks.", "Other words.\n---\nMore."
    )
    with pytest.raises(FieldError, match="content"):
        edit(document(EXAMPLE), {}, content=" \n ")
    with pytest.raises(BadMemoryFile):
        edit(document("just words\n"), {}, content="---\nid: x\n---\nwords")


def test_values_are_read_by_field_not_by_guessing() -> None:
    found = document(
        "---\nkey: 007\nsummary: no\noccurred: 2026-03-01\ncreated: 2026-03-01\nobserved: 2026-03-01 10:00:00.5+02:00\n"
        "tags: one\nkeywords: [1, yes, 2026-01-01]\nread_only: Yes\nreason: null\n---\nbody\n"
    ).fields
    assert (found["key"], found["summary"], found["occurred"]) == ("007", "no", "2026-03-01")
    assert found["created"] == datetime(2026, 3, 1, tzinfo=UTC)
    assert found["observed"] == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert (found["tags"], found["keywords"]) == (("one",), ("1", "yes", "2026-01-01"))
    assert found["read_only"] is True
    assert "reason" not in found


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (b"---\nsummary: \xff\n---\nbody\n", 2, "UTF-8"),
        ("---\nsummary: one\nbody\n", 1, "not closed"),
        ("---\na: 1\nsummary: [one\ntype: fact\n---\nbody\n", 4, "YAML"),
        ("---\na: 1\nb: c: d\n---\nbody\n", 3, "YAML"),
        ("---\na: é\nb: \x07\n---\nbody\n", 3, "YAML"),
        ("---\na: b\u2028c\nb: x: y\n---\nbody\n", 3, "YAML"),
        ("---\n- a\n---\nbody\n", 2, "key: value"),
        ("---\n{summary: one}\n---\nbody\n", 2, "key: value"),
        ("---\n? summary\n: one\n---\nbody\n", 2, "key: value"),
        ("---\na: 1\n...\nb: 2\n---\nbody\n", 4, "YAML"),
        ("---\ntype: fact\nx: 1\ntype: fact\n---\nbody\n", 4, "twice"),
        ("---\nx: 1\ntype: opinion\n---\nbody\n", 3, "fact, event"),
        ("---\nstatus: done\n---\nbody\n", 2, "`status`"),
        ("---\nid: 42\n---\nbody\n", 2, "ULID"),
        ("---\ncreated: yesterday\n---\nbody\n", 2, "`created`"),
        ("---\npinned: maybe\n---\nbody\n", 2, "true or false"),
        ("---\nsource: me\n---\nbody\n", 2, "`source`"),
        ("---\nsource: {speaker: cat}\n---\nbody\n", 2, "speaker"),
        ("---\nsummary: [a]\n---\nbody\n", 2, "single value"),
        ("---\nkeywords: {a: b}\n---\nbody\n", 2, "list"),
        ("---\nx: &a [1]\nsummary: *a\n---\nbody\n", 3, "single value"),
        ("---\nx: " + "[" * 40 + "]" * 40 + "\n---\nbody\n", 2, "nested"),
        ("---\nx: " + "[" * 20000 + "\n---\nbody\n", 2, "nesting"),
        ("---\nsummary: one\n---\n \n\n", 4, "no text"),
        ("", 1, "no text"),
    ],
)
def test_a_bad_file_names_line_and_reason(text: str | bytes, line: int, reason: str) -> None:
    found = problem(text)
    assert found.line == line
    assert reason in found.reason


def test_a_yaml_bomb_is_only_text() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefghijkl", "bcdefghijklm", strict=True)
    )
    assert document(f"---\n{bomb}summary: one\n---\nbody\n").fields["summary"] == "one"


def test_an_edit_that_would_touch_more_is_refused() -> None:
    odd = "---\nkeywords:\n  - |\n    a\n  # mine\nsummary: one\nx: !!str &s summary\n---\nbody\n"
    assert b"x: !!str &s summary\n" in edit(document(odd), {"summary": "two"})
    sneaky = document("---\nx: &a\nsummary: one\n---\nbody\n")
    assert edit(sneaky, {"summary": "two"}) == b"---\nx: &a\nsummary: two\n---\nbody\n"
    with pytest.raises(BadMemoryFile, match=r"facts/x\.md"):
        edit(sneaky, {"key": "///"}, path="facts/x.md")


@given(st.dictionaries(st.from_regex(r"\A[a-z_]{1,8}\Z"), st.none() | words | st.lists(words, max_size=3), max_size=4))
def test_small_mappings_round_trip(mapping: dict[str, object]) -> None:
    assert load_mapping(dump_mapping(mapping)) == mapping


def test_small_mappings_hold_nested_values_and_times() -> None:
    data = dump_mapping({"format": 1, "time": OBSERVED, "project": {"root_commit": None, "remotes": ["a: b"]}})
    assert data == b'format: 1\ntime: 2026-11-20T15:58:40Z\nproject: {root_commit: null, remotes: ["a: b"]}\n'
    assert load_mapping(data) == {
        "format": "1",
        "time": "2026-11-20T15:58:40Z",
        "project": {"root_commit": None, "remotes": ["a: b"]},
    }
    assert load_mapping(b"a: [\n") == Problem(2, "it is not valid YAML: did not find expected node content")
    assert load_mapping(b"\xff") == Problem(None, "it is not UTF-8")


@given(times)
def test_times_round_trip(moment: datetime) -> None:
    assert parse_time(time_text(moment)) == moment
