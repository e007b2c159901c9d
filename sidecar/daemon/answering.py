"""Recall for the daemon's faces: the first thing that it can do.

It answers from the index and is imported with little else, so that what comes first with a start is answered before
the rest of the daemon is imported and wired (see `opening`).  What it needs of that rest, it waits for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Literal, ParamSpec, TypeVar

from sidecar.config import Config
from sidecar.daemon.budget import within
from sidecar.daemon.opening import Opening
from sidecar.daemon.protocol import Freshness, Question
from sidecar.daemon.recallers import Recallers
from sidecar.daemon.relating import alone, dressed
from sidecar.errors import IndexUnusable, UnknownNamespace
from sidecar.index import Index, Kind
from sidecar.model import Hit, ProfileRef
from sidecar.recall import Recall, RecallAnswer, RecallRequest
from sidecar.records import dataclass
from sidecar.routing import Router
from sidecar.routing.names import PERSONAL
from sidecar.store import Profile, Store

if TYPE_CHECKING:
    from sidecar.daemon.history import AsOf  # of the rest, which is imported later
    from sidecar.recall.thinking import Fit

P = ParamSpec("P")
T = TypeVar("T")

_RECALLS_AT_ONCE = 2
"""Each is mostly Python: more threads wait for the interpreter longer than they gain from searching side by side."""

_LOOKED_THROUGH = "the memory files are still being looked through"


class Found:
    """A recall's answer with notes for the reader; `hits`: those of the answer that are given."""

    def __init__(self, found: RecallAnswer, hits: Sequence[Hit], notes: Sequence[str]) -> None:
        self.answer, self.explanation, self.hits, self.notes = found.answer, found.explanation, hits, notes


@dataclass(frozen=True, slots=True)
class Rest:
    """What recalls need of the rest of the daemon.

    `as_of` answers for a tag or commit.  `think` asks the model; its last argument cuts to what is asked for.  `refill`
    brings the index up to the files, or with True makes it anew.  `freshness` is that of the index.
    """

    as_of: Callable[[Sequence[ProfileRef], str], Awaitable[AsOf]]
    think: Callable[[RecallRequest, RecallAnswer, Literal["medium", "high"], Fit], Awaitable[RecallAnswer]]
    refill: Callable[[bool], Awaitable[object]]
    freshness: Callable[[], Freshness]


class Answering:
    """Answers recalls, from the start of the server on; `complete` gives it what it may have to wait for."""

    def __init__(
        self, index: Index, store: Store, router: Router, config: Config, opening: Opening, recallers: Recallers
    ) -> None:
        self._index, self._store, self._router, self._config = index, store, router, config
        self._opening, self._recallers = opening, recallers
        self._rest: Rest | None = None
        self.search = Recall(index)
        self._threads = ThreadPoolExecutor(_RECALLS_AT_ONCE, thread_name_prefix="sidecar-recall")

    def complete(self, rest: Rest) -> None:
        """The rest of the daemon is there; before the opening is over."""
        self._rest = rest

    def adopt(self, config: Config) -> None:
        """Take over new settings, for the recalls to come."""
        self._config = config

    async def route(self, cwd: str | None, *, create: bool) -> ProfileRef:
        """The profile of a folder; one that rules ignore is answered from `personal`."""
        if create or not self._router.knows_projects:
            await self._opening.wait()
        route = await asyncio.to_thread(self._router.route_cwd, cwd, create=create)
        return route.profile or ProfileRef(self._config.namespace, PERSONAL)

    async def recall(self, ref: ProfileRef, question: Question, *, include: Sequence[ProfileRef]) -> Found:
        """Search a profile, `personal` beside it if the folder decided, and those that are included."""
        self.known(ref.namespace)
        keeps_messages = self._config.archive.enabled
        profiles = tuple(dict.fromkeys([ref, *include, *self._beside(ref, routed=question.routed)]))
        kinds = tuple(kind for kind in question.kinds if kind == "memory" or keeps_messages)
        recall, notes, at = self.search, list[str](), question.at
        if isinstance(at, str):
            past = await (await self._whole()).as_of(profiles, at)
            recall, profiles, kinds, at = past.recall, past.profiles, ("memory",), None
            notes += past.notes
        request = self._request(question, profiles, kinds, at)
        if question.level == "low" and self._opening.over:
            return await self._searched(recall, request, question, notes)
        found = await self._asked(recall, request)
        if question.level != "low" and recall is not self.search:
            notes.append("degraded: a snapshot or commit is searched without the model")
        elif question.level != "low":
            found = await (await self._whole()).think(
                request, found, question.level, lambda hits: within(hits, question.budget).kept
            )
        if not self._opening.over:
            if (given := self._as_it_is(found, question, notes)) is not None:
                return given
            await self._opening.wait()
        return await asyncio.to_thread(self._given, found, question, notes)

    def let_go(self) -> None:
        """End the processes beside the daemon, which may hold open what is to be gone from the disk."""
        self._recallers.end()

    def close(self) -> None:
        """End what was started for recalls, for good; they can still be answered."""
        self._recallers.close()

    async def freshness(self) -> Freshness:
        """How fresh the index is."""
        found = Freshness(self._index.generation, 0) if self._rest is None else self._rest.freshness()
        return found if self._opening.over else replace(found, degraded=(*found.degraded, _LOOKED_THROUGH))

    async def refresh_index(self) -> None:
        """An index whose folder was deleted is refilled before it answers."""
        if not self._index.intact():
            await (await self._whole()).refill(False)

    def known(self, namespace: str) -> None:
        """Raises UnknownNamespace."""
        if not self._store.has_namespace(namespace):
            raise UnknownNamespace(name=namespace)

    def open(self, ref: ProfileRef) -> Profile | None:
        """A profile, if there is one."""
        return self._store.open(ref) if ref in self._store.profiles(ref.namespace) else None

    def _given(self, found: RecallAnswer, question: Question, notes: Sequence[str]) -> Found:
        """An answer as it is given: within its budget, and with what is told of its memories besides."""
        # Mostly there is nothing, which a look at the folder tells sooner than one at each memory.
        if (given := self._as_it_is(found, question, notes)) is not None:
            return given
        fitted = within(found.hits, question.budget)
        hits = dressed(fitted.kept, self.open, linked=question.at is None)
        return Found(found, hits, [*notes, *found.notes, *fitted.notes])

    def _as_it_is(self, found: RecallAnswer, question: Question, notes: Sequence[str]) -> Found | None:
        """The same, if nothing is to be told of its memories besides."""
        fitted = within(found.hits, question.budget)
        if not alone(fitted.kept, self._store.has_arrivals):
            return None
        return Found(found, fitted.kept, [*notes, *found.notes, *fitted.notes])

    async def _searched(
        self, recall: Recall, request: RecallRequest, question: Question, notes: Sequence[str]
    ) -> Found:
        """What a search gives, by a process beside the daemon where there is one; mostly there is none."""
        with self._recallers.counted():
            await self.refresh_index()
            found = await self._recallers.answer(request) if recall is self.search else None
            if found is None:
                # One way to another thread and back: each costs as much as a search.
                return await self._asked(lambda: self._given(recall(request), question, notes))
        if (given := self._as_it_is(found, question, notes)) is not None:
            return given
        return await asyncio.to_thread(self._given, found, question, notes)

    def _request(
        self, question: Question, profiles: tuple[ProfileRef, ...], kinds: tuple[Kind, ...], at: datetime | None
    ) -> RecallRequest:
        return RecallRequest(
            query=question.query,
            profiles=profiles,
            limit=question.limit or self._config.recall.limit,
            types=tuple(str(one) for one in question.types),
            kinds=kinds,
            session=question.session,
            reference=question.reference or datetime.now(UTC),
            response_length=question.length,
            at=at,
            explain=question.explain,
            tags=question.tags,
            since=question.since,
            before=question.before,
        )

    async def _asked(self, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the index says; one that turns out to be damaged is made anew from the files, and asked again."""
        await self.refresh_index()
        ask_now, loop = partial(ask, *args, **kwargs), asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, ask_now)
        except IndexUnusable:
            await (await self._whole()).refill(True)
            return await loop.run_in_executor(self._threads, ask_now)

    async def _whole(self) -> Rest:
        if self._rest is None:
            await self._opening.wait()
        if self._rest is None:
            raise RuntimeError("the opening is over, and the daemon is not whole")
        return self._rest

    def _beside(self, ref: ProfileRef, *, routed: bool) -> list[ProfileRef]:
        """`personal`, where the folder and not a name decided."""
        return [ProfileRef(ref.namespace, PERSONAL)] if routed and self._config.recall.include_personal else []
