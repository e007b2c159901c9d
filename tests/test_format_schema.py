"""The schema of the front matter describes all that is written and all that is read, and is shipped as it is made."""

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_strategies import memories
from schema_sweep import ACCEPTED, SCHEMA, WRITTEN, faults_of, front_of

from sidecar.frontmatter import Document, load_mapping, parse, render
from sidecar.frontmatter.document import KINDS, REQUIRED
from sidecar.model import Memory

CHECKOUT = Path(__file__).parents[1]
ID = "01M7WTWTW08H7W2R5T6Y5XK2QC"

ACCEPTED_BY_HAND = [
    "body\n",
    "---\n---\nbody\n",
    "---\n# a comment\ntype:   Instruction   # odd\n---\nbody\n",
    f"---\nid: {ID.lower()}\ntype: FACT\nstatus: Active\n---\nbody\n",
    "---\npinned: Yes\nread_only: off\ntags: alone\nqueries: [a, ~, 'b']\n---\nbody\n",
    "---\nkey: Some Topic / Of Mine\nsummary: |\n  two\n  lines\nobserved: 2026-11-20\n---\nbody\n",
    "---\nobserved: 20261120T160211+0200\nedited:  '2026-W47-5'\ncreated: ~\nreason:\n---\nbody\n",
    "---\nsource: {origin: hand, speaker: null, mood: blue, messages: one, more: {deep: [1, 2]}}\n---\nbody\n",
    "---\nmood: blue\nlist:\n  - a: 1\n    b: &x [2]\n  - *x\n---\nbody\n",
    "\ufeff---\r\ntype: task\r\nsupersedes: 007\r\n---\r\nbody\r\n",
]

REFUSED_BY_BOTH = [
    "---\nid: 12\n---\nbody\n",
    "---\ntype: thought\n---\nbody\n",
    "---\nstatus: done\n---\nbody\n",
    "---\npinned: maybe\n---\nbody\n",
    "---\nobserved: yesterday\n---\nbody\n",
    "---\nsource: hand\n---\nbody\n",
    "---\nsource: {speaker: nobody}\n---\nbody\n",
    "---\ntags: {a: b}\n---\nbody\n",
    "---\nsummary: [a]\n---\nbody\n",
]


def test_the_shipped_schema_is_the_generated_one_and_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for name in ("docs/memory.schema.json", "sidecar/frontmatter/memory.schema.json"):
        assert json.loads((CHECKOUT / name).read_text("utf-8")) == SCHEMA, f"run scripts/generate_docs.py ({name})"


def test_it_has_every_key_in_its_order() -> None:
    assert list(SCHEMA["properties"]) == list(SCHEMA["$defs"]["written"]["properties"]) == list(KINDS)
    assert SCHEMA["$defs"]["written"]["required"] == list(REQUIRED)


@given(memories)
def test_whatever_we_write_is_described(memory: Memory) -> None:
    data = render(memory)
    assert faults_of(data) == []
    document = parse(data)
    assert isinstance(document, Document)
    WRITTEN.validate(front_of(document))


@pytest.mark.parametrize("text", ACCEPTED_BY_HAND)
def test_whatever_a_person_may_write_is_described(text: str) -> None:
    document = parse(text.encode())
    assert isinstance(document, Document), document
    ACCEPTED.validate(front_of(document))


@pytest.mark.parametrize("text", REFUSED_BY_BOTH)
def test_what_is_refused_is_not_described(text: str) -> None:
    assert not isinstance(parse(text.encode()), Document)
    assert not ACCEPTED.is_valid(load_mapping(text.split("---\n")[1].encode()))


words = st.sampled_from(
    ["", "~", "fact", "Task", "yes", "NO", "maybe", "2026-01-01", "[a, b]", "{a: b}", ID, "x y", "'q'"]
)


@given(st.dictionaries(st.sampled_from([*KINDS, "mood"]), words, max_size=6))
def test_whatever_a_reader_takes_is_described(keys: dict[str, str]) -> None:
    front = "".join(f"{key}: {value}\n" for key, value in keys.items())
    document = parse(f"---\n{front}---\nbody\n".encode())
    if isinstance(document, Document):
        ACCEPTED.validate(front_of(document))


def test_a_file_that_breaks_the_format_would_be_noticed() -> None:
    good = render(Memory(**_example()))
    assert faults_of(good) == []
    assert not WRITTEN.is_valid({"id": ID})
    assert not ACCEPTED.is_valid({"type": "thought"})


def _example() -> dict[str, object]:
    document = parse((CHECKOUT / "docs" / "memory-format.md").read_text("utf-8").split("```markdown\n")[1].encode())
    assert isinstance(document, Document)
    return {**document.fields, "content": "Use pnpm."}
