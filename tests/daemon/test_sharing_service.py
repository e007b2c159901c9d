"""The service that syncs: its rhythm, its back-off, and what it says of each profile."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "share"))

from share_kit import REF, Machine, bare, purge

from sidecar.daemon.sharing import SyncService
from sidecar.errors import NotShared, PurgeDeclined, RemoteHoldsPurged, RemoteRefused, RemoteUnreachable
from sidecar.model import ProfileRef

HOUR = timedelta(hours=1)


class Looked:
    """Counts how often the store was asked to be looked at."""

    times = 0

    def look(self) -> None:
        self.times += 1


class NoRouter:
    """A router that knows no project and remembers what it was told."""

    def __init__(self) -> None:
        self.adopted: list[tuple[ProfileRef, str | None]] = []

    def project(self, ref: ProfileRef) -> None:
        return None

    def adopt(self, ref: ProfileRef, root: str | None, remotes: object) -> None:
        self.adopted.append((ref, root))


@pytest.fixture
def ada(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path / "ada", "ada")
    machine.learn("Words.")
    return machine


def serving(machine: Machine, test: Callable[[SyncService], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        keeper: Any = Looked()
        router: Any = NoRouter()
        await test(SyncService(machine.sharing, machine.follow, router, keeper, every=HOUR))

    asyncio.run(run())


def pause(service: SyncService) -> float:
    return service._due[REF] - time.monotonic()


def test_a_remote_that_does_not_answer_is_asked_less_and_less(ada: Machine, tmp_path: Path) -> None:
    remote = bare(tmp_path / "remote.git")

    async def scenario(service: SyncService) -> None:
        await service.share(REF, str(remote), dry_run=False)
        assert service.states[REF].state == "synced"
        away = remote.rename(tmp_path / "away.git")
        for expected in (30, 60, 120, 240, 480, 960, 1920, 3600, 3600):
            with pytest.raises(RemoteUnreachable):
                await service.sync(REF, accept=False)
            assert expected * 0.7 < pause(service) < expected * 1.3
        before = pause(service)
        service.committed(REF)
        assert pause(service) > before - 60  # a commit does not hasten what is in vain
        state = service.states[REF]
        assert (state.state, state.remote) == ("offline", str(remote))
        assert state.error is not None
        assert state.synced is not None
        away.rename(remote)
        await service.sync(REF, accept=False)
        assert (service.states[REF].state, service.states[REF].error) == ("synced", None)
        assert 2_000 < pause(service) < 5_000
        service.committed(REF)
        assert pause(service) < 6

    serving(ada, scenario)


def test_all_are_synced_and_one_that_cannot_be_stops_no_other(ada: Machine, tmp_path: Path) -> None:
    other = ProfileRef("local", "other")
    ada.store.open(other, create=True)

    async def scenario(service: SyncService) -> None:
        with pytest.raises(NotShared):
            await service.sync(REF, accept=False)
        assert await service.sync_all() == {}
        for ref in (REF, other):
            await service.share(ref, str(bare(tmp_path / f"{ref.name}.git")), dry_run=False)
        (tmp_path / "other.git" / "HEAD").unlink()
        found = await service.sync_all()
        assert isinstance(found[other], RemoteUnreachable)
        assert not isinstance(found[REF], Exception)

    serving(ada, scenario)


def test_the_service_syncs_what_is_due_and_survives_what_is_wrong(ada: Machine, tmp_path: Path) -> None:
    remote = bare(tmp_path / "remote.git")
    bo = Machine(tmp_path / "bo", "bo", most_files=3)

    async def scenario(service: SyncService) -> None:
        await service.join("local", str(remote), name=None, cwd=str(tmp_path))
        assert service._router.adopted == []
        task = asyncio.create_task(service.serve())
        for number in range(5):
            ada.learn(f"More {number}.")
        ada.sync()
        service._due[REF] = 0.0
        service._woken.set()
        while service.states[REF].state != "refused":  # noqa: ASYNC110 - looked at as `status` does
            await asyncio.sleep(0.01)
        assert not task.done()
        task.cancel()
        with pytest.raises(RemoteRefused, match="more than 3 files"):
            await service.sync(REF, accept=False)

    ada.sharing.share(REF, str(remote))
    serving(bo, scenario)


def test_a_stop_ends_what_is_under_way(ada: Machine, tmp_path: Path) -> None:
    ada.sharing.share(REF, str(bare(tmp_path / "remote.git")))

    async def scenario(service: SyncService) -> None:
        await service.sync(REF, accept=False)
        service.close()
        hook = tmp_path / "remote.git" / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nsleep 60\n")
        hook.chmod(0o755)
        ada.learn("More.")
        begun = time.monotonic()
        with pytest.raises(RemoteUnreachable, match="stopped"):
            await service.sync(REF, accept=False)
        assert time.monotonic() - begun < 50

    serving(ada, scenario)


def test_a_purge_waits_for_a_word_and_the_state_says_so(ada: Machine, tmp_path: Path) -> None:
    remote = bare(tmp_path / "remote.git")
    (stored,) = ada.memories()

    async def scenario(service: SyncService) -> None:
        await service.share(REF, str(remote), dry_run=False)
        await asyncio.to_thread(ada.purge, stored.memory.id)
        with pytest.raises(RemoteHoldsPurged):
            await service.sync(REF, accept=False)
        state = service.states[REF]
        assert (state.state, stored.memory.id in str(state.error)) == ("purged", True)
        assert "--purge yes" in str(state.hint)
        await service.decline_purge(REF)
        with pytest.raises(PurgeDeclined):
            await service.sync(REF, accept=False)
        assert service.states[REF].state == "declined"
        await service.follow_purge(REF, purge, accept=False)
        assert service.states[REF].state == "synced"

    serving(ada, scenario)


def test_a_purge_does_not_wait_for_a_remote_that_is_silent(ada: Machine, tmp_path: Path) -> None:
    remote = bare(tmp_path / "remote.git")
    ada.sharing.share(REF, str(remote))
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/waiting\nsleep 100\n")
    hook.chmod(0o755)
    ada.learn("More.")

    async def scenario(service: SyncService) -> None:
        syncing = asyncio.create_task(service.sync(REF, accept=False))
        while not (tmp_path / "waiting").exists():  # noqa: ASYNC110 - as git tells it
            await asyncio.sleep(0.01)
        begun = time.monotonic()
        with service.standing_still():
            assert time.monotonic() - begun < 50
        with pytest.raises(RemoteUnreachable, match="stopped"):
            await syncing

    serving(ada, scenario)
