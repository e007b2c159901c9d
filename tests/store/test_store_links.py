"""`[[links]]`: kept as they are, and followed by every name that a memory has; a profile opens as an Obsidian vault."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_kit import CONTEXT, Kit

from sidecar.model import Revise, Status, Stored
from sidecar.store.links import Links, targets


def linked(kit: Kit, target: str) -> list[str]:
    return [one.memory.content for one in kit.profile.linked(f"See [[{target}]].")]


def test_a_memory_is_linked_to_by_each_of_its_names(kit: Kit) -> None:
    port = kit.add("The api listens on 4310.", key="api/port-number")
    cafe = kit.add("Closed on Mondays.", 1, summary="Café Müller")
    tail = port.memory.id[-6:].lower()
    for name in (
        port.memory.id,
        port.memory.id.lower(),
        f"facts/api/port-number-{tail}",
        f"facts/api/port-number-{tail}.md",
        f"port-number-{tail}",
        "port-number",
        "Port Number",
        "port_number",
        "api/port-number",
        "port-number|the port",
        "port-number#heading",
    ):
        assert linked(kit, name) == ["The api listens on 4310."], name
    assert linked(kit, "Café Müller") == linked(kit, "cafe-muller") == [cafe.memory.content]
    for name in ("no-such-thing", "", " ", "|x", f"{tail}", "https://example.com"):
        assert linked(kit, name) == [], name


def test_links_by_id_and_by_full_name_survive_a_renaming(kit: Kit) -> None:
    port = kit.add("The api listens on 4310.", key="api/port")
    stem = f"port-{port.memory.id[-6:].lower()}"
    talk = kit.add(f"It is open to all, see [[{port.memory.id}]], [[{stem}]] and [[port]].", 1)
    (kit.folder / "facts" / "elsewhere").mkdir()
    (kit.folder / port.path).rename(kit.folder / "facts" / "elsewhere" / "another.md")
    kit.cycle()
    (one,) = kit.profile.linked(talk.memory.content)
    assert (one.memory.id, one.path) == (port.memory.id, "facts/elsewhere/another.md")
    assert linked(kit, stem) == linked(kit, port.memory.id) == linked(kit, "another") == [port.memory.content]
    assert linked(kit, "port") == []


def test_the_active_version_is_meant_and_both_ends_are_related(kit: Kit) -> None:
    old = kit.add("The api listens on 4310.", key="api/port")
    new = kit.add("The api listens on 4400.", 5, key="api/port")
    kit.profile.apply([Revise(old, {"status": Status.SUPERSEDED, "superseded_by": new.memory.id}, "newer")], CONTEXT)
    talk = kit.add("The proxy needs [[api/port]], and [[talk]] of itself.", 6, key="proxy/talk")
    assert linked(kit, "api/port") == ["The api listens on 4400."]
    tied = {one.memory.id: link for one, link in kit.profile.related(talk).values()}
    assert tied == {new.memory.id: "to"}
    back = {one.memory.id: link for one, link in kit.profile.related(new).values()}
    assert back == {talk.memory.id: "from"}
    assert kit.profile.related(kit.profile.get(old.memory.id) or old) == {}
    twin = kit.add("Another port.", 7, key="web/port")
    found = {one.memory.id for one in kit.profile.linked("[[port]]")}
    assert found == {new.memory.id, twin.memory.id}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("[[a]] and [[a]] and ![[b|c]]", ["a", "b"]),
        ("`[[a]]` and ``x ` [[b]]`` but [[c]]", ["c"]),
        ("```\n[[a]]\n```\n[[b]]", ["b"]),
        ("~~~~ md\n[[a]]\n~~~\n[[b]]\n~~~~\n[[c]]", ["c"]),
        ("```\n[[a]]", []),
        ("[[a\nb]] [[]] [[ ]] [ [c]]", []),
        ("[[[d]]]", ["d"]),
    ],
)
def test_what_is_a_link_and_what_is_not(content: str, found: list[str]) -> None:
    assert targets(content) == found


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "code",
    [
        "".join("`" * i + "a" for i in range(1, 700)),
        "`" * 250_000,
        "`a``b" * 50_000,
        " " * 250_000 + "`",
        "~~~\n" * 60_001,
    ],
    ids=["growing", "one", "alternating", "blanks", "fences"],
)
def test_no_text_however_odd_holds_anything_up(code: str) -> None:
    """A pattern that tries every run of backticks with every other takes hours for these."""
    assert targets(f"[[x]] {code}") == ["x"]
    assert targets(f"[[x]]\n{code}") == ["x"]


@given(st.text(st.sampled_from("ab[]|#`~\n -!"), max_size=60))
def test_any_text_can_be_looked_through(content: str) -> None:
    for target in targets(content):
        assert target in content
    assert Links([]).meant(targets(content)) == []


@given(st.text(st.sampled_from("a[]|#` -!.é"), min_size=1, max_size=40).filter(str.strip))
@settings(max_examples=8, deadline=None)
def test_links_are_kept_byte_for_byte_by_every_write(tmp_path_factory: pytest.TempPathFactory, words: str) -> None:
    kit = Kit(tmp_path_factory.mktemp("links") / "store")
    path = kit.write("facts/mine.md", f"---\nmood: blue  # [[x]]\n---\n{words} [[a|b]] ![[c#d]]\n")
    kit.cycle()
    (stored,) = kit.profile.memories()
    kit.profile.apply([Revise(stored, {"tags": ("a",), "pinned": True}, "more")], CONTEXT)
    kit.profile.forget(stored.memory.id, "old", CONTEXT)
    after: Stored | None = kit.profile.get(stored.memory.id)
    assert after is not None
    text = (kit.folder / after.path).read_text()
    assert text.endswith(f"---\n{words} [[a|b]] ![[c#d]]\n")
    assert "mood: blue  # [[x]]\n" in text
    assert not path.exists()


def test_a_profile_opens_as_an_obsidian_vault(kit: Kit) -> None:
    """Its settings, its trash and its attachments are no memories; the settings change with each click."""
    kit.add("The api listens on 4310.", key="api/port")
    kit.cycle()
    for name, text in {
        ".obsidian/app.json": "{}",
        ".obsidian/workspace.json": json.dumps({"active": "1"}),
        ".trash/old.md": "An old note.\n",
        "Untitled.md": "See [[api/port]] and ![[plan.png]].\n",
        "plan.png": "png",
    }.items():
        kit.write(name, text)
    kit.cycle()
    kept = kit.git("ls-files").split()
    assert "Untitled.md" in kept
    assert "plan.png" in kept
    assert not [path for path in kept if path.startswith((".obsidian", ".trash"))]
    note = next(one for one in kit.profile.memories() if one.path == "Untitled.md")
    assert [one.memory.key for one, _ in kit.profile.related(note).values()] == ["api/port"]
    assert not kit.profile.bad_files()
    before = kit.commits()
    kit.write(".obsidian/workspace.json", json.dumps({"active": "2"}))
    assert kit.cycle() == []
    assert kit.commits() == before
