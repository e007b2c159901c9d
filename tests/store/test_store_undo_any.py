"""Whatever has happened in whatever order: each commit is undone by one clean new commit or not at all, and each past
state stays reachable."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from store_kit import CONTEXT, Kit

from sidecar.errors import NothingToUndo, NotUndoable, UndoConflict
from sidecar.frontmatter import render
from sidecar.model import Add, Memory, Revise, Status, Stored, Supersede

ACTIONS = ("add", "revise", "supersede", "forget", "delete", "restore", "edit", "rename", "remove", "write", "undo")
steps = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 99)), min_size=3, max_size=7)


class History:
    """A profile with what it was after each of its commits."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self.states: dict[str, list[Memory]] = {}
        self._count = 0
        for number in range(3):
            kit.add(f"statement {number}", number, key=f"k/{number}")
        self.settle()

    def run(self, action: str, pick: int) -> None:
        self._count += 1
        self.kit.now += timedelta(minutes=10)
        getattr(self, f"_{action}")(pick)
        self.settle()

    def settle(self) -> None:
        """As the daemon: until nothing follows any more; the state belongs to the commit that it ends with."""
        while self.kit.cycle():
            pass
        self.states[self.head] = self.present

    @property
    def head(self) -> str:
        return self.kit.git("rev-parse", "HEAD").strip()

    @property
    def present(self) -> list[Memory]:
        return [one.memory for one in self.kit.profile.memories(statuses=None)]

    @property
    def tree(self) -> dict[str, bytes]:
        return {path: (self.kit.folder / path).read_bytes() for path in self.kit.files()}

    def _one(self, pick: int, *statuses: Status) -> Stored | None:
        found = self.kit.profile.memories(statuses=statuses or (Status.ACTIVE,))
        return found[pick % len(found)] if found else None

    def _add(self, _pick: int) -> None:
        self.kit.add(f"added {self._count}", 100 + self._count)

    def _write(self, _pick: int) -> None:
        self.kit.write(f"notes/{self._count}.md", f"By hand {self._count}.\n")

    def _revise(self, pick: int) -> None:
        if stored := self._one(pick):
            self.kit.profile.apply([Revise(stored, {"tags": (f"t{self._count}",)}, "better")], CONTEXT)

    def _supersede(self, pick: int) -> None:
        if stored := self._one(pick):
            memory = self.kit.memory(
                f"newer {self._count}", 200 + self._count, key=stored.memory.key, supersedes=stored.memory.id
            )
            changes = [Add(memory, "newer"), Supersede(stored, memory.id, memory.observed, "newer")]
            self.kit.profile.apply(changes, CONTEXT)

    def _forget(self, pick: int) -> None:
        if stored := self._one(pick):
            self.kit.profile.forget(stored.memory.id, "no longer", CONTEXT)

    def _delete(self, pick: int) -> None:
        if stored := self._one(pick):
            self.kit.profile.delete(stored.memory.id, CONTEXT)

    def _restore(self, pick: int) -> None:
        if stored := self._one(pick, Status.FORGOTTEN):
            self.kit.profile.restore(stored.memory.id, CONTEXT)

    def _edit(self, pick: int) -> None:
        if stored := self._one(pick):
            self.kit.write(stored.path, render(stored.memory.replace(content=f"a person's words {self._count}")))

    def _rename(self, pick: int) -> None:
        if stored := self._one(pick):
            target = self.kit.folder / "moved" / f"{self._count}.md"
            target.parent.mkdir(exist_ok=True)
            (self.kit.folder / stored.path).rename(target)

    def _remove(self, pick: int) -> None:
        if stored := self._one(pick):
            (self.kit.folder / stored.path).unlink()

    def _undo(self, pick: int) -> None:
        self.undo(sorted(self.states)[pick % len(self.states)])

    def undo(self, commit: str) -> bool:
        """Whether it could be undone; then by one new commit upon the present one, else nothing has changed."""
        before, tree = self.head, self.tree
        try:
            undone = self.kit.profile.undo(commit)
        except (UndoConflict, NothingToUndo, NotUndoable):
            assert (self.head, self.tree) == (before, tree), "a refused undo changes nothing"
            return False
        assert self.kit.git("rev-parse", f"{undone.commit}^").strip() == before
        assert self.kit.git("log", "-1", "--format=%s", undone.commit).startswith("Undo ")
        self.settle()
        assert self.kit.git("status", "--porcelain") == ""
        assert self.kit.profile.bad_files() == []
        assert not any(b"<<<<<<<" in data or b">>>>>>>" in data for data in self.tree.values())
        return True


@given(steps, st.integers(0, 99))
# Not made smaller when it fails: each example is some dozens of commits.
@settings(max_examples=8, deadline=None, phases=[Phase.generate])
def test_any_commit_is_undone_cleanly_or_not_at_all_and_every_state_can_be_reached(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, int]], pick: int
) -> None:
    history = History(Kit(tmp_path_factory.mktemp("undo") / "store"))
    for action, which in actions:
        history.run(action, which)
    latest, before = history.head, history.present
    commits = history.kit.git("rev-list", "HEAD").split()
    history.undo(commits[pick % len(commits)])
    if history.head == latest:
        assert history.present == before
    for commit, memories in history.states.items():
        assert [one.memory for one in history.kit.profile.past.memories(commit)] == memories
    restarted = history.kit.restart()
    assert [one.memory for one in restarted.memories(statuses=None)] == history.present == history.states[history.head]


def test_what_has_been_taken_back_by_hand_already_is_not_undone_by_an_empty_commit(kit: Kit) -> None:
    stored = kit.add("first words")
    kit.cycle()
    kit.profile.apply([Revise(stored, {"tags": ("mine",)}, "better")], CONTEXT)
    (commit,) = kit.cycle()
    kit.write(stored.path, render(stored.memory.replace(content="other words")))
    kit.cycle()
    before = kit.git("rev-parse", "HEAD")
    with pytest.raises(NothingToUndo):
        kit.profile.undo(commit)
    assert kit.git("rev-parse", "HEAD") == before
