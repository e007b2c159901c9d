"""How recall, memory and disk grow from a thousand memories and messages to a million: one size, stage by stage."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks import bulk, synthetic
from benchmarks.bulk import PROFILE, Size
from benchmarks.crowd import crowd
from benchmarks.home import POLL_SECONDS, Home, running
from benchmarks.metrics import percentile
from benchmarks.weight import by_kind
from sidecar import __version__
from sidecar.client import Client, Profile, encoded
from sidecar.errors import SidecarError
from sidecar.index import Embedder, Filters, Index, View
from sidecar.recall import Recall, RecallRequest
from sidecar.recall.query import analyse

SIZES = (1_000, 10_000, 100_000, 1_000_000)
FILES = 100_000
QUESTIONS = 500
FORMAT = 3
"""Of the JSON."""

_MEMORY_SHARE = 10
_MOST_FILES = 100_000
_WARM_UP = 30
_STARTS = 3
_CLIENTS, _CLIENTS_UPTO, _CLIENT_SECONDS = 32, 10_000, 10.0
_EXACT = 50
"""Questions whose nearest messages are also found by comparing the vectors of all as the model gives them."""

_EXACT_ROWS = 20_000
"""Messages that are embedded and compared at a time."""

_SAME = 1e-6
"""Two cosines of 32-bit numbers that are no farther apart are the same."""

_NEAREST = 10
_RESTING_SECONDS = 3.0
"""What a daemon gets to come to rest before its memory is measured."""

_GIVEN_BACK_SECONDS = 125.0
"""After questions: it looks once a minute whether it rests, and then gives back what only they have needed."""

Figures = dict[str, Any]


def nothing() -> Figures:
    """No figures yet."""
    return {"format": FORMAT, "version": __version__, "sizes": {}, "rebuild": {}}


def kept(file: Path) -> Figures:
    """The figures of an earlier run; none if there was none, or of another form."""
    try:
        found: Figures = json.loads(file.read_bytes())
    except FileNotFoundError:
        return nothing()
    return found if found.get("format") == FORMAT else nothing()


def keep(file: Path | None, found: Mapping[str, Any]) -> None:
    """Put the figures down, if they are wanted in a file."""
    if file is not None:
        file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def size_of(documents: int) -> Size:
    """One in ten a memory file, up to a number of files that one profile has."""
    memories = min(documents // _MEMORY_SHARE, _MOST_FILES)
    return Size(memories, documents - memories)


def measured(documents: int, count: int = QUESTIONS) -> Figures:
    """All figures of one size, with so many questions; times in milliseconds where no unit is said, sizes in bytes."""
    size = size_of(documents)
    asked = synthetic.questions(count, size.memories, size.messages)
    with tempfile.TemporaryDirectory(prefix="sidecar-scale-") as name:
        home = Path(name) / ".sidecar"
        found: Figures = {"memories": size.memories, "messages": size.messages, "questions": len(asked)}
        found |= _laid_down(home, size)
        found |= _alone(home, asked, size)
        found["start_s"] = statistics.median(_seconds_to_answer(home, asked[0].text) for _ in range(_STARTS))
        with running(folder=home) as daemon:
            _resting(daemon)
            found["pss_started"] = daemon.pss()
            found |= _asked(daemon, asked)
            if documents <= _CLIENTS_UPTO:
                found["crowd"] = _at_once(daemon, asked)
            _resting(daemon, _GIVEN_BACK_SECONDS)
            found["pss_asked"] = daemon.pss()
    return found


def rebuilt(files: int) -> Figures:
    """Making the index of so many memory files anew, with recalls all the while."""
    asked = synthetic.questions(_WARM_UP, files, 0)
    with tempfile.TemporaryDirectory(prefix="sidecar-scale-") as name:
        home = Path(name) / ".sidecar"
        _laid_down(home, Size(files, 0))
        with running(folder=home) as daemon:
            _resting(daemon)
            for one in asked:
                daemon.client.recall(_profile(), one.text)
            stop, answers = threading.Event(), list[tuple[float, bool, bool]]()
            asker = threading.Thread(target=_ask_until, args=(daemon, asked, stop, answers))
            asker.start()
            seconds = daemon.rebuilt()
            stop.set()
            asker.join()
    times = [milliseconds for milliseconds, _, _ in answers]
    return {
        "files": files,
        "seconds": seconds,
        "recalls": len(answers),
        "failed": sum(not found for _, found, _ in answers),
        "degraded": sum(degraded for _, _, degraded in answers),
        "p50": percentile(times, 0.5),
        "p95": percentile(times, 0.95),
    }


@contextmanager
def _bar(label: str, length: int) -> Iterator[Callable[[int], None]]:
    with click.progressbar(length=length, label=f"{label:<32}", file=sys.stderr) as bar:
        yield bar.update


def _laid_down(home: Path, size: Size) -> Figures:
    begun = time.monotonic()
    with _bar(f"{size.documents:,}: laying down", size.documents) as tick:
        text_bytes = bulk.fill(home, size, tick)
    filled = time.monotonic()
    with _bar(f"{size.documents:,}: indexing", 1) as tick:
        bulk.index(home)
        tick(1)
    weights = by_kind(home / "cache")
    return {
        "fill_s": filled - begun,
        "index_s": time.monotonic() - filled,
        "index_bytes": sum(weights.values()),
        "index_kinds": weights,
        "text_bytes": text_bytes,
    }


def _alone(home: Path, asked: Sequence[synthetic.Asked], size: Size) -> Figures:
    """What needs no daemon: the stages of a recall, the engines alone, and how good and quick the nearest rows are."""
    with bulk.opened(home) as parts:
        recall, view, embedder = Recall(parts.index), parts.index.view, parts.index.embedder
        for one in asked[:_WARM_UP]:
            recall(RecallRequest(one.text, (PROFILE,)))
        laps: dict[str, list[float]] = {}
        for one in asked:
            answer = recall(RecallRequest(one.text, (PROFILE,), explain=True))
            milliseconds: Any = (answer.explanation or {})["milliseconds"]
            for stage, spent in milliseconds.items():
                laps.setdefault(stage, []).append(spent)
        vectors = embedder.encode([one.text for one in asked[:_EXACT]])
        return {
            "stages": {stage: percentile(spent, 0.5) for stage, spent in laps.items()},
            "parts": percentile([_timed(partial(engines, parts.index, one.text)) for one in asked], 0.5),
            "vectors": _vectors(view, embedder, vectors, size.messages),
        }


def engines(index: Index, text: str) -> None:
    """The engines alone, called directly: one search by words and one by meaning in each kind, and the embedding."""
    view = index.view
    weights = analyse(text, view, (PROFILE,)).weights
    vector = index.embedder.encode([text])[0]
    view.words("memory", PROFILE, weights, {"all": 1.0}, Filters(), _NEAREST)
    view.words("message", PROFILE, weights, {"text": 1.0}, Filters(), _NEAREST)
    for block in (view.memories_of(PROFILE), view.messages_of(PROFILE)):
        if block is not None:
            block.products(vector)


def _vectors(view: View, embedder: Embedder, vectors: Any, messages: int) -> Figures:  # noqa: ANN401 - an array
    """Of the messages' vectors: rec@10 against comparing all exactly, and the milliseconds of a search."""
    block = view.messages_of(PROFILE)
    if block is None:
        return {}
    least = _tenth(embedder, vectors, messages)
    times, shares = [], []
    for vector, tenth in zip(vectors, least, strict=True):
        begun = time.perf_counter()
        places, cosines = block.nearest(vector, block.current, _NEAREST)
        times.append((time.perf_counter() - begun) * 1000)
        best = places[np.argsort(-cosines, kind="stable")[:_NEAREST]]
        found = view.fetch_messages(block.column("row")[best].tolist())
        exact = embedder.encode([message.content for message in found.values()]) @ vector
        shares.append(np.count_nonzero(exact >= tenth - _SAME) / _NEAREST)
    return {"rows": block.size, "rec@10": statistics.mean(shares), "p50": percentile(times, 0.5)}


def _tenth(embedder: Embedder, vectors: Any, messages: int) -> Any:  # noqa: ANN401 - arrays
    """For each vector the tenth greatest cosine to what was said, compared with all as the model gives it."""
    said = (one.text for _, held in synthetic.sessions(messages) for one in held if one.role in ("user", "assistant"))
    best = np.full((len(vectors), _NEAREST), -1, np.float32)
    with _bar("comparing exactly", messages) as tick:
        while texts := list(islice(said, _EXACT_ROWS)):
            all_of_them = np.hstack([best, vectors @ embedder.encode(texts).T])
            best = np.partition(all_of_them, -_NEAREST)[:, -_NEAREST:]
            tick(len(texts))
    return best.min(axis=1)


def _seconds_to_answer(home: Path, text: str) -> float:
    begun = time.monotonic()
    with running(folder=home, ask=lambda client: client.recall(_profile(), text)):
        return time.monotonic() - begun


def _resting(daemon: Home, seconds: float = _RESTING_SECONDS) -> None:
    daemon.settled()
    time.sleep(seconds)


def _asked(daemon: Home, asked: Sequence[synthetic.Asked]) -> Figures:
    """Recalls at `thinkingLevel: low` over the socket, one after the other, a connection each."""
    ranks, times = [], []
    for one in asked[:_WARM_UP]:
        daemon.client.recall(_profile(), one.text)
    with _bar("asking", len(asked)) as tick:
        for one in asked:
            begun = time.perf_counter()
            answer = daemon.client.recall(_profile(), one.text)
            times.append((time.perf_counter() - begun) * 1000)
            ranks.append([candidate["id"] for candidate in answer["candidates"]].count(one.wanted))
            tick(1)
    found = {"p50": percentile(times, 0.5), "p95": percentile(times, 0.95)}
    return {"recall": {**found, "found@10": statistics.mean(ranks)}}


def _at_once(daemon: Home, asked: Sequence[synthetic.Asked]) -> Figures:
    """Many clients at once for some seconds: answers a second, their times, how many failed, and who worked how long.

    Clients in a few processes of their own, and for comparison as threads of this one (`threads`).
    """
    route = _profile().route("recall")
    requests = [encoded("POST", route, {"query": one.text}) for one in asked]
    begun = daemon.processor_s()
    seen = crowd(daemon.folder / "run" / "sidecar.sock", requests, _CLIENTS, _CLIENT_SECONDS)
    taken = daemon.processor_s() - begun
    return {
        "clients": _CLIENTS,
        "a_second": len(seen.times) / _CLIENT_SECONDS,
        "p99": percentile(seen.times, 0.99),
        "failed": seen.failed,
        "daemon_ms": taken * 1000 / len(seen.times),
        "beside_ms": daemon.children_s() * 1000 / len(seen.times),
        "clients_ms": seen.own_s * 1000 / len(seen.times),
        "threads": _in_threads(daemon, asked),
    }


def _in_threads(daemon: Home, asked: Sequence[synthetic.Asked]) -> Figures:
    until = time.monotonic() + _CLIENT_SECONDS

    def one_client(number: int) -> list[float]:
        times, turn = [], number
        client = Client(daemon.folder / "run" / "sidecar.sock")
        while (begun := time.monotonic()) < until:
            with suppress(SidecarError):  # what fails is counted where clients are processes
                client.recall(_profile(), asked[turn % len(asked)].text)
            times.append((time.monotonic() - begun) * 1000)
            turn += _CLIENTS
        return times

    begun = time.process_time()
    with ThreadPoolExecutor(_CLIENTS) as threads:
        times = [each for found in threads.map(one_client, range(_CLIENTS)) for each in found]
    return {
        "a_second": len(times) / _CLIENT_SECONDS,
        "p99": percentile(times, 0.99),
        "clients_ms": (time.process_time() - begun) * 1000 / len(times),
    }


def _ask_until(
    daemon: Home, asked: Sequence[synthetic.Asked], stop: threading.Event, answers: list[tuple[float, bool, bool]]
) -> None:
    """Recalls one after the other until told to stop: how long each took, whether it found, whether it said so."""
    client, turn = Client(daemon.folder / "run" / "sidecar.sock", timeout=60), 0
    while not stop.is_set():
        one, turn = asked[turn % len(asked)], turn + 1
        begun, found, degraded = time.perf_counter(), False, False
        try:
            found = bool(client.recall(_profile(), one.text)["count"])
            info: Any = client.last.result_info if client.last else {}
            degraded = bool(info.get("index", {}).get("degraded"))
        except SidecarError:
            found = False
        answers.append(((time.perf_counter() - begun) * 1000, found, degraded))
        time.sleep(POLL_SECONDS)


def _timed(call: Callable[[], None]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def _profile() -> Profile:
    return Profile(name=PROFILE.name, namespace=PROFILE.namespace)
