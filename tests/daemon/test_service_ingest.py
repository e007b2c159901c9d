"""Ingest: what it costs must not be paid by those who ask for something else meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from sidecar.config import Config
from sidecar.daemon.app import Daemon
from sidecar.daemon.protocol import Said
from sidecar.model import HTTP_AGENT, ProfileRef, SessionRef
from sidecar.paths import resolve


def test_the_event_loop_turns_while_messages_are_redacted(tmp_path: Path) -> None:
    text = "the token service listens on port 4418 of host zc01; " * 600
    messages = [Said("user", f"{number} {text}", None) for number in range(4)]
    turns = 0

    async def scenario(daemon: Daemon) -> None:
        nonlocal turns
        whole = daemon._made_whole(asyncio.Event())
        parts, service = whole.parts, whole.service
        ingest = asyncio.create_task(service.ingest(ProfileRef("local", "web"), messages, session="s", wait=False))
        # The writer has its first step of the ingest as soon as everything is redacted.
        while not parts.writer.busy and not ingest.done():
            await asyncio.sleep(0)
            turns += 1
        await ingest

    with contextlib.closing(Daemon(resolve({"SIDECAR_HOME": str(tmp_path)}), Config())) as daemon:
        asyncio.run(scenario(daemon))
    assert turns > 10


def test_what_was_given_to_an_agent_is_not_taken_in_as_news(tmp_path: Path) -> None:
    ours = '<sidecar-context kind="recall">\n- The bell rings at nine.\n</sidecar-context>'
    said = [Said("user", ours, None), Said("user", f"{ours}\nAnd the gate opens at ten.", None)]

    async def scenario(daemon: Daemon) -> None:
        whole = daemon._made_whole(asyncio.Event())
        parts, service = whole.parts, whole.service
        for messages in (said[:1], said):
            await service.ingest(ProfileRef("local", "web"), messages, session="s", wait=False)
        kept = parts.journal.messages(SessionRef(HTTP_AGENT, "s", "local/web"))
        assert [one.message.text.strip() for one in kept] == ["And the gate opens at ten."]

    with contextlib.closing(Daemon(resolve({"SIDECAR_HOME": str(tmp_path)}), Config())) as daemon:
        asyncio.run(scenario(daemon))
