"""A model server that speaks Ollama's HTTP API, whose answers a test writes.

    def answer(request: ChatRequest) -> Reply:
        return Reply.json({"statements": []}) if request.title == "Statements" else Reply.failed(500, "no")

    with FakeOllama(answer) as fake:
        Model(fake.host, fake.models[0], ...)

It is a real server in threads of its own: /api/version, /api/tags, /api/show, /api/ps and /api/chat, the last streamed
in pieces as Ollama streams.  What is counted is counted as Ollama does: a prompt that is longer than `num_ctx` is
silently shortened, an answer that is longer than `num_predict` is cut, with the done reason `length`.  A token is four
characters here, or a word if that is more.

On the path of every test (see `pythonpath` in pyproject.toml); scripts add this folder to theirs.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_WHEN = "2026-01-02T03:04:05.678901Z"
_SIZE = 2_500_000_000
"""Bytes of a model; of no meaning but to be equal where it is loaded wholly."""
_TOKEN = 4
"""Characters of a token."""
_NUM_CTX, _NUM_PREDICT = 4096, -1
"""What Ollama takes where a request does not say: the usual window, and answers without an end."""
_HANG_S = 60.0
"""No test waits longer than this for anything."""


def tokens(text: str) -> int:
    """The tokens of a text, as this server counts."""
    return max(len(text) // _TOKEN, len(text.split()))


@dataclass(frozen=True)
class ChatRequest:
    """One question, as it came in over HTTP."""

    model: str
    messages: tuple[Mapping[str, Any], ...]
    format: Mapping[str, Any]
    """The JSON schema of the wanted answer; empty for none."""
    options: Mapping[str, Any]
    body: Mapping[str, Any]
    """All that was sent, with `stream`, `keep_alive`, `think`."""

    @property
    def title(self) -> str:
        """The title of the schema, which is the name of the answer's class; empty for none."""
        return str(self.format.get("title", ""))

    @property
    def system(self) -> str:
        """The text of the system messages."""
        return "\n".join(message["content"] for message in self.messages if message["role"] == "system")

    @property
    def prompt(self) -> str:
        """The text of all other messages."""
        return "\n".join(message["content"] for message in self.messages if message["role"] != "system")

    @property
    def tokens(self) -> int:
        """How many tokens all messages have."""
        return sum(tokens(message["content"]) for message in self.messages)


class End(Enum):
    """How an answer ends."""

    DONE = "with its last piece, which has the counts"
    UNENDED = "well for HTTP, but without a last piece"
    STALL = "never: silence until the server is released or stopped"
    DROP = "with a connection that is reset"
    ERROR = "with an error in the stream, after status 200"
    FOREVER = "never: the text again and again"


@dataclass(frozen=True)
class Reply:
    """What the server does with one question.  The classmethods are the usual ones."""

    text: str = ""
    thinking: str = ""
    """Sent first, in the field of its own that models which think have."""
    end: End = End.DONE
    status: int = 200
    error: str = ""
    """The text of an error, for a status that is not 200 and for `End.ERROR`."""
    piece: int = 16
    """Characters of each piece."""
    pause_s: float = 0.0
    """Silence before each piece, in seconds."""
    silence_s: float = 0.0
    """Silence before anything is sent, headers too: the time in which Ollama reads a prompt."""
    done_reason: str | None = None
    """None: `stop`, or `length` where the answer is longer than `num_predict`."""
    prompt_eval_count: int | None = None
    """None: as counted.  Negative: left out, as old servers do for a prompt they have in their cache."""

    @classmethod
    def json(cls, value: object) -> Reply:
        """A good answer."""
        return cls(json.dumps(value, ensure_ascii=False))

    @classmethod
    def failed(cls, status: int, error: str) -> Reply:
        """No answer: an HTTP status and a text."""
        return cls(status=status, error=error)

    @classmethod
    def broken(cls, error: str, *, after: str = "") -> Reply:
        """An error that comes when the stream has begun."""
        return cls(after, end=End.ERROR, error=error)

    @classmethod
    def stall(cls, after: str = "") -> Reply:
        """Silence after this text, until `FakeOllama.release` or the end of the server.

        With no text not even headers are sent.
        """
        return cls(after, end=End.STALL)

    @classmethod
    def cut(cls, text: str) -> Reply:
        """An answer that ran into its limit."""
        return cls(text, done_reason="length")

    @classmethod
    def drop(cls, after: str = "") -> Reply:
        """A connection that is reset after this text; with none, before the headers."""
        return cls(after, end=End.DROP)

    @classmethod
    def unended(cls, text: str) -> Reply:
        """A stream that stops without its last piece."""
        return cls(text, end=End.UNENDED)

    @classmethod
    def forever(cls, unit: str, *, pause_s: float = 0.0) -> Reply:
        """The same again and again, until the other side has enough."""
        return cls(unit, end=End.FOREVER, piece=max(1, len(unit)), pause_s=pause_s)

    def trickle(self, pause_s: float, piece: int = 1) -> Reply:
        """The same reply in small pieces, each after a pause."""
        return replace(self, pause_s=pause_s, piece=piece)

    def counted(self, prompt_eval_count: int) -> Reply:
        """The same reply with another count of the prompt's tokens, as after a silent truncation; negative for none."""
        return replace(self, prompt_eval_count=prompt_eval_count)


Answer = Callable[[ChatRequest], Reply]


@dataclass
class FakeOllama:
    """The server; a context manager that starts and stops it.

    All fields may be changed while it runs: a model that appears later is `fake.models.append(...)`.  `stop` and
    `start` let it vanish and come back at the same address; for one that is not there at first, call `start` later
    instead of entering the context.  What `answer` raises is raised again at the end of the context.
    """

    answer: Answer
    models: list[str] = field(default_factory=lambda: ["qwen3:4b-instruct"])
    version: str = "0.12.6"
    capabilities: Sequence[str] = ("completion",)
    context_length: int | None = 262_144
    """The longest window that the models were made for; None: the server does not say."""
    remote_host: str = ""
    """Where the models really run, as for a copy of a cloud model; empty for here."""
    on_gpu: bool = True
    """Where models are loaded to, for /api/ps."""
    requests: list[ChatRequest] = field(default_factory=list)
    """Every question that came in, also those for a model that is not there."""
    paths: list[str] = field(default_factory=list)
    """The path of every request."""
    keys: list[str] = field(default_factory=list)
    """The authorization header of every request, empty for none."""
    loaded: dict[str, int] = field(default_factory=dict)
    """The models in memory, with their windows in tokens."""
    failures: list[BaseException] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self._news = threading.Condition()
        self._released = threading.Event()
        self._running: _Server | None = None
        self._thread: threading.Thread | None = None
        if not self.port:
            with socket.create_server(("127.0.0.1", 0)) as reserved:
                self.port = reserved.getsockname()[1]

    @property
    def host(self) -> str:
        """The address, which stays the same over `stop` and `start`."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        if error is None and self.failures:
            raise self.failures[0]

    def start(self) -> Self:
        """Listen; nothing if it does already."""
        if self._running is None:
            self._released.clear()
            self._running = _Server(self)
            self._thread = threading.Thread(target=self._running.serve_forever, args=(0.02,), daemon=True)
            self._thread.start()
        return self

    def stop(self) -> None:
        """Listen no more, and break all connections, as a server does that is killed."""
        running, thread = self._running, self._thread
        if running is None or thread is None:
            return
        self._released.set()
        running.shutdown()
        thread.join()
        running.break_connections()
        running.server_close()
        self.loaded.clear()
        self._running = self._thread = None

    def release(self) -> None:
        """End every silence that there is, and all that come until the next start."""
        self._released.set()

    def wait_for(self, count: int) -> ChatRequest:
        """Block until so many questions have come in; returns the last of them."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.requests) >= count, _HANG_S), f"only {len(self.requests)} came"
            return self.requests[count - 1]

    def titles(self) -> list[str]:
        """The titles of all questions, in order."""
        return [request.title for request in self.requests]

    def has(self, name: str) -> bool:
        """Whether there is such a model; no tag means `latest`."""
        return _full(name) in map(_full, self.models)

    def record(self, request: ChatRequest) -> None:
        """Keep a question, and wake who waits for it."""
        with self._news:
            self.requests.append(request)
            self._news.notify_all()

    def wait(self, seconds: float | None) -> bool:
        """Silence of a reply; whether it ended early, by `release` or `stop`."""
        return self._released.wait(seconds)


def _full(name: str) -> str:
    return name if ":" in name else f"{name}:latest"


class _Server(ThreadingHTTPServer):
    """Knows its connections, so that it can break them."""

    daemon_threads = True

    def __init__(self, fake: FakeOllama) -> None:
        self.fake = fake
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", fake.port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def break_connections(self) -> None:
        with self._guard:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked is gone: no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        fake = self._noted()
        found: dict[str, Callable[[], dict[str, Any]]] = {
            "/api/version": lambda: {"version": fake.version},
            "/api/tags": lambda: {"models": [_description(name) for name in fake.models]},
            "/api/ps": lambda: {"models": [self._loaded(name, window) for name, window in fake.loaded.items()]},
        }
        if self.path in found:
            self._send(200, found[self.path]())
        else:
            self._send(404, {"error": "not found"})

    def do_POST(self) -> None:
        fake = self._noted()
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        if self.path == "/api/show":
            self._show(fake, str(body.get("model", "")))
        elif self.path == "/api/chat":
            self._chat(fake, body)
        else:
            self._send(404, {"error": "not found"})

    def _noted(self) -> FakeOllama:
        fake = self.server.fake
        fake.paths.append(self.path)
        fake.keys.append(self.headers.get("Authorization", ""))
        return fake

    def _loaded(self, name: str, window: int) -> dict[str, Any]:
        in_gpu = _SIZE if self.server.fake.on_gpu else 0
        return {**_description(name), "expires_at": _WHEN, "size_vram": in_gpu, "context_length": window}

    def _show(self, fake: FakeOllama, name: str) -> None:
        if not fake.has(name):
            self._send(404, {"error": f"model '{name}' not found"})
            return
        info: dict[str, Any] = {"general.architecture": "fake"}
        if fake.context_length is not None:
            info["fake.context_length"] = fake.context_length
        details = _description(name)["details"]
        shown = {"details": details, "model_info": info, "capabilities": list(fake.capabilities)}
        self._send(200, {**shown, "remote_host": fake.remote_host} if fake.remote_host else shown)

    def _chat(self, fake: FakeOllama, body: Mapping[str, Any]) -> None:
        schema = body.get("format")
        request = ChatRequest(
            model=str(body.get("model", "")),
            messages=tuple(body.get("messages") or ()),
            format=schema if isinstance(schema, dict) else {},
            options=body.get("options") or {},
            body=body,
        )
        fake.record(request)
        if not fake.has(request.model):
            self._send(404, {"error": f"model '{request.model}' not found"})
            return
        try:
            reply = fake.answer(request)
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            fake.failures.append(error)
            reply = Reply.failed(500, "the answer of the test raised")
        self._reply(request, reply)

    def _reply(self, request: ChatRequest, reply: Reply) -> None:
        fake = self.server.fake
        if reply.silence_s:
            fake.wait(reply.silence_s)
        if reply.status != 200:
            self._send(reply.status, {"error": reply.error})
            return
        window = int(request.options.get("num_ctx", _NUM_CTX))
        fake.loaded[request.model] = min(window, fake.context_length or window)
        if reply.end in (End.STALL, End.DROP) and not (reply.text or reply.thinking):
            self._break_off(reply)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._stream(request, reply)

    def _stream(self, request: ChatRequest, reply: Reply) -> None:
        fake = self.server.fake
        most = int(request.options.get("num_predict", _NUM_PREDICT))
        text = reply.text if most < 0 or reply.end is End.FOREVER else reply.text[: most * _TOKEN]
        base = {"model": request.model, "created_at": _WHEN}
        for message in self._messages(reply, text):
            if reply.pause_s and fake.wait(reply.pause_s):
                break
            self._chunk({**base, "message": {"role": "assistant", **message}, "done": False})
        if reply.end in (End.STALL, End.DROP):
            self._break_off(reply)
            return
        if reply.end is End.ERROR:
            self._chunk({"error": reply.error})
        elif reply.end is End.DONE:
            counts = _counts(request, reply, text, fake.loaded.get(request.model, _NUM_CTX))
            self._chunk({**base, "message": {"role": "assistant", "content": ""}, "done": True, **counts})
        self.wfile.write(b"0\r\n\r\n")

    @staticmethod
    def _messages(reply: Reply, text: str) -> Iterator[dict[str, str]]:
        for at in range(0, len(reply.thinking), reply.piece):
            yield {"content": "", "thinking": reply.thinking[at : at + reply.piece]}
        while True:
            for at in range(0, len(text), reply.piece):
                yield {"content": text[at : at + reply.piece]}
            if reply.end is not End.FOREVER:
                return

    def _break_off(self, reply: Reply) -> None:
        if reply.end is End.STALL:
            self.server.fake.wait(None)
        else:
            # Without lingering, closing sends a reset instead of an orderly end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        self.close_connection = True

    def _chunk(self, value: object) -> None:
        line = json.dumps(value).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.flush()

    def _send(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _description(name: str) -> dict[str, Any]:
    return {
        "name": _full(name),
        "model": _full(name),
        "modified_at": _WHEN,
        "size": _SIZE,
        "digest": "0" * 64,
        "details": {
            "parent_model": "",
            "format": "gguf",
            "family": "fake",
            "families": ["fake"],
            "parameter_size": "4.0B",
            "quantization_level": "Q4_K_M",
        },
    }


def _counts(request: ChatRequest, reply: Reply, text: str, window: int) -> dict[str, Any]:
    prompt = min(request.tokens, window) if reply.prompt_eval_count is None else reply.prompt_eval_count
    counted = {} if prompt < 0 else {"prompt_eval_count": prompt, "prompt_eval_duration": 1_000_000 * prompt}
    answered = tokens(reply.thinking + text)
    cut = len(text) < len(reply.text)
    return {
        "done_reason": reply.done_reason or ("length" if cut else "stop"),
        "total_duration": 9_000_000_000,
        "load_duration": 1_000_000,
        **counted,
        "eval_count": answered,
        "eval_duration": 10_000_000 * answered,
    }
