"""The client in three lines against a real daemon, and the examples of docs/python.md as they stand there."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_chat import FakeChat, said
from running import HANG_S, Daemon, repository

from sidecar import AsyncMemory, Memory, errors
from sidecar.memory_tool import AWAY, DEFINITION, MemoryTool

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text("utf-8")
QUESTION = "When is the staging server rebuilt?"
FERRY = "The ferry to Oland leaves from quay nine."
ANSWER = "The staging server is rebuilt every Sunday night."


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One daemon for all of these tests, which keep to projects of their own."""
    home = tmp_path_factory.mktemp("h")
    (home / ".gitconfig").write_text("[user]\n\tname = x\n\temail = x@example.org\n")
    found = Daemon(home).start()
    yield found
    found.end()


@pytest.fixture
def project(daemon: Daemon, request: pytest.FixtureRequest) -> Path:
    name = re.sub(r"[^a-z]+", "-", request.node.name)[-30:].strip("-")
    return repository(daemon.home / name, name)


@pytest.fixture
def memory(daemon: Daemon, project: Path) -> Memory:
    return Memory(project, socket=daemon.socket, timeout=HANG_S)


def test_every_method_does_what_its_name_says(memory: Memory) -> None:
    assert memory.recall(QUESTION) == {"count": 0, "answer": "", "candidates": []}
    assert memory.summary() == ""
    kept = memory.remember(ANSWER, kind="fact", key="staging/rebuild", tags=["ops"], pinned=True, session="s1")
    assert (kept["type"], kept["key"], kept["tags"], kept["pinned"]) == ("fact", "staging/rebuild", ["ops"], True)
    assert memory.recall(QUESTION, types=["fact"], limit=1, budget=100)["candidates"][0]["id"] == kept["id"]
    assert memory.get(kept["id"])["content"] == ANSWER
    assert ANSWER in memory.summary()
    other = memory.remember("Invoices are numbered from 7000 on.")
    assert [one["id"] for one in memory.memories()] == [other["id"], kept["id"]] or len(memory.memories()) == 2
    assert [one["id"] for one in memory.memories(tag="ops", kind="fact", session="s1")] == [kept["id"]]
    assert len(memory.memories(1)) == 1
    changed = memory.edit(kept["id"], content=f"{ANSWER} It takes an hour.", expected_sha256=kept["sha256"])
    assert changed["content"].endswith("It takes an hour.")
    with pytest.raises(errors.ChangedOnDisk) as caught:
        memory.edit(kept["id"], pinned=False, expected_sha256=kept["sha256"])
    assert caught.value.__notes__ == [errors.ChangedOnDisk.hint], "the traceback says what to do"
    assert memory.forget(kept["id"], "moved")["status"] == "forgotten"
    assert memory.recall(QUESTION)["count"] == 0
    with pytest.raises(errors.UnknownMemory):
        memory.get("01M7WTWTW08H7W2R5T6Y5XK2QC")
    with pytest.raises(errors.FieldError, match="limit"):
        memory.recall(QUESTION, limit=1000)


def test_pages_are_joined(memory: Memory) -> None:
    for number in range(3):
        memory.remember(f"Pier {number} has {number + 10} bollards.")
    memory_of_pages = [memory.memories(count) for count in (2, 3, 600)]
    assert [len(found) for found in memory_of_pages] == [2, 3, 3]


def test_a_conversation_is_kept_once_whatever_its_form(memory: Memory, daemon: Daemon) -> None:
    messages = [
        {"role": "system", "content": "You are a harbour master."},
        {"role": "user", "content": [{"type": "text", "text": FERRY}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "tool", "tool_call_id": "1", "content": "never said by anybody"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "2"}, {"type": "text", "text": "Noted."}]},
        {"role": "user", "content": "<sidecar-context>\nour own words about bollards\n</sidecar-context>"},
    ]
    memory.ingest(messages, session="talk")
    memory.ingest(messages, session="talk", wait=True)
    memory.ingest([])
    found = memory.recall("Which quay does the ferry to Oland leave from?")["candidates"]
    assert FERRY in [one["content"] for one in found]
    assert memory.recall("bollards")["count"] == 0
    assert memory.recall("never said by anybody")["count"] == 0


def test_asyncio_has_the_same_methods_and_many_calls_at_once(daemon: Daemon, project: Path) -> None:
    for name, method in inspect.getmembers(Memory, inspect.isfunction):
        assert inspect.signature(method) == inspect.signature(getattr(AsyncMemory, name)), name

    async def talk() -> None:
        memory = AsyncMemory(project, socket=daemon.socket, timeout=HANG_S)
        kept = await memory.remember(ANSWER)
        found = await asyncio.gather(*(memory.recall(QUESTION) for _ in range(30)))
        assert [one["candidates"][0]["id"] for one in found] == [kept["id"]] * 30
        assert [one["id"] for one in await memory.memories()] == [kept["id"]]
        await memory.ingest([{"role": "user", "content": "We ship on Tuesdays."}])
        assert ANSWER in await memory.summary()
        assert not (await memory.memory_tool({"command": "view", "path": "/memories"}))["is_error"]
        assert (await memory.edit(kept["id"], pinned=True))["pinned"]
        assert (await memory.forget(kept["id"]))["id"] == (await memory.get(kept["id"]))["id"]
        with pytest.raises(errors.FieldError):
            await memory.remember("")

    asyncio.run(talk())


def test_without_a_daemon_it_is_one_clear_sentence(tmp_path: Path) -> None:
    nobody = str(tmp_path / "s")
    with pytest.raises(errors.NoDaemon, match=re.escape(f"No daemon answers on {nobody}.")) as caught:
        Memory(socket=nobody).recall("x")
    assert caught.value.__notes__ == ["Start it with `sidecar up --detach`."]
    with pytest.raises(errors.NoDaemon):
        asyncio.run(AsyncMemory(socket=nobody).recall("x"))
    assert MemoryTool(socket=nobody).run({"command": "view", "path": "/memories"}) == {
        "content": AWAY, "is_error": True,
    }  # fmt: skip


def test_the_tool_answers_blocks_and_tells_the_model_what_it_can_mend(daemon: Daemon, project: Path) -> None:
    tool = MemoryTool(project, session="talk-7", socket=daemon.socket, timeout=HANG_S)
    block = {"type": "tool_use", "id": "toolu_1", "name": "memory"}
    made = tool.answer({**block, "input": {"command": "create", "path": "/memories/a.md", "file_text": "Hello."}})
    text = "File created successfully at: /memories/a.md"
    assert made == {"type": "tool_result", "tool_use_id": "toolu_1", "content": text, "is_error": False}
    listed = Memory(project, socket=daemon.socket, timeout=HANG_S).memories(session="talk-7")
    assert [one["source"]["origin"] for one in listed] == ["memory_tool"]
    for wrong, why in (
        ({"command": "create", "path": "/memories/b.md"}, "`create` needs file_text"),
        ({"command": "move"}, "command: must be"),
        ({}, "command: is required"),
        ({"command": "view", "path": 7}, "path: must be a string"),
        ({"command": "view", "path": "/etc/passwd"}, "Path must start with /memories"),
    ):
        told = tool.run(wrong)
        assert told["is_error"]
        assert why in told["content"]
        assert str(daemon.home) not in told["content"]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def run(daemon: Daemon, project: Path, code: str, typed: str = "", **environ: str) -> str:
    """What an example prints, run as a person would run it."""
    environ = {**daemon.env(), **environ}
    done = subprocess.run(
        [sys.executable, "-c", code], input=typed, env=environ, cwd=project, capture_output=True, text=True,
        timeout=HANG_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_page_has_these_examples() -> None:
    assert [len(blocks(language)) for language in ("python", "sh")] == [4, 1]


def test_example_three_lines(daemon: Daemon, project: Path) -> None:
    assert run(daemon, project, blocks("python")[0]).endswith(f"{ANSWER}\n")


def test_example_a_loop_of_your_own(daemon: Daemon, project: Path, memory: Memory) -> None:
    memory.remember(ANSWER)
    with FakeChat([said("On Sunday night."), said("Fine.")]) as fake:
        url = f"{fake.url}/v1"
        out = run(daemon, project, blocks("python")[1], f"{QUESTION}\n{FERRY}\n", OPENAI_BASE_URL=url)
    assert "On Sunday night." in out
    first, second = (request["messages"] for request in fake.requests)
    assert f"- {ANSWER} [0 days old]" in first[0]["content"]
    assert [one["role"] for one in second] == ["system", "user", "assistant", "user"]
    found = memory.recall("Which quay does the ferry to Oland leave from?")["candidates"]
    assert FERRY in [one["content"] for one in found]


def test_example_an_agent_that_speaks_openais_api(daemon: Daemon, project: Path, memory: Memory) -> None:
    memory.remember(ANSWER)
    answers = [
        said(
            None, recall=json.dumps({"query": QUESTION}), remember=json.dumps({"content": "Ines likes short answers."})
        ),
        said(None, recall="not JSON", remember="{}"),
        said("On Sunday night."),
    ]
    with FakeChat(answers) as fake:
        out = run(daemon, project, blocks("python")[2], f"{QUESTION}\n", OPENAI_BASE_URL=f"{fake.url}/v1")
    assert out.endswith("On Sunday night.\n")
    assert {one["function"]["name"] for one in fake.requests[0]["tools"]} == {"recall", "remember"}
    results = [json.loads(one["content"]) for one in fake.requests[1]["messages"] if one["role"] == "tool"]
    assert results[0]["candidates"][0]["content"] == ANSWER
    assert results[1]["content"] == "Ines likes short answers."
    wrong = [json.loads(one["content"]) for one in fake.requests[2]["messages"] if one["role"] == "tool"][2:]
    assert all(one.keys() == {"error"} for one in wrong)


def test_example_the_memory_tool(daemon: Daemon, project: Path, memory: Memory) -> None:
    def used(number: int, **command: object) -> dict[str, object]:
        return {"type": "tool_use", "id": f"toolu_{number}", "name": "memory", "input": command}

    create = used(1, command="create", path="/memories/plan.md", file_text="We ship in May.")
    answers = [
        {"stop_reason": "tool_use", "content": [{"type": "text", "text": "Let me see."}, create]},
        {"stop_reason": "tool_use", "content": [used(2, command="view", path="/memories")]},
        {"stop_reason": "end_turn", "content": [{"type": "text", "text": "Done."}]},
    ]
    with FakeChat(answers) as fake:
        environ = {"ANTHROPIC_BASE_URL": fake.url, "ANTHROPIC_API_KEY": "none"}
        out = run(daemon, project, blocks("python")[3], "Plan it.\n", **environ)
    assert out.endswith("Done.\n")
    assert fake.requests[0]["tools"] == [DEFINITION]
    assert fake.headers[0]["anthropic-beta"] == "context-management-2025-06-27"
    results = [request["messages"][-1]["content"][0] for request in fake.requests[1:]]
    assert [one["tool_use_id"] for one in results] == ["toolu_1", "toolu_2"]
    assert results[1]["content"].endswith("16B\t/memories/plan.md")
    assert "We ship in May." in [one["content"] for one in memory.recall("When do we ship?")["candidates"]]


def test_example_curl(daemon: Daemon, project: Path) -> None:
    environ = {**os.environ, "SIDECAR_SOCKET": str(daemon.socket)}
    done = subprocess.run(
        ["sh", "-ec", blocks("sh")[0]], env=environ, cwd=project, capture_output=True, text=True, timeout=HANG_S
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["success"] for one in answers] == [True] * 4, done.stderr
    assert "7000" in answers[1]["result"]["answer"]


def test_it_is_cheap_to_import_and_stands_on_the_standard_library_alone() -> None:
    program = (
        "import sys; before = set(sys.modules)\n"
        "import sidecar; assert set(sys.modules) - before <= {'sidecar'}, set(sys.modules) - before\n"
        "from sidecar import Memory; from sidecar.memory_tool import MemoryTool\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "assert new <= {'sidecar'} | set(sys.stdlib_module_names), new\n"
        "heavy = {'asyncio', 'dataclasses', 'inspect', 'http', 'urllib', 'email', 'ssl', 'logging', 'pathlib'}\n"
        "assert not heavy & new, heavy & new\n"
    )
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, timeout=HANG_S,
                          env={"PYTHONPATH": str(Path(__file__).parents[2])})  # fmt: skip
    assert done.returncode == 0, done.stderr
