"""The client that everything of ours uses, against the server: the two halves of the wire agree."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from server_fake import Running, run

from sidecar import errors
from sidecar.client import Client, Profile


def using(running: Running, use: Callable[[Client], Any]) -> Any:
    return asyncio.to_thread(use, Client(running.path))


@pytest.mark.parametrize("profile", [Profile(cwd="/home/ines/web"), Profile(name="web")], ids=["folder", "name"])
def test_the_client_reaches_every_operation(tmp_path: Path, profile: Profile) -> None:
    def use(client: Client) -> None:
        assert client.health()["status"] == "ok"
        assert client.status()["settled"] is True
        memory = client.remember(profile, "Use pnpm.", tags=["build"])
        assert client.recall(profile, "pnpm", limit=3)["count"] == 1
        assert client.memories(profile, status="all", per_page=5)[0]["id"] == memory["id"]
        assert client.last is not None
        assert client.last.result_info["count"] == 1
        assert client.memory(profile, memory["id"], history=True)["history"]["versions"]
        assert client.proposed(profile, per_page=1)[0]["content"] == "Use pnpm."
        assert client.review(profile, memory["id"], "accept")["id"] == memory["id"]
        assert client.forget(profile, memory["id"], "moved") is not None
        assert client.search(profile, "pnpm") == {"count": 0, "candidates": []}
        assert client.summary(profile)["summary"].startswith("## ")
        assert client.log(profile, limit=1)[0]["commit"]
        assert client.ingest_transcripts(["/t/a.jsonl"], dry_run=True)["sessions"] == 1
        for steer in (client.pause, client.resume, client.rebuild, client.shutdown):
            steer()

    async def scenario(running: Running) -> None:
        await using(running, use)
        targets = {str(one) for call in running.api.calls for one in call if type(one).__name__ == "ProfileRef"}
        assert targets == {"local/web"}

    run(tmp_path, scenario)


def test_errors_arrive_as_their_own_class(tmp_path: Path) -> None:
    def use(client: Client) -> None:
        with pytest.raises(errors.UnknownMemory, match="There is no memory 01M in profile local/web"):
            client.memory(Profile(name="web"), "01M")
        with pytest.raises(errors.FieldError, match="query: must not be blank"):
            client.recall(Profile(), " ")
        with pytest.raises(errors.UnknownRoute):
            client.request("GET", "/v1/nothing")

    async def scenario(running: Running) -> None:
        await using(running, use)

    run(tmp_path, scenario)
