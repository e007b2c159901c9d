"""The memory for programs on asyncio."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sidecar import errors, meeting
from sidecar.client import MAX_ANSWER, Answer, Client, encoded
from sidecar.memory import asks
from sidecar.memory.asks import Ask, Moment
from sidecar.memory.shapes import Item, Length, Level, Listed, MemoryKind, Recalled, Said, Status, ToolResult

_PATIENT_S = 900.0
"""Seconds for what a model takes part in: as long as the daemon itself waits for one."""


_CHUNK = 65_536


class AsyncMemory:
    """As `Memory`, for asyncio; one may be shared by many tasks, and each call may be cancelled.

    `cwd`: any folder of a project, whose memory is meant; this process's folder if absent.  `profile`: a memory by name
    instead, such as `personal`.  `socket`: where the daemon listens, if not where the environment says.  `timeout`:
    seconds that an answer may take.  Nothing is opened or asked before a method is called.

    Every method raises the daemon's own errors (`sidecar.errors`): NoDaemon where none runs, NotFound, FieldError, and
    their like; the note on each says what to do.
    """

    def __init__(
        self,
        cwd: str | os.PathLike[str] | None = None,
        *,
        profile: str | None = None,
        namespace: str | None = None,
        socket: str | os.PathLike[str] | None = None,
        timeout: float = 30.0,
    ) -> None:
        self._where = asks.place(cwd, profile, namespace)
        self._client = Client(meeting.socket_path(os.environ) if socket is None else socket, timeout)
        self._timeout = timeout

    async def recall(
        self,
        query: str,
        *,
        level: Level = "low",
        length: Length = "medium",
        limit: int | None = None,
        types: Sequence[MemoryKind] | None = None,
        tags: Sequence[str] = (),
        since: Moment | None = None,
        before: Moment | None = None,
        at: Moment | None = None,
        today: Moment | None = None,
        session: str | None = None,
        budget: int | None = None,
        include: Sequence[str] = (),
    ) -> Recalled:
        """What is known of a question; nothing relevant is `count` 0 and an empty `answer`.

        `level`: low asks no model.  `tags`: only memories that have all of them.  `since`, `before`: only what was said
        in that time.  `at`: as it was at the end of a day, at a moment, or in a snapshot or commit.
        `today`: the day from which "last week" counts.  `session`: only what it said.  `budget`: tokens that the
        candidates may take together.  `include`: further profiles.
        """
        ask = asks.recall(
            self._where,
            query,
            level=level,
            length=length,
            limit=limit,
            types=types,
            tags=tags,
            since=since,
            before=before,
            at=at,
            today=today,
            session=session,
            budget=budget,
            include=include,
        )
        return cast("Recalled", await self._asked(ask))

    async def remember(
        self,
        content: str,
        *,
        kind: MemoryKind | None = None,
        key: str | None = None,
        tags: Sequence[str] = (),
        pinned: bool = False,
        session: str | None = None,
    ) -> Item:
        """Keep one statement, which is on disk and recallable when this returns; secrets in it are not kept.

        `kind` is judged from the words if absent.  `key`: its topic, such as `web/port`; a later statement of the same
        topic takes its place.
        """
        ask = asks.remember(self._where, content, kind=kind, key=key, tags=tags, pinned=pinned, session=session)
        return cast("Item", await self._asked(ask))

    async def ingest(self, messages: Iterable[Said], *, session: str | None = None, wait: bool = False) -> None:
        """Keep what was said, which is recallable when this returns, and have it learned from soon.

        `messages`: each has `role` (system, user or assistant), `content`, and `timestamp` if it is known.  Those of
        OpenAI's and Anthropic's APIs are taken as they are: their text is kept, calls of tools and results are left
        out.  `session`: the conversation's name (64 characters at most), so that it may be given again as it grows;
        what is known already is not taken twice.  `wait`: return once it has been learned from.
        """
        ask = asks.ingest(self._where, messages, session=session, wait=wait)
        if ask is not None:
            await self._asked(ask)

    async def memories(
        self,
        limit: int = 20,
        *,
        kind: MemoryKind | None = None,
        status: Status | None = None,
        tag: str | None = None,
        session: str | None = None,
    ) -> list[Listed]:
        """The newest memories without their content, the latest observed first; active ones unless `status` says."""
        found: list[Listed] = []
        cursor: str | None = None
        while len(found) < limit:
            left = limit - len(found)
            ask = asks.listing(self._where, left, cursor, kind=kind, status=status, tag=tag, session=session)
            answer = await self._answer(ask)
            found += cast("list[Listed]", answer.result)
            cursor = answer.result_info.get("cursor")
            if cursor is None:
                break
        return found

    async def get(self, identifier: str) -> Item:
        """One memory.  Raises UnknownMemory."""
        return cast("Item", await self._asked(asks.get(self._where, identifier)))

    async def edit(
        self,
        identifier: str,
        *,
        content: str | None = None,
        kind: MemoryKind | None = None,
        key: str | None = None,
        tags: Sequence[str] | None = None,
        pinned: bool | None = None,
        expected_sha256: str | None = None,
    ) -> Item:
        """Change a memory in its file; a new `content` counts as a person's correction.

        `expected_sha256`: of the memory that was seen; ChangedOnDisk if it is another one by now.
        """
        fields = {
            "content": content,
            "type": kind,
            "key": key,
            "tags": None if tags is None else list(tags),
            "pinned": pinned,
            "expected_sha256": expected_sha256,
        }
        return cast("Item", await self._asked(asks.edit(self._where, identifier, fields)))

    async def forget(self, identifier: str, reason: str | None = None) -> Item:
        """Archive a memory that is no longer true or wanted; it is not learned again, and this can be undone."""
        return cast("Item", await self._asked(asks.forget(self._where, identifier, reason)))

    async def summary(self, session: str | None = None) -> str:
        """The memory in one page of Markdown; empty where nothing is known.  `session`: taken for the last one."""
        return str((await self._asked(asks.summary(self._where, session)))["summary"])

    async def memory_tool(self, command: Mapping[str, Any], *, session: str | None = None) -> ToolResult:
        """Carry out a command of the memory tool of Anthropic's API; see `sidecar.memory_tool`."""
        return cast("ToolResult", await self._asked(asks.tool(self._where, command, session)))

    async def _asked(self, ask: Ask) -> Any:  # noqa: ANN401 - JSON
        return (await self._answer(ask)).result

    async def _answer(self, ask: Ask) -> Answer:
        limit = max(self._timeout, _PATIENT_S) if ask.patient else self._timeout
        client = Client(self._client.socket_path)  # one for each call: several may be under way at once
        try:
            return client.decoded(await _exchanged(client, encoded(*ask[:4]), limit), ask[1])
        except errors.SidecarError as error:
            error.add_note(error.hint)
            raise


async def _exchanged(client: Client, request: bytes, limit: float) -> bytes:
    """Everything that comes back until the daemon closes the connection."""
    try:
        async with asyncio.timeout(limit):
            try:
                reader, writer = await asyncio.open_unix_connection(client.socket_path)
            except OSError as error:
                raise client.nobody(error) from error
            try:
                writer.write(request)
                await writer.drain()
                received = await _all(reader, client)
            finally:
                writer.close()
    except TimeoutError as error:
        raise errors.DaemonSilent(socket=client.socket_path, seconds=limit) from error
    except OSError as error:
        raise client.bad(error.strerror or str(error)) from error
    return received


async def _all(reader: asyncio.StreamReader, client: Client) -> bytes:
    received = bytearray()
    while piece := await reader.read(_CHUNK):
        received += piece
        if len(received) > MAX_ANSWER:
            raise client.bad("the answer is endless")
    return bytes(received)
