"""What two machines can do to one memory at the same time, and what becomes of it."""

from datetime import timedelta

import pytest
from merge_kit import (
    PROFILE,
    START,
    contents,
    delete,
    forget,
    found_in,
    memory,
    merged,
    move,
    restore,
    revised,
    reworded,
    tree,
    with_source,
    without,
)

from sidecar.frontmatter import dump_mapping, load_mapping, parse, render
from sidecar.model import MemoryType, Source, Status
from sidecar.store.layout import tombstone_path
from sidecar.store.purges import Purge
from sidecar.store.purges import render as render_purges

A = memory("The port is 8080.", 1, key="api/port")
B = memory("Use pnpm.", 2, type=MemoryType.INSTRUCTION)
BASE = tree(A, B)
EARLIER, LATER = START - timedelta(days=1), START + timedelta(days=1)
PATH_A, PATH_B = (found_in(BASE)[one.id][0] for one in (A, B))


def as_status(fields):
    return {name: Status(value) if name == "status" else value for name, value in fields.items()}


def the(files, identifier: str):
    return found_in(files)[identifier][1]


def test_what_only_one_side_did_is_taken_over_byte_for_byte() -> None:
    odd = {**BASE, PATH_A: BASE[PATH_A].replace(b"---\nid", b"--- \n# mine\nid"), "notes.txt": b"x"}
    assert merged(BASE, BASE, odd) == odd
    assert merged(BASE, odd, odd) == odd


def test_changes_of_different_memories_are_both_there() -> None:
    c = memory("New here.", 3)
    found = merged(BASE, tree(A, B, c), reworded(BASE, B.id, "Use pnpm 9.", 5))
    assert set(contents(found)) == {"The port is 8080.", "Use pnpm 9.", "New here."}


def test_different_keys_of_one_memory_are_merged_and_comments_kept() -> None:
    base = {**BASE, PATH_A: BASE[PATH_A].replace(b"summary:", b"# why\nmine: 1 # kept\nsummary:")}
    ours = revised(base, A.id, tags=("net",))
    theirs = revised(base, A.id, pinned=True)
    found = merged(base, ours, theirs)
    text = found[PATH_A].decode()
    assert text == ours[PATH_A].decode().replace("tags:", "pinned: true\ntags:")
    assert "# why\nmine: 1 # kept\n" in text


@pytest.mark.parametrize(
    ("before", "ours", "theirs", "wanted"),
    [
        ({"tags": ("a", "b")}, {"tags": ("a", "b", "z")}, {"tags": ("b", "c")}, {"tags": ("b", "c", "z")}),
        ({"tags": ("a",)}, {"tags": ()}, {"tags": ("a", "b")}, {"tags": ("b",)}),
        ({}, {"created": EARLIER}, {"created": LATER}, {"created": EARLIER}),
        ({}, {"edited": START}, {"edited": LATER}, {"edited": LATER}),
        ({}, {"summary": "b"}, {"summary": "a"}, {"summary": "b"}),
        ({"summary": "old"}, {"summary": "old"}, {"summary": "a"}, {"summary": "a"}),
        ({"status": "proposed"}, {"status": "active"}, {"status": "superseded"}, {"status": "superseded"}),
        ({"pinned": True}, {"pinned": False}, {"pinned": True, "extractor": "x"}, {"pinned": False, "extractor": "x"}),
    ],
)  # fmt: skip
def test_the_rule_of_a_key(before, ours, theirs, wanted) -> None:
    base, one, other = (tree(B.replace(**as_status(fields))) for fields in (before, ours, theirs))
    found = the(merged(base, one, other), B.id)
    assert {name: getattr(found, name) for name in wanted} == wanted


def test_sources_are_merged_field_by_field() -> None:
    one = with_source(A, messages=("m-1", "m-2"), by="bo@desk")
    other = with_source(A, messages=("m-1", "m-0"), speaker="user")
    found = the(merged(BASE, tree(one, B), tree(other, B)), A.id).source
    assert found == Source("transcript", "claude-code", "s-1", "user", ("m-1", "m-0", "m-2"), "bo@desk")


def test_of_two_bodies_the_later_wins_and_the_other_is_proposed() -> None:
    ours, theirs = reworded(BASE, A.id, "Port 1.", 10), reworded(BASE, A.id, "Port 2.", 11)
    found = merged(BASE, ours, theirs)
    assert contents(found) == {"Port 2.": Status.ACTIVE, "Port 1.": Status.PROPOSED, "Use pnpm.": Status.ACTIVE}
    assert the(found, A.id).content == "Port 2."
    rival = next(one for _, one in found_in(found).values() if one.content == "Port 1.")
    assert (rival.supersedes, rival.key, rival.source.by) == (A.id, "api/port", "ines@laptop")
    # Merged again with either side, nothing is doubled.
    assert merged(ours, found, reworded(ours, B.id, "Use pnpm!", 12)).keys() == found.keys()
    assert merged(BASE, found, theirs) == found
    # A proposal that was turned down does not come back.
    refused = delete(found, rival.id)
    assert merged(BASE, refused, ours).keys() == refused.keys()


def test_bodies_that_differ_in_white_space_make_no_proposal() -> None:
    found = merged(BASE, reworded(BASE, A.id, "The  port is 9."), reworded(BASE, A.id, "The port\nis 9."))
    assert len(found) == len(BASE)


def test_a_tombstone_wins_over_a_copy_as_it_was() -> None:
    gone = delete(BASE, A.id)
    assert merged(BASE, gone, {**BASE, "x.txt": b"x"}) == {**gone, "x.txt": b"x"}
    said_again = tree(with_source(A, messages=("m-1", "m-9")), B)
    assert merged(BASE, gone, said_again) == gone


def test_words_that_nobody_has_forgotten_yet_are_kept_as_forgotten() -> None:
    found = merged(BASE, delete(BASE, A.id), reworded(BASE, A.id, "Port 3.", 10))
    assert contents(found) == {"Port 3.": Status.FORGOTTEN, "Use pnpm.": Status.ACTIVE}
    assert tombstone_path(A.id, private=False) in found
    assert found_in(found)[A.id][0] == f"archive/{PATH_A}"


def test_forgetting_and_editing_meet() -> None:
    found = merged(BASE, forget(BASE, A.id), reworded(BASE, A.id, "Port 3.", 10))
    assert (the(found, A.id).status, the(found, A.id).content) == (Status.FORGOTTEN, "Port 3.")


def test_a_restored_memory_stays_restored() -> None:
    base = forget(BASE, A.id)
    found = merged(base, restore(base, A.id), revised(base, A.id, tags=("late",)))
    assert (the(found, A.id).status, the(found, A.id).tags) == (Status.ACTIVE, ("late",))
    assert tombstone_path(A.id, private=False) not in found


def test_joined_histories_meet_by_id_and_no_tombstone_is_undone() -> None:
    assert merged({}, BASE, BASE) == BASE
    found = merged({}, tree(A, B), {"profile.yaml": PROFILE, **delete(BASE, A.id)})
    assert the(found, A.id).status is Status.FORGOTTEN


def test_what_a_machine_learned_while_others_forgot_the_very_words_is_forgotten() -> None:
    again = memory("The port is 8080.", 30, key="api/port")
    found = merged(BASE, delete(BASE, A.id), {**without(BASE, PATH_A), **tree(again)})
    assert the(found, again.id).status is Status.FORGOTTEN
    assert tombstone_path(again.id, private=False) in found
    told = again.replace(source=Source("remember", speaker="user"))
    found = merged(BASE, delete(BASE, A.id), {**without(BASE, PATH_A), **tree(told)})
    assert the(found, again.id).status is Status.ACTIVE


def test_two_tombstones_of_one_memory_are_the_earlier_one() -> None:
    found = merged(BASE, delete(BASE, A.id, 5), delete(BASE, A.id, 3))
    assert load_mapping(found[tombstone_path(A.id, private=False)])["time"] == "2026-11-20T16:03:00Z"


def test_two_active_versions_of_one_key_are_settled() -> None:
    one, other = (memory(f"The port is {n}.", n, key="api/port") for n in (10, 20))
    found = merged(BASE, tree(A.replace(status=Status.SUPERSEDED, superseded_by=one.id), B, one), tree(A, B, other))
    assert {k: v.value for k, v in contents(found).items()} == {
        "The port is 8080.": "superseded",
        "The port is 10.": "superseded",
        "The port is 20.": "active",
        "Use pnpm.": "active",
    }
    assert the(found, one.id).superseded_by == other.id
    assert found_in(found)[one.id][0].startswith("archive/")


def test_a_correction_by_hand_outranks_the_machine_that_superseded_it_meanwhile() -> None:
    newer = memory("The port is 9090.", 30, key="api/port")
    old = A.replace(status=Status.SUPERSEDED, superseded_by=newer.id, valid_until=newer.observed)
    found = merged(BASE, tree(old, B, newer), reworded(BASE, A.id, "The port is 8081.", 20))
    assert the(found, A.id).status is Status.ACTIVE
    assert the(found, newer.id).status is Status.SUPERSEDED


def test_what_was_superseded_by_something_forgotten_since_does_not_come_back() -> None:
    newer = memory("The port is 9090.", 30, key="api/port")
    old = A.replace(status=Status.SUPERSEDED, superseded_by=newer.id, valid_until=newer.observed)
    base = tree(old, B, newer)
    found = merged(base, delete(base, newer.id), revised(base, A.id, tags=("late",)))
    assert (the(found, A.id).status, the(found, A.id).tags) == (Status.SUPERSEDED, ("late",))


def test_renames_meet() -> None:
    ours, theirs = move(BASE, PATH_A, "mine/port.md"), move(BASE, PATH_A, "x.md")
    assert "x.md" in merged(BASE, ours, theirs)
    edited = reworded(BASE, A.id, "Port 3.", 10)
    assert the(merged(BASE, ours, edited), A.id).content == "Port 3."
    assert found_in(merged(BASE, ours, forget(BASE, A.id)))[A.id][0] == "archive/mine/port.md"


def test_one_path_for_two_memories_and_paths_that_differ_in_case() -> None:
    c, d = memory("C", 5), memory("D", 6)
    ours, theirs = {**BASE, "n/x.md": render(c)}, {**BASE, "n/x.md": render(d)}
    found = merged(BASE, ours, theirs)
    first, second = sorted((c, d), key=lambda one: one.id)
    assert found_in(found)[first.id][0] == "n/x.md"
    assert found_in(found)[second.id][0] == f"n/x-{second.id[-10:].lower()}.md"
    found = merged(BASE, ours, {**BASE, "n/X.md": render(d)})
    assert len({path.casefold() for path in found}) == len(found) == 5
    found = merged(BASE, {**BASE, "a": b"file"}, {**BASE, "a/b.md": render(d)})
    assert "a/b.md" in found
    assert b"file" in found.values()


def test_bad_files_do_not_win_and_are_not_lost() -> None:
    bad = {**BASE, PATH_A: b"---\nid: [\n---\nmine\n"}
    found = merged(BASE, bad, reworded(BASE, A.id, "Port 3.", 10))
    assert the(found, A.id).content == "Port 3."
    assert b"---\nid: [\n---\nmine\n" in found.values()
    assert merged(BASE, bad, {**BASE, "x": b"x"}) == {**bad, "x": b"x"}
    worse = {**BASE, PATH_A: b"---\nid: {\n---\nyours\n"}
    found = merged(BASE, bad, worse)
    assert {bad[PATH_A], worse[PATH_A]} <= set(found.values())


def test_other_files_lie_side_by_side_and_a_change_beats_a_removal() -> None:
    base = {**BASE, "README.md": b"one\n", "a.txt": b"a"}
    ours, theirs = {**base, "README.md": b"two\n"}, {**base, "README.md": b"three\n"}
    found = merged(base, ours, theirs)
    assert {b"two\n", b"three\n"} <= set(found.values())
    assert b"one\n" not in found.values()
    assert merged(base, without(base, "a.txt"), {**base, "a.txt": b"b"})["a.txt"] == b"b"
    assert "a.txt" not in merged(base, without(base, "a.txt"), ours)


def test_a_file_without_id_that_two_machines_took_in_is_one_memory() -> None:
    raw = {**BASE, "n/x.md": b"Words by hand.\n"}
    one, other = (memory("Words by hand.", n).replace(created=START + timedelta(minutes=n)) for n in (7, 8))
    found = merged(raw, {**BASE, "n/x.md": render(one)}, {**BASE, "n/x.md": render(other)})
    assert set(found) == set(raw)
    assert the(found, min(one.id, other.id)).created == START + timedelta(minutes=7)


def test_profiles_are_merged_by_keys() -> None:
    def profile(**changes: object) -> dict[str, bytes]:
        values = {"format": 1, "uuid": "u-5", "name": "web", "project": {"root_commit": None, "remotes": ["b"]}}
        return {"profile.yaml": dump_mapping({**values, **changes})}

    found = merged(
        profile(),
        profile(uuid="u-7", mine="x"),
        profile(uuid="u-6", project={"root_commit": "r", "remotes": ["a", "b"]}),
    )
    assert found["profile.yaml"] == (
        b"format: 1\nuuid: u-6\nname: web\nproject: {root_commit: r, remotes: [a, b]}\nmine: x\n"
    )
    assert merged({}, profile(), {"profile.yaml": b"[: broken"}) == profile()


ODD = """---
id: ID
type: fact
summary: >-
  folded
  words

created: 2026-11-20T16:00:00Z
observed: 2026-11-20T16:01:00Z
source:
  origin: hand
  # inside
  mine: [1,
    2]
x: |+
  literal

  # not a comment

y: 1
---
The port is 8080.
"""


def test_odd_layouts_come_through() -> None:
    text = BASE[PATH_A].replace(b"\n", b"\r\n").replace(b"---\r\nid", b"---\r\n# top\r\n\r\nid")
    flow = ODD.replace("ID", A.id).encode()
    for data in (text, flow):
        base = {**BASE, PATH_A: data}
        ours, theirs = revised(base, A.id, tags=("a",)), revised(base, A.id, keywords=("k",), reason="why")
        found = merged(base, ours, theirs)
        document = parse(found[PATH_A])
        assert (document.fields["tags"], document.fields["keywords"], document.fields["reason"]) == (
            ("a",),
            ("k",),
            "why",
        )
        for line in data.splitlines():
            assert line in found[PATH_A].splitlines()


def test_a_list_of_purges_that_cannot_be_read_never_wins() -> None:
    first, second = (Purge(START, letter * 40, "b" * 40, (f"m-{letter}",)) for letter in "ac")
    good, both, broken = render_purges([first]), render_purges([first, second]), b"<<<<<<< HEAD\n"
    base, torn, further = (tree(**{"purges.yaml": data}) for data in (good, broken, both))
    assert merged(base, further, torn)["purges.yaml"] == both
    assert merged(base, {**base, "README.md": b"x"}, torn)["purges.yaml"] == good
    assert merged(without(base, "purges.yaml"), base, torn)["purges.yaml"] == good
