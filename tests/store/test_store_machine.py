"""Everything that can happen to a profile, in any order: nothing is lost or doubled, and readers see the disk."""

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from store_kit import Kit

from sidecar.errors import ChangedOnDisk, UnknownMemory
from sidecar.frontmatter import Document, parse, render
from sidecar.git import Git
from sidecar.model import Add, Status, Supersede
from sidecar.store import Store

KEYS = st.sampled_from(["a/one", "a/two", "b"])
PICK = st.integers(min_value=0, max_value=1_000)


class Killed(BaseException):
    """The process ends here."""


class StoreMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.kit = Kit(self.folder / "store")
        self.number = 0
        self.contents: set[str] = set()
        self.unseen: set[str] = set()  # a person's words that the daemon has not committed: theirs to overwrite
        self.covered: set[str] = set()  # our words that a person ran over before a commit: a crash may lose them
        self.orphans: set[str] = set()  # our words from before a crash, until the next commit: git has never had them
        self.broken: dict[str, bytes] = {}

    def teardown(self) -> None:
        self.everything_is_in_order()
        shutil.rmtree(self.folder)

    # What we do.

    @rule(key=KEYS)
    def learn(self, key: str) -> None:
        self.run(self.learning(key))

    @rule(pick=PICK)
    def learn_together(self, pick: int) -> None:
        """New ones, of which the files wait for each other, and a change of another one between them."""
        stored = self.pick(pick)

        def action() -> None:
            profile = self.kit.profile
            profile.hold()
            try:
                for memory in told:
                    profile.apply([Add(memory, "new")], self.kit.context)
                    if stored is not None and profile.get(stored.memory.id) is not None:
                        profile.forget(stored.memory.id, "why", self.kit.context)
            finally:
                failed = profile.put_down()
            assert not failed

        numbers = range(self.number + 1, self.number + 4)
        self.number += 3
        told = [self.kit.memory(f"words {number}", number) for number in numbers]
        self.contents.update(memory.content for memory in told)
        self.run(action)

    @rule(pick=PICK)
    def forget(self, pick: int) -> None:
        stored = self.pick(pick)
        if stored is not None:
            self.run(lambda: self.kit.profile.forget(stored.memory.id, "why", self.kit.context))

    @rule(pick=PICK)
    def delete(self, pick: int) -> None:
        stored = self.pick(pick)
        if stored is not None:
            self.run(lambda: self.kit.profile.delete(stored.memory.id, self.kit.context))

    @rule(pick=PICK)
    def restore(self, pick: int) -> None:
        stored = self.pick(pick, Status.FORGOTTEN)
        if stored is not None:
            self.run(lambda: self.kit.profile.restore(stored.memory.id, self.kit.context))

    @rule()
    def commit(self) -> None:
        self.run(self.kit.profile.commit)
        self.committed()

    @rule()
    def look(self) -> None:
        self.kit.profile.refresh()
        self.kit.profile.settle()

    @rule()
    def restart(self) -> None:
        self.run(self.kit.profile.commit)
        self.committed()
        self.kit.restart()

    @rule(key=KEYS, steps=st.integers(min_value=0, max_value=25))
    def crash_while_learning(self, key: str, steps: int) -> None:
        """Killed between two steps; after the restart the same is learned again."""
        action = self.learning(key)
        self.crash(action, steps)
        self.run(action)

    @rule(pick=PICK, steps=st.integers(min_value=0, max_value=16))
    def crash_while_forgetting(self, pick: int, steps: int) -> None:
        stored = self.pick(pick)
        if stored is not None:
            self.crash(lambda: self.kit.profile.delete(stored.memory.id, self.kit.context), steps)

    @rule(steps=st.integers(min_value=0, max_value=8))
    def crash_while_committing(self, steps: int) -> None:
        self.crash(self.kit.profile.commit, steps)

    # What a person does.

    @rule(pick=PICK)
    def edit(self, pick: int) -> None:
        stored = self.pick(pick)
        if stored is not None:
            self.runs_over(stored.path)
            self.number += 1
            content = f"edited words {self.number}"
            self.contents.add(content)
            self.unseen.add(content)
            self.kit.write(stored.path, render(stored.memory.replace(content=content)))

    @rule()
    def write_by_hand(self) -> None:
        self.number += 1
        content = f"hand words {self.number}"
        self.contents.add(content)
        self.unseen.add(content)
        self.kit.write(f"notes/n{self.number}.md", f"{content}\n")

    @rule(pick=PICK)
    def remove(self, pick: int) -> None:
        stored = self.pick(pick)
        if stored is not None:
            self.runs_over(stored.path)
            (self.kit.folder / stored.path).unlink()

    @rule(pick=PICK)
    def rename(self, pick: int) -> None:
        stored = self.pick(pick)
        if stored is not None:
            self.number += 1
            target = self.kit.folder / f"moved/m{self.number}.md"
            target.parent.mkdir(exist_ok=True)
            (self.kit.folder / stored.path).rename(target)

    @rule(pick=PICK)
    def corrupt(self, pick: int) -> None:
        self.run(self.kit.profile.commit)
        self.committed()
        stored = self.pick(pick)
        if stored is not None:
            self.broken[stored.path] = (self.kit.folder / stored.path).read_bytes()
            self.kit.write(stored.path, "---\nbroken: [\n---\n")

    @precondition(lambda self: self.broken)
    @rule(pick=PICK)
    def mend(self, pick: int) -> None:
        path = sorted(self.broken)[pick % len(self.broken)]
        self.kit.write(path, self.broken.pop(path))

    # What holds after each of them, once the daemon has looked.

    @rule()
    def everything_is_in_order(self) -> None:
        kit = self.kit
        kit.cycle()
        kit.profile.settle()
        kit.profile.commit()
        kit.profile.settle()
        assert kit.profile.commit() == []
        self.committed()
        seen = kit.profile.memories(statuses=None)
        fresh = Store(kit.root, machine="laptop", writes=kit.writes, clock=kit.clock).open(kit.profile.ref)
        assert fresh.memories(statuses=None) == seen
        assert fresh.bad_files() == kit.profile.bad_files()
        assert {bad.path for bad in kit.profile.bad_files()} == set(self.broken)
        for stored in seen:
            if stored.path not in self.broken:
                document = parse((kit.folder / stored.path).read_bytes())
                assert isinstance(document, Document)
                assert document.memory() == stored.memory
                assert stored.path.startswith("archive/") is (
                    stored.memory.status in (Status.FORGOTTEN, Status.SUPERSEDED)
                )
        tombstones = kit.profile.tombstones()
        assert not {s.memory.id for s in seen if s.memory.status is not Status.FORGOTTEN} & set(tombstones)
        self.nothing_is_lost_and_no_commit_is_empty()
        dirty = {entry.path for entry in Git(kit.folder, "laptop").status()}
        assert dirty == set(self.broken)

    def nothing_is_lost_and_no_commit_is_empty(self) -> None:
        history = self.kit.git("log", "-p", "--no-renames", "--format=commit %H")
        lines = set(history.splitlines())
        assert {content for content in self.contents if f"+{content}" not in lines} == set()
        assert all("diff --git" in part for part in history.split("commit ")[1:])
        assert not list(self.kit.folder.rglob("*.tmp"))

    # How.

    def learning(self, key: str):
        """A new version of a key, planned when it is run, as curation would; running it again repeats nothing."""
        self.number += 1
        content = f"words {self.number}"
        self.contents.add(content)
        number = self.number

        def action() -> None:
            profile = self.kit.profile
            profile.refresh()
            profile.settle()
            versions = [s for s in profile.versions(key) if s.memory.status is Status.ACTIVE and not_bad(self, s)]
            memory = self.kit.memory(content, number, key=key)
            if profile.get(memory.id) is not None:
                return
            old = max(versions, key=lambda s: s.memory.rank) if versions else None
            if old is None or old.memory.rank > memory.rank:
                profile.apply([Add(memory, "new")], self.kit.context)
                return
            memory = memory.replace(supersedes=old.memory.id)
            retire = Supersede(old, memory.id, max(memory.effective, old.memory.effective), "newer")
            profile.apply([retire, Add(memory, "newer")], self.kit.context)

        return action

    def run(self, action) -> None:
        """As the roads do it: a plan that meets a changed file is made again."""
        self.kit.now += timedelta(seconds=1)
        for _ in range(3):
            try:
                action()
            except (ChangedOnDisk, UnknownMemory):
                self.kit.profile.refresh()
            else:
                return

    def committed(self) -> None:
        self.unseen.clear()
        self.covered.clear()
        self.orphans.clear()

    def runs_over(self, path: str) -> None:
        document = parse((self.kit.folder / path).read_bytes())
        assert isinstance(document, Document)
        if document.content in self.unseen | self.orphans:
            self.contents.discard(document.content)
        else:
            self.covered.add(document.content)

    def crash(self, action, steps: int) -> None:
        left = steps

        def step(_name: str) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed

        self.kit.step = step
        try:
            action()
        except (Killed, ChangedOnDisk, UnknownMemory):
            pass
        finally:
            self.kit.step = lambda _name: None
        self.contents -= self.covered
        self.orphans = set(self.contents)
        self.kit.restart()

    def pick(self, pick: int, status: Status = Status.ACTIVE):
        present = self.kit.profile.memories(statuses=[status])
        found = [s for s in present if not_bad(self, s) and (self.kit.folder / s.path).exists()]
        return found[pick % len(found)] if found else None


def not_bad(machine: StoreMachine, stored) -> bool:
    return stored.path not in machine.broken


StoreMachine.TestCase.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStoreMachine = StoreMachine.TestCase
