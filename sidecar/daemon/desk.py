"""What the desks share that serve one kind of request each: the parts, and the way to a profile and to the writer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from sidecar.daemon.parts import Parts
from sidecar.daemon.writer import Urgency
from sidecar.errors import NotFound, UnknownMemory, UnknownNamespace
from sidecar.model import ProfileRef, Stored
from sidecar.store import Profile

P = ParamSpec("P")
T = TypeVar("T")


class Desk:
    """Serves requests over the parts."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    async def write(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a step that changes something, in the writer thread."""
        return await self.parts.writer.run(Urgency.ANSWER, function, *args, **kwargs)

    async def read(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a step that only reads, in a thread of its own."""
        return await asyncio.to_thread(function, *args, **kwargs)

    def opened(self, ref: ProfileRef) -> Profile | None:
        """The profile, if there is one.  Raises UnknownNamespace."""
        if not self.parts.store.has_namespace(ref.namespace):
            raise UnknownNamespace(name=ref.namespace)
        return self.parts.store.open(ref) if ref in self.parts.store.profiles(ref.namespace) else None

    def profile(self, ref: ProfileRef) -> Profile:
        """The profile.  Raises UnknownNamespace, NotFound."""
        found = self.opened(ref)
        if found is None:
            raise NotFound(what=f"Profile {ref}")
        return found

    def stored(self, ref: ProfileRef, identifier: str) -> tuple[Profile, Stored]:
        """A memory with its profile.  Raises UnknownNamespace, UnknownMemory."""
        profile = self.opened(ref)
        found = None if profile is None else profile.get(identifier)
        if profile is None or found is None:
            raise UnknownMemory(id=identifier, profile=ref)
        return profile, found
