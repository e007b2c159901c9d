"""`sidecar export` and `import` over the socket: whole files or none, for the user's eyes alone."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from home_kit import Scenario, World

from sidecar.daemon.server import Server
from sidecar.paths import user_home

Run = Callable[[Scenario], None]
Command = Callable[..., Awaitable[subprocess.CompletedProcess[str]]]


def command(socket_path: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "SIDECAR_SOCKET": str(socket_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    line = [sys.executable, "-m", "sidecar", *arguments]
    return subprocess.run(line, env=environ, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def served(run: Run, scenario: Callable[[World, Command], Any]) -> None:
    async def main(world: World) -> None:
        path = world.folder / "s.sock"
        server = Server(world.service, path, environ={})
        await server.start()
        try:

            async def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
                return await asyncio.to_thread(command, path, world.folder, *arguments)

            await scenario(world, cli)
        finally:
            await server.stop()

    run(main)


def test_an_export_is_whole_or_not_there_and_for_the_users_eyes_alone(run: Run) -> None:
    async def scenario(world: World, cli: Command) -> None:
        world.hand("facts/a.md", "Racks are blue.\n")
        world.hand("private/facts/b.md", "Only for me.\n")
        done = await cli("export", "all.tar", "-p", "web")
        assert (done.returncode, done.stdout) == (0, "Exported 1 memory of web to all.tar.\n"), done.stderr
        assert "private/ [1 memory]: private. Ask for it with --private." in done.stderr
        target = world.folder / "all.tar"
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        before = target.read_bytes()
        refused = await cli("export", "all.tar", "-p", "web")
        assert refused.returncode == 2
        assert "--force" in refused.stderr
        unknown = await cli("export", "all.tar", "--force", "-p", "web", "--namespace", "nowhere")
        assert unknown.returncode == 4, unknown.stderr
        assert target.read_bytes() == before
        assert (await cli("export", "all.tar", "--force", "--private", "-p", "web")).returncode == 0
        piped = await cli("export", "-", "--format", "jsonl", "-p", "web")
        assert [json.loads(line).get("path") for line in piped.stdout.splitlines()][1:] == ["facts/a.md"]
        assert sorted(one.name for one in world.folder.iterdir() if "tmp" in one.name) == []
        again = await cli("import", "all.tar", "-p", "copy", "--json")
        assert json.loads(again.stdout)["counts"]["add"] == 2, again.stderr
        nothing = await cli("export", "none.tar", "-p", "nobody")
        assert nothing.stdout.startswith("Exported 0 memories of nobody")

    served(run, scenario)


def test_an_import_tells_what_it_did_and_what_it_could_not_do(run: Run) -> None:
    async def scenario(world: World, cli: Command) -> None:
        items = [{"id": "a", "memory": "Racks are blue.", "metadata": {"region": "north"}}]
        world.file("m.json", json.dumps(items))
        would = await cli("import", "files/m.json", "-p", "web", "--dry-run")
        assert "Would: add 1." in would.stdout, would.stderr
        assert "metadata.region: north" in would.stderr
        assert world.memories() == []
        done = await cli("import", "files", "-p", "web")
        assert "Read 1 file of mem0. Did: add 1." in done.stdout
        assert "fact · " in done.stdout
        world.file("readme.md", "# Hello\n")
        failed = await cli("import", "files/readme.md", "-p", "web")
        assert failed.returncode == 21
        assert "Error: Nothing could be taken from" in failed.stderr
        for wide in ("/", str(user_home())):
            refused = await cli("import", wide, "-p", "web")
            assert refused.returncode == 2, refused.stderr
            assert "holds your home; name the folder" in refused.stderr

    served(run, scenario)


def test_an_answer_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "cut.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")

        thread = threading.Thread(target=answer)
        thread.start()
        done = command(path, tmp_path, "export", "all.tar", "-p", "web")
        thread.join()
    assert "cut off" in done.stderr, done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["cut.sock"]
    gone = command(tmp_path / "no.sock", tmp_path, "export", "all.tar", "-p", "web")
    assert gone.returncode == 3
