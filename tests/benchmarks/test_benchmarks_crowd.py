"""The clients that ask at once: what they count as an answer, and that each asks one thing after the other."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

from benchmarks.crowd import answered, crowd

FOUND = {"count": 1, "answer": "", "candidates": [{"id": "one"}]}


def _said(result: object, status: str = "200 OK") -> bytes:
    body = json.dumps({"result": result, "success": True})
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def test_only_a_whole_answer_with_candidates_counts() -> None:
    assert answered(_said(FOUND))
    assert not answered(_said(FOUND)[:-1])
    assert not answered(_said(FOUND, "503 Service Unavailable"))
    assert not answered(_said({"count": 0, "answer": "", "candidates": []}))
    assert not answered(_said({**FOUND, "count": 2}))
    assert not answered(_said(None))
    assert not answered(b"")


def test_each_client_has_one_request_under_way_and_all_are_asked_in_turn(tmp_path: Path) -> None:
    path, asked = tmp_path / "s", list[bytes]()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(16)
        threading.Thread(target=_serve, args=(listening, asked), daemon=True).start()
        seen = crowd(path, [b"0", b"1", b"2", b"bad"], clients=3, seconds=0.3)
    assert len(seen.times) == len(asked) > 12
    assert seen.failed == asked.count(b"bad") > 0
    assert {b"0", b"1", b"2"} < set(asked)
    assert seen.own_s > 0


def _serve(listening: socket.socket, asked: list[bytes]) -> None:
    """Answer one at a time, the last request by closing in the middle."""
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            asked.append(connection.recv(100))
            connection.sendall(_said(FOUND)[: -1 if asked[-1] == b"bad" else None])
