"""The power fails at any moment: what was acknowledged is there, and the store is never half-written."""

from __future__ import annotations

import os
import random
import re
import shutil
from pathlib import Path

import pytest
from killing import KILLS
from powercut import Call, Disk, python, record
from world import Figure, age_locks, index_is_the_files, opened, repositories_are_sound, whole_files

from sidecar.index import Embedder
from sidecar.model import SessionRef, Status

_SEED = 20261121
_CUTS = max(12, KILLS // 3)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Call]]:
    """Where a process has worked, and all that it asked of the system."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace, which records what a process asks of the system")
    base = tmp_path_factory.mktemp("power")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = python(str(Path(__file__).parent / "working.py"), str(base / "home"), str(base / "acks"))
    return base, record(command, base / "calls", environment)


def _moments(base: Path, calls: list[Call], lots: random.Random) -> list[int]:
    """Right after acknowledgements, and anywhere between them once there is a store."""
    acks = [number for number, call in enumerate(calls) if _acknowledged(base, call) is not None]
    first = next(number for number, call in enumerate(calls) if call.name == "fsync" and b"store" in _of(call))
    return sorted({*lots.sample(acks, min(len(acks), _CUTS // 2)), *lots.sample(range(first, len(calls)), _CUTS // 2)})


def _of(call: Call) -> bytes:
    return bytes.fromhex("".join(re.findall(r"\\x(..)", call.args)))


def _acknowledged(base: Path, call: Call) -> str | None:
    told = _of(call).decode("utf-8", "replace").partition(f"{base}/acks")[2] if call.name == "write" else ""
    return told.strip() or None


def test_the_recorded_calls_lead_to_what_lies_on_the_disk(recorded: tuple[Path, list[Call]]) -> None:
    """That nothing is overlooked which writes; SQLite's shared memory is mapped, and made anew after a cut."""
    base, calls = recorded
    disk = Disk(base / "home")
    for call in calls:
        disk.tell(call)
    there = {
        str(path.relative_to(base / "home")): path.read_bytes()
        for path in sorted((base / "home").rglob("*"))
        if path.is_file() and not path.name.endswith("-shm")
    }
    found = {path: data for path, data in disk.files().items() if not path.endswith("-shm")}
    assert sorted(found) == sorted(there)
    assert [path for path in there if there[path] != found[path]] == []


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "early"])
def test_after_a_power_cut_everything_acknowledged_is_there(
    recorded: tuple[Path, list[Call]], tmp_path: Path, figure: Figure, strict: bool
) -> None:
    base, calls = recorded
    lots, disk, told, embedder = random.Random(_SEED), Disk(base / "home"), [], Embedder.load()
    moments = _moments(base, calls, lots)
    for number, call in enumerate(calls):
        disk.tell(call)
        if (text := _acknowledged(base, call)) is not None:
            told.append(text)
        if number in moments:
            target = tmp_path / f"cut-{number}"
            disk.after_cut(target, strict=strict, lots=lots)
            _is_whole(target, told, embedder)
    assert len(told) >= 10
    figure(f"{len(moments)} cuts after {len(told)} acknowledged writes, 0 lost")


def _is_whole(folder: Path, told: list[str], embedder: Embedder) -> None:
    age_locks(folder / "store")
    with opened(folder, embedder) as world:
        whole_files(folder / "store")
        world.start()
        index_is_the_files(world)
        found = {one.memory.content: one.memory.status for one in world.web.memories(statuses=None)}
        for kind, _, rest in (text.partition(" ") for text in told):
            if kind == "remembered":
                assert rest in found
            elif kind == "said":
                assert world.journal.messages(SessionRef("http", rest, "local/web"))
            elif kind == "forgot":
                assert found[rest] is Status.FORGOTTEN
        world.remember("After the cut the work goes on.", 90)
        world.follow.commit(world.web.ref)
        repositories_are_sound(folder / "store")
