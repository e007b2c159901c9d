"""`sidecar bench`: how quick recall is, and whether memories are found by the questions that they answer."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from sidecar.cli import bench_home
from sidecar.cli.options import Command, client, json_option, paths
from sidecar.cli.output import bar, counted, print_json, table
from sidecar.cli.process import throwaway
from sidecar.client import Client, Profile
from sidecar.errors import NoDaemon, Unavailable
from sidecar.records import dataclass

_PAGE = 500
_DEPTHS = (1, 5, 10)
_WARM_UP = 5
"""Recalls before the clock counts: the first ones of a daemon read its index from disk."""

_SETTLE_SECONDS = 600.0
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Question:
    """What a memory says it answers."""

    profile: Profile
    memory: str
    text: str


@dataclass(frozen=True, slots=True)
class Asking:
    """How to ask: how many questions at most, and whether to draw a progress bar."""

    most: int
    drawn: bool


@click.command(cls=Command)
@click.option("--memories", type=click.IntRange(1, 100_000), default=500, show_default=True, help="Invented memories.")
@click.option(
    "--messages", type=click.IntRange(0, 1_000_000), default=2000, show_default=True, help="Invented messages."
)
@click.option(
    "--questions", type=click.IntRange(1), default=200, show_default=True, help="Most questions that are asked."
)
@click.option("--only", type=click.Choice(["synthetic", "store"]), help="One of the two parts  [default: both].")
@json_option
def bench(memories: int, messages: int, questions: int, only: str | None, as_json: bool) -> None:
    """Measure recall: on an invented project in a throw-away home, and on your own store.

    Each memory's own `queries` are asked: how long an answer takes over the socket, and whether the memory is among the
    first 1, 5 and 10 candidates.  It changes nothing; your store is measured only while the daemon runs.
    """
    asking = Asking(questions, not as_json and sys.stderr.isatty())
    found: dict[str, Any] = {}
    if only != "store":
        found["synthetic"] = _synthetic(memories, messages, asking)
    if only != "synthetic":
        found["store"] = _own(asking, needed=only == "store")
    if as_json:
        print_json(found)
        return
    _print(found)


def _synthetic(memories: int, messages: int, asking: Asking) -> dict[str, Any]:
    root = Path(tempfile.mkdtemp(prefix="sidecar-bench-")).resolve()
    try:
        bench_home.write_memories(root, memories)
        began = time.monotonic()
        with throwaway(bench_home.environ(root, dict(os.environ)), "sidecar bench --debug") as daemon:
            profile = Profile(name=bench_home.PROFILE)
            for done, (session, said) in enumerate(bench_home.sessions(messages)):
                _patiently(daemon, "POST", profile.route("ingest"), {"messages": said, "sessionId": session})
                _draw(asking, "Filling", done * len(said), messages)
            _settle(daemon, memories, messages)
            seconds = round(time.monotonic() - began, 1)
            store = root / "sidecar" / "store"
            return {"taken_in_s": seconds, **_measured(daemon, store, [("local", bench_home.PROFILE)], asking)}
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _patiently(daemon: Client, method: str, route: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
    """What a request answers, asked again while the daemon is busy with what it has just been given."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        try:
            return daemon.request(method, route, body)
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)


def _settle(daemon: Client, memories: int, messages: int = 0) -> None:
    """Until all is in the index and committed; what was ingested waits for an extractor that is not there."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while time.monotonic() < deadline:
        status = _patiently(daemon, "GET", "/v1/status")
        held = [
            sum(int(profile.get(kind, 0)) for profile in status.get("profiles", []))
            for kind in ("memories", "messages")
        ]
        if held[0] >= memories and held[1] >= messages and not (status.get("index") or {}).get("lag_ms"):
            return
        time.sleep(_POLL_SECONDS)
    raise Unavailable(what="The bench", why=f"it has not settled within {_SETTLE_SECONDS:g} s")


def _own(asking: Asking, *, needed: bool) -> dict[str, Any] | None:
    """The user's own store; None if no daemon runs, unless that is all that was asked for."""
    daemon = client()
    try:
        profiles = [(row["namespace"], row["name"]) for row in daemon.status().get("profiles", [])]
    except NoDaemon:
        if needed:
            raise
        return None
    return _measured(daemon, paths().store, profiles, asking)


def _measured(daemon: Client, store: Path, profiles: Sequence[tuple[str, str]], asking: Asking) -> dict[str, Any]:
    """All figures of some profiles of a daemon, whose files lie in `store`."""
    held = [
        (namespace, name, row)
        for namespace, name in profiles
        for row in _listed(daemon, Profile(name=name, namespace=namespace))
    ]
    everything: list[Question] = []
    silent = 0
    for namespace, name, row in held:
        texts = _queries(store / namespace / name / str(row.get("path", "")))
        silent += not texts
        everything += [Question(Profile(name=name, namespace=namespace), str(row["id"]), text) for text in texts]
    asked = _spread(everything, asking.most)
    ranks, times = _ask(daemon, asked, asking)
    return {
        "memories": len(held),
        "without_queries": silent,
        "messages": sum(int(row.get("messages", 0)) for row in daemon.status().get("profiles", [])),
        "questions": len(asked),
        "found": {str(depth): _share(ranks, depth) for depth in _DEPTHS},
        "latency_ms": _latency(times),
    }


def _listed(daemon: Client, profile: Profile) -> Iterator[Mapping[str, Any]]:
    """Every active memory of a profile."""
    cursor = None
    while True:
        yield from daemon.memories(profile, per_page=_PAGE, cursor=cursor)
        cursor = (daemon.last.result_info if daemon.last else {}).get("cursor")
        if cursor is None:
            return


def _queries(path: Path) -> tuple[str, ...]:
    """What a memory's file says that it answers; nothing of a file that is gone or cannot be read."""
    from sidecar.frontmatter import Problem, parse

    try:
        document = parse(path.read_bytes())
    except OSError:
        return ()
    found = () if isinstance(document, Problem) else document.fields.get("queries", ())
    return tuple(str(text) for text in found) if isinstance(found, list | tuple) else ()


def _spread(questions: Sequence[Question], most: int) -> list[Question]:
    """At most so many, evenly from all, the same ones each time."""
    count = min(len(questions), most)
    return [questions[number * len(questions) // count] for number in range(count)]


def _ask(daemon: Client, questions: Sequence[Question], asking: Asking) -> tuple[list[int | None], list[float]]:
    """The rank of each question's memory (None: not among the candidates) and the milliseconds that each took."""
    for question in questions[:_WARM_UP]:
        daemon.recall(question.profile, question.text, limit=max(_DEPTHS))
    ranks: list[int | None] = []
    times: list[float] = []
    for number, question in enumerate(questions, start=1):
        began = time.perf_counter()
        result = daemon.recall(question.profile, question.text, limit=max(_DEPTHS))
        times.append((time.perf_counter() - began) * 1000)
        ids = [candidate.get("id") for candidate in result.get("candidates", [])]
        ranks.append(ids.index(question.memory) + 1 if question.memory in ids else None)
        _draw(asking, "Asking ", number, len(questions))
    return ranks, times


def _share(ranks: Sequence[int | None], depth: int) -> float | None:
    """Of all questions, how many found their memory so far up; None without a question."""
    return round(sum(rank is not None and rank <= depth for rank in ranks) / len(ranks), 4) if ranks else None


def _latency(times: Sequence[float]) -> dict[str, float] | None:
    """Percentiles by nearest rank."""
    if not times:
        return None
    ordered = sorted(times)
    at = {
        name: ordered[min(len(ordered) - 1, int(share * len(ordered)))] for name, share in (("p50", 0.5), ("p95", 0.95))
    }
    return {name: round(value, 2) for name, value in {**at, "max": ordered[-1]}.items()}


def _draw(asking: Asking, doing: str, done: int, total: int) -> None:
    if asking.drawn:
        click.echo(f"\r{doing}  {bar(done, total)} ", nl=done >= total, err=True)


_TITLES = {"synthetic": "Invented project", "store": "Your store"}


def _print(found: Mapping[str, Any]) -> None:
    rows: list[tuple[object, ...]] = []
    for name, part in found.items():
        if part is None:
            click.echo("Your store is not measured: no daemon runs (sidecar up).\n")
            continue
        latency, shares = part["latency_ms"] or {}, part["found"]
        held = (f"{part['memories']:,}", f"{part['messages']:,}", f"{part['questions']:,}")
        rows.append(
            (
                _TITLES[name],
                *held,
                *(f"{latency[key]:.1f}" if latency else "-" for key in ("p50", "p95", "max")),
                *("-" if shares[str(depth)] is None else f"{shares[str(depth)]:.1%}" for depth in _DEPTHS),
            )
        )
        if part["without_queries"]:
            silent = counted(part["without_queries"], "memory", "memories")
            click.echo(f"{_TITLES[name]}: {silent} without queries of their own, which are not asked for.")
    if rows:
        head = ("", "memories", "messages", "asked", "p50 ms", "p95 ms", "max ms", *(f"found @{d}" for d in _DEPTHS))
        click.echo(table(rows, head=head, right=range(1, len(head))))
