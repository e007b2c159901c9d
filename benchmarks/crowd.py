"""Many clients at once: a few processes that each hold some of them, and check each answer as a whole.

An agent's client is a process of its own.  As threads of one interpreter 32 of them wait for each other, and as 32
processes they take the processor from who answers; so a process here holds several, each with one request under way: a
connection of its own, a request that was put together before, and the answer read until the daemon closes.
"""

from __future__ import annotations

import json
import multiprocessing
import selectors
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.synchronize import Barrier
from pathlib import Path

PROCESSES = 2

_SILENT_S = 30.0
"""Clients that hear nothing for so long have failed."""

_CHUNK = 262_144


@dataclass(frozen=True, slots=True)
class Seen:
    """What the clients saw.

    `times`: milliseconds of each request, from before it connects to the checked answer; `failed`: how many got
    anything else than an answer with candidates; `own_s`: the processor time of all clients while they asked.
    """

    times: Sequence[float]
    failed: int
    own_s: float


def crowd(path: Path, requests: Sequence[bytes], clients: int, seconds: float) -> Seen:
    """Let so many clients ask at a daemon's socket for some seconds, each one thing after the other, all in turn."""
    turns = [range(number, clients, PROCESSES) for number in range(PROCESSES)]
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, spawning, _meet, (spawning.Barrier(PROCESSES),)) as pool:
        asked = [pool.submit(_ask, str(path), requests, each, clients, seconds) for each in turns]
        found = [each.result() for each in asked]
    return Seen(
        [each for one in found for each in one.times],
        sum(one.failed for one in found),
        sum(one.own_s for one in found),
    )


def answered(raw: bytes) -> bool:
    """Whether it is a whole answer of a daemon, with candidates."""
    head, _, body = raw.partition(b"\r\n\r\n")
    try:
        result = json.loads(body)["result"]
        found = len(result["candidates"])
    except (ValueError, KeyError, TypeError):
        return False
    return head.startswith(b"HTTP/1.1 200 ") and found > 0 and result["count"] == found


@dataclass(slots=True)
class _Client:
    """One request under way; `turn`: which of all."""

    turn: int
    begun: float
    connection: socket.socket
    received: bytearray = field(default_factory=bytearray)


def _meet(barrier: Barrier) -> None:
    """Nobody begins before all processes are there."""
    barrier.wait()


def _ask(path: str, requests: Sequence[bytes], turns: range, step: int, seconds: float) -> Seen:
    times, failed = list[float](), 0
    own, until = time.process_time(), time.monotonic() + seconds
    with selectors.DefaultSelector() as under_way:
        for turn in turns:
            _knock(under_way, path, requests, turn)
        while ready := under_way.select(_SILENT_S) if under_way.get_map() else []:
            for client in [key.data for key, _ in ready if _ended(key.data)]:
                failed += not answered(bytes(client.received))
                times.append((time.monotonic() - client.begun) * 1000)
                under_way.unregister(client.connection)
                client.connection.close()
                if time.monotonic() < until:
                    _knock(under_way, path, requests, client.turn + step)
        silent = len(under_way.get_map())
    return Seen(times, failed + silent, time.process_time() - own)


def _ended(client: _Client) -> bool:
    """Read what is there; whether the daemon has closed, which a broken connection counts as."""
    try:
        piece = client.connection.recv(_CHUNK)
    except OSError:
        return True
    client.received += piece
    return not piece


def _knock(under_way: selectors.BaseSelector, path: str, requests: Sequence[bytes], turn: int) -> None:
    client = _Client(turn, time.monotonic(), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    client.connection.connect(path)
    client.connection.sendall(requests[turn % len(requests)])
    under_way.register(client.connection, selectors.EVENT_READ, client)
