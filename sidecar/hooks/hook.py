"""`sidecar hook EVENT --agent A`: hands what the agent says on stdin to the daemon, and prints what the daemon answers.

It fails open.  Whatever happens, the exit code is 0, it is over within the time limit, and nothing is printed but a
whole answer: no daemon, a hung one, a broken answer or a fault in here cost the agent nothing.

It starts on every prompt, so nothing is imported that Python has not loaded by itself, but for a socket: no `json`,
`re`, `socket` or `signal`, each of which costs more than all the rest.  The payload goes to the daemon as it came, the
daemon knows the agent's dialect, and its answer is printed as it comes.
"""

import _signal  # type: ignore[import-not-found]  # `signal` is the same behind enums, which cost milliseconds
import _socket
import os
from _collections_abc import Sequence

from sidecar import meeting

TYPE_CHECKING = False  # checkers take it for the one of `typing`, which costs more than all that is here
if TYPE_CHECKING:
    from typing import NoReturn

PAYLOAD_BYTES = 4 << 20
"""The most that an agent may say; with more (a pasted dump in a prompt) the hook keeps quiet.  The daemon takes no more
either."""

_ANSWER_BYTES = 1 << 20
_CHUNK = 65_536

_WORD_CHARACTERS = 64
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
"""Names of events and agents; as nothing else gets through, they need no escaping in JSON."""


class _Silence(Exception):
    """There is nothing to say, or no way to say it."""


def run(arguments: Sequence[str]) -> "NoReturn":
    """Serve one hook and end the process, with exit code 0 whatever happens."""
    try:
        socket = meeting.socket_path(os.environ)
        _leave_after(meeting.limit_ms(os.environ, socket))
        event, agent = words(arguments)
        _print(_ask(socket, _request(event, agent, _payload())))
    except BaseException:  # noqa: S110 - an agent must not be troubled by a fault of ours
        pass
    finally:
        # Without Python's own farewell, which takes longer than the errand, and could hang on a stream.
        os._exit(0)


def words(arguments: Sequence[str]) -> tuple[str, str]:
    """Event and agent of `EVENT --agent A`, in any order.  Raises what ends the hook in silence."""
    found: list[str] = []
    agent = ""
    rest = iter(arguments)
    for argument in rest:
        if argument == "--agent":
            agent = next(rest, "")
        elif argument.startswith("--agent="):
            agent = argument[len("--agent=") :]
        else:
            found.append(argument)
    if len(found) != 1 or not _is_word(found[0]) or not _is_word(agent):
        raise _Silence
    return found[0], agent


def _is_word(text: str) -> bool:
    return 0 < len(text) <= _WORD_CHARACTERS and _SAFE.issuperset(text) and not text.startswith("-")


def _leave_after(milliseconds: int) -> None:
    """From now on the process ends after this time, wherever it hangs: reading, waiting, or writing to a full pipe."""
    _signal.signal(_signal.SIGALRM, lambda _number, _frame: os._exit(0))
    _signal.setitimer(_signal.ITIMER_REAL, milliseconds / 1000)


def _payload() -> bytes:
    """What the agent says: all of it, so that it never writes into a closed pipe; empty at a terminal."""
    if os.isatty(0):
        return b""
    pieces: list[bytes] = []
    size = 0
    while piece := os.read(0, _CHUNK):
        size += len(piece)
        if size <= PAYLOAD_BYTES:
            pieces.append(piece)
    if size > PAYLOAD_BYTES:
        raise _Silence
    return b"".join(pieces).strip()


def _request(event: str, agent: str, payload: bytes) -> bytes:
    body = b'{"agent":"%b","event":"%b","payload":%b}' % (agent.encode(), event.encode(), payload or b"{}")
    head = (
        b"POST /v1/hook HTTP/1.1\r\nHost: sidecar\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    return head % len(body) + body


def _ask(socket: str, request: bytes) -> bytes:
    """Everything that the daemon sends until it closes the connection."""
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    connection.connect(socket)
    if not meeting.is_ours(connection):
        raise _Silence  # what somebody else serves there gets to hear nothing
    connection.sendall(request)
    pieces: list[bytes] = []
    size = 0
    while piece := connection.recv(_CHUNK):
        size += len(piece)
        if size > _ANSWER_BYTES:
            raise _Silence
        pieces.append(piece)
    return b"".join(pieces)


def _print(answer: bytes) -> None:
    """Print the text of an answer, if it is one of success and whole."""
    head, _, text = answer.partition(b"\r\n\r\n")
    first, *lines = head.lower().split(b"\r\n")
    if b"content-length: %d" % len(text) not in lines or first.split(b" ")[1:2] != [b"200"]:
        return
    while text:
        text = text[os.write(1, text) :]
