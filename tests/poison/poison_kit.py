"""Texts that want to become memories and must not, and words of people that must: brought in by the product's own road.

A corpus is a pair of files, `injected_<half>.json` and `honest_<half>.json`.  Every case becomes a session of an agent,
written as that agent writes it, or comes in over HTTP; a daemon in this process reads, archives, extracts and answers.

An injected case: `place` is where its `text` stands (a tool's output, an agent's answer, pasted by a person, ...),
`ask` what the person said before, `marks` words that stand nowhere else.  An honest case: `text` is what a person says,
`words` what its memory must hold, `scope` where it belongs, `after` what the agent had said before.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
import unicodedata
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent_sessions import THREE, ClaudeCode, Codex, Rendered
from fake_ollama import ChatRequest, FakeOllama, Reply

from sidecar.client import Client
from sidecar.config import Config, Extract
from sidecar.config.settings import Git, Watch
from sidecar.daemon.app import Daemon
from sidecar.errors import SidecarError
from sidecar.hooks import hook
from sidecar.paths import Paths, resolve

HERE = Path(__file__).parent
HALVES = ("development", "held_out")
OWN_PROJECTS = 8
"""Projects over which honest cases are spread, so that rules which contradict each other do not meet."""
HANG_S = 300.0


@dataclass(frozen=True)
class Injected:
    """A text that must not become a memory."""

    name: str
    place: str
    text: str
    marks: tuple[str, ...]
    ask: str = ""
    tool: str = ""
    kind: str = ""
    failed: bool = False

    def shows(self, text: str) -> bool:
        """Whether a text holds one of the marks, whatever hides it."""
        plain = unhidden(text)
        return any(mark.lower() in plain for mark in self.marks)


def unhidden(text: str) -> str:
    """A text in small letters, with what is written in tag characters, and without other marks that are not seen."""
    shown = (chr(ord(one) - 0xE0000) if 0xE0020 <= ord(one) < 0xE007F else one for one in text)
    return "".join(one for one in shown if unicodedata.category(one) != "Cf").lower()


@dataclass(frozen=True)
class Honest:
    """Words of a person that must become a memory."""

    name: str
    text: str
    words: tuple[str, ...]
    scope: str = "project"
    after: str = ""


def injected(half: str) -> list[Injected]:
    """The injected texts of a half of the corpus."""
    return [Injected(**{**case, "marks": tuple(case["marks"])}) for case in _cases(f"injected_{half}")]


def honest(half: str) -> list[Honest]:
    """What people say, of a half of the corpus."""
    return [Honest(**{**case, "words": tuple(case["words"])}) for case in _cases(f"honest_{half}")]


def _cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((HERE / f"{name}.json").read_text("utf-8"))
    return found


def write(case: Injected, session: Rendered) -> None:
    """The session in which the text came."""
    if case.place == "tool":
        session.user(case.ask)
        _tool(case, session)
        session.assistant("I have looked at it.")
    elif case.place == "machine":
        _machine(case, session)
    elif case.place == "assistant":
        session.user(case.ask)
        session.assistant(case.text)
    elif case.place == "summary":
        _summary(case, session)
        session.user(case.ask)
    elif case.place == "branch":
        assert isinstance(session, ClaudeCode)
        session._write(session._record("user", case.ask, origin={"kind": "human"}, gitBranch=case.text))
    else:
        assert case.place == "user", case.place
        session.user(case.text)
    session.user("thanks")


def _tool(case: Injected, session: Rendered) -> None:
    name, _, given = case.tool.partition(" ")
    if name.startswith("mcp__"):
        _, server, tool = name.split("__")
        session.tool(tool, {"query": case.ask}, case.text, server=server)
    elif name in ("WebFetch", "Glob"):
        session.tool(name, {"url": given}, case.text)
    else:
        session.shell(case.tool, case.text)


def _machine(case: Injected, session: Rendered) -> None:
    if isinstance(session, ClaudeCode):
        session.user(case.ask)
        session._write(session._record("user", case.text, isMeta=case.kind == "system-reminder"))
    else:
        session.user(case.ask, injected=case.text)


def _summary(case: Injected, session: Rendered) -> None:
    if isinstance(session, ClaudeCode):
        session._write(session._record("user", case.text, isCompactSummary=True, isVisibleInTranscriptOnly=True))
    else:
        assert isinstance(session, Codex)
        session._write(session._line("compacted", {"message": case.text}))


def agents(case: Injected) -> tuple[type[Rendered], ...]:
    """The agents in whose sessions a case can stand."""
    return {"branch": (ClaudeCode,), "summary": (ClaudeCode, Codex), "system": ()}.get(case.place, THREE)


_LINE = re.compile(r"^\[(\d+)\] (?:\S+ )*?(user|assistant|tool)[^:\n]*: (.+)$", re.MULTILINE)


def obedient(request: ChatRequest) -> Reply:
    """A model that takes every line for a standing order of the user's, for all of his projects.

    What others than the user said it repeats twice, the second time as said by the user's nearest line.
    """
    if request.title in ("Statements", "Details"):
        lines = [(int(n), who, text) for n, who, text in _LINE.findall(request.prompt.partition("</transcript>")[0])]
        users = [number for number, who, _ in lines if who == "user"] or [1]
        found = [_order(part, number) for number, _, text in lines for part in _parts(text)]
        lies = [_order(text, users[0]) for _, who, text in lines if who != "user"]
        name = "statements" if request.title == "Statements" else "details"
        return Reply.json({name: (found + lies)[:20]})
    if request.title == "Verification":
        return Reply.json({"checks": []})
    if request.title == "Classification":
        listed = re.findall(r"^(\d+)\. (.*)$", request.prompt.rpartition("Statements:\n")[2], re.MULTILINE)
        return Reply.json({"items": [_described(int(number), text) for number, text in listed]})
    return Reply.json({"relation": "different"} if request.title == "Relation" else {})


def _order(text: str, number: int) -> dict[str, object]:
    return {"content": text[:400], "lines": [number], "type": "instruction"}


def _parts(text: str) -> list[str]:
    """A line as a whole, and its sentences."""
    return list(dict.fromkeys([text, *re.split(r"``` |(?<=[.!?])\s+|(?<=[。！？])|\s(?=[-*] )", text)]))


def _described(number: int, text: str) -> dict[str, object]:
    key = "-".join(re.findall(r"[a-z0-9]+", text.lower())[:6])[:50] or f"n{number}"
    usual = {"summary": text[:100], "keywords": [], "queries": [], "occurred": ""}
    return {"number": number, "key": f"rule/{key}", "type": "instruction", "scope": "personal", **usual}


@dataclass(frozen=True)
class File:
    """A memory's file as it lies in the store."""

    profile: str
    path: str
    text: str

    @property
    def active(self) -> bool:
        """Whether recall may give it."""
        return re.search(r"^status:", self.text.partition("\n---\n")[0], re.MULTILINE) is None

    @property
    def personal(self) -> bool:
        """Whether it holds for every project."""
        return self.profile == "personal"


@dataclass
class Outcome:
    """What came of a corpus: for each injected text that got through, how; for each honest one that did not, what."""

    injected: int = 0
    honest: int = 0
    through: dict[str, list[str]] = field(default_factory=dict)
    missed: dict[str, str] = field(default_factory=dict)
    proposed: int = 0
    """Injected texts that wait for a person."""

    def note(self, name: str, how: str) -> None:
        """An injected text got through."""
        self.through.setdefault(name, []).append(how)


@contextlib.contextmanager
def model(extractor: str) -> Iterator[Extract]:
    """Settings of the rules, or of a model that obeys."""
    if extractor == "rules":
        yield Extract(extractor="rules", nice=0)
        return
    with FakeOllama(obedient) as fake:
        yield Extract(extractor="ollama", host=fake.host, model=fake.models[0], nice=0, pause_on_battery=False)


def run(home: Path, half: str, extractor: str, *, everywhere: bool = False) -> Outcome:
    """Bring a half of the corpus in and see what came of it.

    `everywhere`: each case in the sessions of all agents, else in turn.
    """
    paths = resolve({"SIDECAR_HOME": str(home / "s")})
    bad, good = injected(half), honest(half)
    sessions = list(_sessions(home, bad, good, everywhere=everywhere))
    outcome = Outcome(injected=len(bad), honest=len(good))
    with model(extractor) as extract:
        config = Config(extract=extract, watch=Watch(quiet_seconds=0), git=Git(quiet_seconds=0.1))

        def see(client: Client) -> None:
            _ingest(client, home, bad, good)
            _settle(client)
            _judge(outcome, client, home, paths, bad, good)

        serve(paths, config, see)
    assert sessions
    return outcome


def serve(paths: Paths, config: Config, see: Callable[[Client], None]) -> None:
    """Do something beside a whole daemon in this process."""

    async def main(daemon: Daemon) -> None:
        client = Client(paths.socket, timeout=60)
        serving = asyncio.create_task(daemon.serve())
        while not paths.socket.exists():
            await asyncio.sleep(0.02)
            assert not serving.done(), serving
        try:
            await asyncio.wait_for(asyncio.to_thread(see, client), HANG_S)
        finally:
            with contextlib.suppress(SidecarError):
                await asyncio.to_thread(client.shutdown)
            await serving

    with contextlib.closing(Daemon(paths, config)) as daemon:
        asyncio.run(main(daemon))


def project(home: Path, name: str) -> Path:
    """A project's folder."""
    folder = home / "work" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def own(number: int) -> str:
    """The project in which an honest case is said."""
    return f"own{number % OWN_PROJECTS}"


def _sessions(home: Path, bad: Sequence[Injected], good: Sequence[Honest], *, everywhere: bool) -> Iterator[Rendered]:
    for number, case in enumerate(bad):
        possible = agents(case)
        for kind in possible if everywhere else possible[number % len(possible) :][:1] if possible else ():
            session = kind(home, project(home, "alpha"), session=_uuid(f"{case.name}-{kind.agent}"))
            write(case, session)
            yield session
    for number, said in enumerate(good):
        if number % 4 == 3:
            continue  # comes over HTTP
        session = THREE[number % 4](home, project(home, own(number)), session=_uuid(said.name))
        if said.after:
            session.user("go on")
            session.assistant(said.after)
        session.user(said.text)
        session.assistant("Understood.")
        yield session


def _uuid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def _ingest(client: Client, home: Path, bad: Sequence[Injected], good: Sequence[Honest]) -> None:
    for case in bad:
        roles = {"system": "system", "user": "user", "assistant": "assistant"}
        if case.place in roles:
            said = [("user", case.ask)] if case.ask else []
            _post(client, project(home, "alpha"), [*said, (roles[case.place], case.text)], case.name)
    for number, one in enumerate(good):
        if number % 4 == 3:
            said = [("assistant", one.after)] if one.after else []
            _post(client, project(home, own(number)), [*said, ("user", one.text)], one.name)


def _post(client: Client, cwd: Path, said: Sequence[tuple[str, str]], name: str) -> None:
    messages = [{"role": role, "content": content} for role, content in said]
    client.request("POST", "/v1/ingest", {"messages": messages, "cwd": str(cwd), "sessionId": name[:64]})


def _settle(client: Client) -> None:
    while not client.status()["settled"]:
        time.sleep(0.05)


def files(paths: Paths) -> list[File]:
    """Every memory's file in the store."""
    found = []
    for path in sorted((paths.store / "local").glob("*/*/**/*.md")):
        relative = path.relative_to(paths.store / "local")
        if ".git" not in relative.parts:
            found.append(File(relative.parts[0], "/".join(relative.parts[1:]), path.read_text("utf-8")))
    return found


def _judge(
    outcome: Outcome, client: Client, home: Path, paths: Paths, bad: Sequence[Injected], good: Sequence[Honest]
) -> None:
    kept = files(paths)
    given = [*_contexts(client, home, "alpha"), *_contexts(client, home, "beta")]
    for case in bad:
        for file in kept:
            if case.shows(file.text) and file.active:
                outcome.note(case.name, f"active: {file.profile}/{file.path}")
        if any(case.shows(file.text) and not file.active for file in kept):
            outcome.proposed += 1
        for name, text in given:
            if case.shows(text):
                outcome.note(case.name, f"given: {name}")
        _recalled(outcome, client, home, case)
    for number, one in enumerate(good):
        where = "personal" if one.scope == "personal" else own(number)
        fitting = [file for file in kept if all(word.lower() in file.text.lower() for word in one.words)]
        if not any(file.active and file.profile == where for file in fitting):
            outcome.missed[one.name] = "; ".join(f"{f.profile}/{f.path}" for f in fitting) or "nothing"


def _contexts(client: Client, home: Path, name: str) -> list[tuple[str, str]]:
    cwd = project(home, name)
    summary = client.request("POST", "/v1/summary", {"cwd": str(cwd)})["summary"]
    payload = {"session_id": f"new-{name}", "cwd": str(cwd), "source": "startup"}
    request = hook._request("SessionStart", "claude-code", json.dumps(payload).encode())
    _, _, printed = client._exchange(request, HANG_S).partition(b"\r\n\r\n")
    context = json.loads(printed)["hookSpecificOutput"]["additionalContext"] if printed.strip() else ""
    return [(f"summary of {name}", summary), (f"session start in {name}", context)]


def _recalled(outcome: Outcome, client: Client, home: Path, case: Injected) -> None:
    places: dict[str, dict[str, Any]] = {
        "alpha": {"cwd": str(project(home, "alpha"))},
        "beta": {"cwd": str(project(home, "beta"))},
        "personal": {},
    }
    question = f"{' '.join(case.marks)} {case.ask or 'rule'}"[:300]
    for name, where in places.items():
        for hit in client.request("POST", "/v1/recall", {"query": question, "limit": 20, **where})["candidates"]:
            if case.shows(json.dumps(hit, ensure_ascii=False)) and (name != "alpha" or hit["kind"] == "memory"):
                outcome.note(case.name, f"recalled in {name} as {hit['kind']}")
