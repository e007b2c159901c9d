"""What the daemon imports after its start: nothing is imported long after it, when the package may be another one."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.config import Config, Extract
from sidecar.daemon import later

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("settings", "by_model"),
    [
        (Extract(), True),
        (Extract(extractor="none"), False),
        (Extract(extractor="rules"), False),
        (Extract(extractor="rules", recall_model="small"), True),
    ],
)
def test_what_is_needed_depends_on_the_settings(settings: Extract, by_model: bool) -> None:
    names = later.needed(Config(extract=settings))
    assert "sidecar.index.static" in names
    assert ("sidecar.recall.thinking" in names) is by_model


def test_the_start_waits_for_none_of_it() -> None:
    program = "import json, sys, sidecar.daemon.app; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    there = set(json.loads(done.stdout))
    assert not there & set(later.needed(Config()))
    assert not there & {"model2vec", "joblib", "tokenizers", "httpx", "ollama", "mcp"}


def test_it_is_there_soon_after_and_again_with_other_settings() -> None:
    """In a process of its own: in this one all is imported already."""
    program = """
import asyncio, sys
from dataclasses import replace
from sidecar.config import Config, Extract
from sidecar.daemon import later
none = Config(extract=Extract(extractor="none"))
async def until(name):
    while name not in sys.modules:
        await asyncio.sleep(0.01)
async def main():
    service = later.Later(none, quiet_s=0)
    task = asyncio.create_task(service.serve())
    await until("sidecar.index.static")
    await asyncio.sleep(0.1)
    assert "sidecar.recall.thinking" not in sys.modules
    service.adopt(replace(none, extract=Extract()))
    await until("sidecar.recall.thinking")
    assert not task.done()
    task.cancel()
asyncio.run(asyncio.wait_for(main(), 60))
print("done")
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_every_name_is_a_module() -> None:
    later._import(later.needed(replace(Config(), extract=Extract())))
    asyncio.run(_ended())


async def _ended() -> None:
    """Whoever is cancelled while it waits ends."""
    task = asyncio.create_task(later.Later(Config(), quiet_s=0).serve())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
