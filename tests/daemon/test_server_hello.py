"""The daemon's half of the versioned hello: it names its language, and refuses one that it no longer understands."""

from __future__ import annotations

from pathlib import Path

import pytest
from server_fake import Running, run

from sidecar import __version__, hello

TOO_OLD = str(hello.OLDEST - 1)


def test_every_answer_names_version_and_language(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        for target in ("/v1/healthz", "/v1/metrics", "/v1/openapi.json", "/v1/nowhere"):
            response = await running.ask("GET", target)
            assert response.headers["Server"] == f"sidecar/{__version__}"
            assert response.headers[hello.HEADER] == str(hello.PROTOCOL)

    run(tmp_path, scenario)


def test_a_program_too_old_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        body = {"content": "The API listens on 8080."}
        response = await running.ask("POST", "/v1/remember", body, Sidecar_Protocol=TOO_OLD)
        assert response.status == 426
        [error] = response.json["errors"]
        assert f"speaks protocol {TOO_OLD}" in error["message"]
        assert "Restart" in error["hint"]
        assert running.api.calls == []

    run(tmp_path, scenario)


@pytest.mark.parametrize("path", sorted(hello.ALWAYS - {"/v1/shutdown"}))
def test_what_is_always_answered_is_answered_to_the_oldest_too(tmp_path: Path, path: str) -> None:
    async def scenario(running: Running) -> None:
        assert (await running.ask("GET", path, Sidecar_Protocol=TOO_OLD)).status == 200

    run(tmp_path, scenario)


def test_the_oldest_program_can_end_the_daemon(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        assert (await running.ask("POST", "/v1/shutdown", {}, Sidecar_Protocol=TOO_OLD)).status == 200

    run(tmp_path, scenario)


@pytest.mark.parametrize("spoken", ["", str(hello.PROTOCOL), str(hello.PROTOCOL + 7), "ten", "-1", "1.5", "9" * 5000])
def test_a_newer_program_and_one_that_is_not_ours_are_served(tmp_path: Path, spoken: str) -> None:
    async def scenario(running: Running) -> None:
        response = await running.ask("POST", "/v1/recall", {"query": "port"}, Sidecar_Protocol=spoken)
        assert response.status == 200

    run(tmp_path, scenario)
