"""A daemon's parts without its services, and what comes to them."""

from __future__ import annotations

import asyncio
import contextlib
import io
import tarfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.config import Config, Extract
from sidecar.daemon.app import Daemon
from sidecar.daemon.parts import Parts
from sidecar.daemon.service import Service
from sidecar.model import ProfileRef, Stored
from sidecar.paths import resolve
from sidecar.store import Profile
from sidecar.wire.exchange import Export, ImportResult

WEB = ProfileRef("local", "web")


@dataclass
class World:
    """One home."""

    parts: Parts
    service: Service
    folder: Path

    @property
    def profile(self) -> Profile:
        return self.parts.store.open(WEB, create=True)

    def memories(self, ref: ProfileRef = WEB, *, statuses: Any = None) -> list[Stored]:
        return self.parts.store.open(ref, create=True).memories(statuses=statuses)

    def file(self, name: str, text: str | bytes) -> Path:
        path = self.folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def hand(self, path: str, text: str) -> None:
        """A person writes a file into the profile, and it is taken over."""
        target = self.profile.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        self.parts.follow.catch_up([WEB])

    async def bring(self, *paths: Path, named: bool = True, **options: Any) -> ImportResult:
        options = {"form": None, "dry_run": False, **options}
        return await self.service.exchange.bring(WEB, [str(path) for path in paths], named=named, **options)

    async def export(self, name: str, **wanted: Any) -> Path:
        wanted.setdefault("format", "jsonl" if name.endswith(".jsonl") else "tar")
        spooled = await self.service.exchange.export(WEB, Export(**wanted))
        with spooled.file as file:
            return self.file(name, file.read())

    def tree(self) -> dict[str, bytes]:
        """Every file of the profile but what each machine has of its own."""
        root = self.profile.folder
        own = (".git", "PROFILE.md", "profile.yaml")
        files = (path for path in root.rglob("*") if path.is_file() and path.relative_to(root).parts[0] not in own)
        return {str(path.relative_to(root)): path.read_bytes() for path in files}


Scenario = Callable[[World], Coroutine[Any, Any, None]]


@contextlib.contextmanager
def home(folder: Path) -> Any:
    """A world in a folder."""
    paths = resolve({"SIDECAR_HOME": str(folder / "sidecar")})
    for made in (paths.store, paths.state, paths.cache):
        made.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(Daemon(paths, Config(extract=Extract(extractor="rules")))) as daemon:
        whole = daemon._made_whole(asyncio.Event())
        parts, service = whole.parts, whole.service
        yield World(parts, service, folder)


def tar(*entries: tuple[str, bytes, bytes]) -> bytes:
    """An export with these files: path, bytes, kind of entry."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, data, kind in [
            ("sidecar-export.json", b'{"kind": "sidecar-export", "format": 1}', tarfile.REGTYPE),
            *entries,
        ]:
            entry = tarfile.TarInfo(name)
            entry.size, entry.type, entry.linkname = len(data), kind, "/etc/passwd"
            archive.addfile(entry, io.BytesIO(data))
    return sink.getvalue()
