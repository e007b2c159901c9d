"""Three clones, edited by people and machines in any order, merged in any order: one tree in the end, nothing lost."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from share_kit import CONTEXT, REF, START, Machine, bare, git, settle_all

from sidecar.frontmatter import Document, edit, parse
from sidecar.model import MemoryType, Status, Stored

STEPS = 60
"""In the usual run; the long one takes more than 2,000."""

CHECK_EVERY = 110
"""Steps after which everybody must come to the same: settling costs more than the steps do, which are git processes."""


class Clones:
    """The driver: what was said, what was forgotten, what was taken back."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.remote = bare(folder / "remote.git")
        self.machines = [
            Machine(folder / name, name, now=START + timedelta(hours=hour))
            for hour, name in enumerate(("ada", "bo", "cy"))
        ]
        self.number = 0
        self.said: set[str] = set()
        self.restored: set[str] = set()
        self.forgotten: set[str] = set()
        first, *others = self.machines
        first.profile.refresh()
        first.learn(self.words())
        first.sharing.share(REF, str(self.remote))
        for machine in others:
            machine.sharing.join("local", str(self.remote))

    def words(self, kind: str = "words") -> str:
        self.number += 1
        content = f"{kind} number {self.number}"
        self.said.add(content)
        return content

    def step(self) -> None:
        machine = self.random.choice(self.machines)
        acts: list[Callable[[Machine], None]] = [
            self.learn, self.learn, self.version, self.version, self.told_twice, self.reword, self.reword, self.tag,
            self.forget, self.delete, self.restore, self.rename, self.write_by_hand, self.remove_by_hand,
            self.other_file, self.case, self.restart, self.sync, self.sync, self.sync,
        ]  # fmt: skip
        self.random.choice(acts)(machine)
        machine.look()

    # What a machine does.

    def learn(self, machine: Machine) -> None:
        kind = self.random.choice([MemoryType.FACT, MemoryType.INSTRUCTION, MemoryType.EVENT])
        machine.learn(self.words(), type=kind)

    def version(self, machine: Machine) -> None:
        machine.learn(self.words(), key=self.random.choice(["api/port", "db/name", "tools"]))

    def told_twice(self, machine: Machine) -> None:
        """The same session is read on two machines: the same id on both."""
        other = self.random.choice(self.machines)
        now, words = max(machine.now, other.now), self.words()
        for one in {machine.name: machine, other.name: other}.values():
            one.now = now
            one.learn(words, key=self.random.choice(["api/port", None]))

    def forget(self, machine: Machine) -> None:
        stored = self.pick(machine, Status.ACTIVE)
        if stored is not None:
            machine.profile.forget(stored.memory.id, "why", CONTEXT)
            self.forgotten.add(stored.memory.id)

    def delete(self, machine: Machine) -> None:
        stored = self.pick(machine, Status.ACTIVE)
        if stored is not None:
            machine.profile.delete(stored.memory.id, CONTEXT)
            self.forgotten.add(stored.memory.id)

    def restore(self, machine: Machine) -> None:
        stored = self.pick(machine, Status.FORGOTTEN)
        if stored is not None:
            machine.profile.restore(stored.memory.id, CONTEXT)
            self.restored.add(stored.memory.id)

    def restart(self, machine: Machine) -> None:
        machine.restart()

    def sync(self, machine: Machine) -> None:
        machine.sync()

    # What a person does.

    def reword(self, machine: Machine) -> None:
        stored = self.pick(machine, Status.ACTIVE, Status.PROPOSED)
        if stored is None:
            return
        machine.commit()  # a person overwrites what they see; git has it
        stored = machine.profile.get(stored.memory.id) or stored
        text = (machine.folder / stored.path).read_text()
        machine.write(stored.path, text.replace(stored.memory.content, self.words("edited")))

    def tag(self, machine: Machine) -> None:
        stored = self.pick(machine)
        document = None if stored is None else parse((machine.folder / stored.path).read_bytes())
        if stored is not None and isinstance(document, Document):
            fields = {"tags": (self.random.choice("abc"),), "pinned": self.random.random() < 0.5}
            machine.write(stored.path, edit(document, fields))

    def rename(self, machine: Machine) -> None:
        stored = self.pick(machine, Status.ACTIVE)
        target = machine.folder / f"moved/{self.random.choice('abcdé日')}.md"
        if stored is not None and not target.exists():
            target.parent.mkdir(exist_ok=True)
            (machine.folder / stored.path).rename(target)

    def write_by_hand(self, machine: Machine) -> None:
        path = f"notes/{self.random.choice(['n', 'メモ', 'x y'])}{self.random.randrange(4)}.md"
        if not (machine.folder / path).exists():
            machine.write(path, f"{self.words('hand')}\n")

    def remove_by_hand(self, machine: Machine) -> None:
        stored = self.pick(machine, Status.ACTIVE)
        if stored is not None:
            machine.commit()
            stored = machine.profile.get(stored.memory.id) or stored
            (machine.folder / stored.path).unlink()
            self.forgotten.add(stored.memory.id)

    def other_file(self, machine: Machine) -> None:
        machine.write(self.random.choice(["README.md", "data.csv"]), f"{self.words('file')}\n")
        machine.commit()

    def case(self, machine: Machine) -> None:
        name = self.random.choice(["Case", "case", "CASE"])
        if not any(path.casefold() == "notes/case.md" for path in machine.tree()):
            machine.write(f"notes/{name}.md", f"{self.words('case')}\n")

    def pick(self, machine: Machine, *statuses: Status) -> Stored | None:
        found = [s for s in machine.memories(*statuses) if (machine.folder / s.path).exists()]
        return self.random.choice(found) if found else None

    # What holds in the end.

    def check(self) -> None:
        settle_all(self.machines)
        trees = [machine.tree() for machine in self.machines]
        assert trees[0] == trees[1] == trees[2]
        tree = trees[0]
        assert not any(b"<<<<<<<" in data or b">>>>>>>" in data for data in tree.values())
        assert len({path.casefold() for path in tree}) == len(tree)
        history = git(self.remote, "log", "-p", "--no-renames", "-m", "--first-parent", "--root", "main")
        history += git(self.remote, "log", "-p", "--no-renames", "--root", "main")
        lost = {content for content in self.said if f"+{content}\n" not in history}
        assert lost == set()
        present = {stored.memory.id: stored.memory for stored in self.machines[0].memories()}
        stones = set(self.machines[0].profile.tombstones())
        assert stones >= self.forgotten - self.restored
        active = {identifier for identifier, memory in present.items() if memory.status is not Status.FORGOTTEN}
        assert not active & stones
        keyed = [(m.type, m.key) for m in present.values() if m.key and m.status is Status.ACTIVE]
        assert len(keyed) == len(set(keyed))
        for machine in self.machines:
            assert machine.profile.bad_files() == []
            assert machine.git("status", "--porcelain") == ""
        self.nobody_is_missing(present, stones, history)

    def nobody_is_missing(self, present: dict[str, object], stones: set[str], history: str) -> None:
        """Every memory that was ever shared is there, or was forgotten by somebody."""
        ever = {line[5:].strip() for line in history.splitlines() if line.startswith("+id: ")}
        assert {identifier for identifier in ever if identifier not in present} <= stones


def run(folder: Path, seed: int, steps: int) -> None:
    clones = Clones(folder, seed)
    for number in range(1, steps + 1):
        try:
            clones.step()
            if number % CHECK_EVERY == 0:
                clones.check()
        except Exception as error:
            raise AssertionError(f"seed {seed}, step {number}") from error
    clones.check()


@pytest.mark.parametrize("seed", [1, 2])
def test_three_clones_end_in_one_tree(tmp_path: Path, seed: int) -> None:
    run(tmp_path, seed, STEPS)


@pytest.mark.slow
@pytest.mark.timeout(1_500)
@pytest.mark.parametrize("seed", range(10, 20))
def test_three_clones_over_more_than_two_thousand_steps(tmp_path: Path, seed: int) -> None:
    run(tmp_path, seed, 210)
