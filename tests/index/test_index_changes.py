"""What the index has to write is found by looking at what changed alone, and is what a look at everything finds."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from index_builders import API, WEB, memory

from sidecar.index.entries import INDEXED_STATUSES, memory_ident
from sidecar.index.sync import Known, Seen, memory_changes
from sidecar.model import ProfileRef, Status, Stored

refs = st.sampled_from([WEB, API])
held = st.dictionaries(
    st.tuples(refs, st.sampled_from("abcdef")),
    st.tuples(st.sampled_from(["one", "two"]), st.sampled_from(Status)),
    max_size=8,
)


@given(held, st.lists(st.tuples(held, st.sets(refs), st.booleans()), max_size=5))
def test_after_each_step_the_index_holds_what_the_store_holds(
    first: dict[tuple[ProfileRef, str], tuple[str, Status]],
    steps: list[tuple[dict[tuple[ProfileRef, str], tuple[str, Status]], set[ProfileRef], bool]],
) -> None:
    made: dict[object, Stored] = {}
    known = {memory_ident(ref, name): _known(_stored(made, ref, name, *said)) for (ref, name), said in first.items()}
    seen = Seen(known)
    before: dict[tuple[ProfileRef, str], Stored] | None = None
    for state, away, told in steps:
        present = {key: _stored(made, *key, *said) for key, said in state.items() if key[0] not in away}
        memories = {
            ref: [stored for (owner, _), stored in sorted(present.items()) if owner == ref]
            for ref in (WEB, API)
            if ref not in away
        }
        if told and before is not None:  # somebody knows which can have changed alone
            moved = {key for key in before.keys() | present.keys() if before.get(key) is not present.get(key)}
            found = seen.take_some(
                {ref: {name: present.get((ref, name)) for owner, name in moved if owner == ref} for ref in (WEB, API)}
            )
        else:
            found = seen.take(memories)
        before = present
        changes = memory_changes(*found, known)
        for ident in changes.remove:
            del known[ident]
        known |= {memory_ident(one.profile, one.memory.id): _known(one) for one in changes.write}
        wanted = {
            memory_ident(*key): stored.sha256
            for key, stored in present.items()
            if stored.memory.status in INDEXED_STATUSES
        }
        assert {ident: one.sha256 for ident, one in known.items()} == wanted
        again = memory_changes(*seen.take(memories), known)
        assert (again.write, again.remove) == ((), ())


def _stored(made: dict[object, Stored], ref: ProfileRef, name: str, content: str, status: Status) -> Stored:
    """The same object for the same file, as the store has it."""
    key = (ref, name, content, status)
    return made.setdefault(key, memory(name, content, profile=ref, status=status))


def _known(stored: Stored) -> Known:
    return Known(stored.path, stored.sha256, stored.memory.status, 0)


def test_a_memory_that_is_held_or_released_is_written_again_though_its_file_is_the_same() -> None:
    held = memory("one", "Use pnpm.", profile=WEB, status=Status.PROPOSED)
    released = replace(held, memory=held.memory.replace(status=Status.ACTIVE))
    known = {memory_ident(WEB, held.memory.id): _known(held)}
    assert memory_changes([held], [], known).write == ()
    assert memory_changes([released], [], known).write == (released,)
