"""Asking a model over HTTP: good answers, and every way in which a server or a model fails."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from enum import Enum
from typing import Any

import httpx
import ollama as client
import pytest
from fake_ollama import ChatRequest, FakeOllama, Reply
from pydantic import BaseModel

from sidecar.errors import (
    AnswerCut,
    AnswerEmpty,
    AnswerRepeating,
    AnswerWrong,
    CloudModel,
    ModelCancelled,
    ModelDisconnected,
    ModelFailed,
    ModelMissing,
    ModelOutOfMemory,
    ModelStalled,
    ModelTooSlow,
    ModelUnreachable,
    ModelUnusable,
    PromptTruncated,
    RemoteModelHost,
    classes,
)
from sidecar.extract.model import Model, _answering, _translated, needs_cpu
from sidecar.extract.transport import TooMuch
from sidecar.extract.watch import _TURNS

NAME = "qwen3:4b-instruct"
SECRET = "hunter2-and-more"


class Kind(Enum):
    FACT = "fact"
    EVENT = "event"


class Item(BaseModel):
    text: str
    kind: Kind
    lines: tuple[int, ...]
    on: date | None = None


class Found(BaseModel):
    items: list[Item]


GOOD = {"items": [{"text": "Größe: 7 ✓", "kind": "fact", "lines": [1, 2], "on": "2026-01-02"}]}
READ = Found(items=[Item(text="Größe: 7 ✓", kind=Kind.FACT, lines=(1, 2), on=date(2026, 1, 2))])


def always(reply: Reply) -> FakeOllama:
    return FakeOllama(lambda _request: reply)


def asking(fake: FakeOllama, *, stall_s: float = 60, timeout_s: float = 60, **more: Any) -> Model:
    return Model(fake.host, NAME, stall_s=stall_s, timeout_s=timeout_s, **more)


def failure(reply: Reply, **limits: Any) -> ModelFailed:
    """What a question comes to, if this is the answer."""
    with always(reply) as fake, pytest.raises(ModelFailed) as raised:
        asking(fake, **limits).ask(f"My password is {SECRET}.", Found)
    assert SECRET not in f"{raised.value} {raised.value.hint} {raised.value.fields}"
    return raised.value


def test_an_answer_is_an_object_of_the_class_that_was_asked_for() -> None:
    with always(Reply.json(GOOD)) as fake:
        assert asking(fake).ask("What is new?", Found, system="Find facts.", most_tokens=500) == READ
    (request,) = fake.requests
    assert (request.model, request.title, request.system, request.prompt) == (
        NAME,
        "Found",
        "Find facts.",
        "What is new?",
    )
    assert request.format == Found.model_json_schema()
    assert request.options == {"temperature": 0, "num_ctx": 8192, "num_predict": 500}
    assert request.body["keep_alive"] == "10m"
    assert request.body["stream"] is True


def test_pieces_of_one_character_are_joined() -> None:
    with always(Reply.json(GOOD).trickle(0, piece=1)) as fake:
        assert asking(fake).ask("What?", Found) == READ


def test_without_a_system_message_none_is_sent() -> None:
    with always(Reply.json(GOOD)) as fake:
        asking(fake).ask("What?", Found, system="")
    assert [message["role"] for message in fake.requests[0].messages] == ["user"]


def test_only_what_can_think_is_told_not_to() -> None:
    with always(Reply.json(GOOD)) as fake:
        asking(fake).ask("What?", Found)
        fake.capabilities = ("completion", "thinking")
        asking(fake).ask("What?", Found)
    assert ["think" in request.body for request in fake.requests] == [False, True]
    assert fake.requests[1].body["think"] is False


@pytest.mark.parametrize(
    "reply",
    [
        Reply(f"<think>\nIs {{ it }}?\n</think>\n{json.dumps(GOOD)}"),
        Reply(f"Is it? </think>{json.dumps(GOOD)}"),
        Reply(json.dumps(GOOD), thinking="Is it? {}"),
        Reply(f"\n {json.dumps(GOOD, indent=2)}\n"),
    ],
)
def test_thoughts_before_an_answer_are_dropped(reply: Reply) -> None:
    with always(reply) as fake:
        assert asking(fake).ask("What?", Found) == READ


def test_a_model_is_described_once() -> None:
    with always(Reply.json(GOOD)) as fake:
        model = asking(fake)
        model.ask("What?", Found)
        model.ask("And?", Found)
    assert fake.paths == ["/api/show", "/api/chat", "/api/chat"]


# The window.


@pytest.mark.parametrize(("words", "expected"), [(10, 8192), (1900, 8192), (2100, 16384), (9000, 32768)])
def test_a_window_of_few_sizes_is_asked_for(words: int, expected: int) -> None:
    with always(Reply.json(GOOD)) as fake:
        asking(fake).ask("sentence " * words, Found)
    assert fake.requests[0].options["num_ctx"] == expected


def test_a_question_that_fits_no_window_is_not_sent() -> None:
    with always(Reply.json(GOOD)) as fake, pytest.raises(PromptTruncated, match="may have"):
        asking(fake).ask("sentence " * 50_000, Found)
    assert fake.requests == []


def test_no_more_is_asked_for_than_the_model_was_made_for() -> None:
    with always(Reply.json(GOOD)) as fake:
        fake.context_length = 4096
        asking(fake).ask("word " * 100, Found)
        with pytest.raises(PromptTruncated):
            asking(fake).ask("word " * 2000, Found)
    assert [request.options["num_ctx"] for request in fake.requests] == [4096]


def test_a_prompt_that_was_silently_shortened_is_an_error() -> None:
    """The server has a window of its own, of which it says nothing before."""

    def shorten(request: ChatRequest) -> Reply:
        fake.context_length = 2048
        return Reply.json(GOOD)

    with FakeOllama(shorten) as fake:
        fake.context_length = None
        with pytest.raises(PromptTruncated, match="only 2048 tokens"):
            asking(fake).ask("word " * 3000, Found)


def test_a_window_that_an_answer_fills_is_an_error() -> None:
    with always(Reply.json(GOOD).counted(8190)) as fake, pytest.raises(PromptTruncated, match="8192"):
        asking(fake).ask("What?", Found)


@pytest.mark.parametrize("count", [-1, 0, 5, 900])
def test_a_prompt_from_the_cache_is_no_false_alarm(count: int) -> None:
    """Some servers leave out the count of a prompt that they had in their cache, some count what was not in it."""
    with always(Reply.json(GOOD).counted(count)) as fake:
        assert asking(fake).ask("word " * 2000, Found) == READ


def test_the_same_question_twice_is_no_false_alarm() -> None:
    with always(Reply.json(GOOD)) as fake:
        model = asking(fake)
        assert [model.ask("word " * 2500, Found) for _ in range(2)] == [READ, READ]


# What goes wrong.


def test_no_server() -> None:
    fake = always(Reply.json(GOOD))
    with pytest.raises(ModelUnreachable, match="nothing listens there") as raised:
        asking(fake).ask("What?", Found)
    assert "ollama serve" in raised.value.hint
    with fake:
        assert asking(fake).ask("What?", Found) == READ
    with pytest.raises(ModelUnreachable):
        asking(fake).ask("What?", Found)
    with fake.start():
        assert asking(fake).ask("What?", Found) == READ


def test_no_such_model() -> None:
    with always(Reply.json(GOOD)) as fake:
        fake.models.clear()
        model = asking(fake)
        with pytest.raises(ModelMissing) as raised:
            model.ask("What?", Found)
        assert f"ollama pull {NAME}" in raised.value.hint
        fake.models.append(NAME)
        fake.capabilities = ("completion", "thinking")
        assert model.ask("What?", Found) == READ
    assert fake.requests[1].body["think"] is False


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        (500, "model requires more system memory (9.2 GiB) than is available (5.1 GiB)", ModelOutOfMemory),
        (500, "llama runner process has terminated: CUDA error: out of memory", ModelOutOfMemory),
        (500, "llama runner process has terminated: signal: killed", ModelOutOfMemory),
        (500, "llama runner process has terminated: exit status 2", ModelOutOfMemory),
        (500, "error loading model: unable to allocate CUDA0 buffer", ModelOutOfMemory),
        (500, "model runner has unexpectedly stopped, this may be due to resource limitations", ModelOutOfMemory),
        (500, "llama runner process has terminated: error loading model: unknown model", ModelUnusable),
        (500, "unable to load model: /blobs/sha256-0", ModelUnusable),
        (400, f'"{NAME}" does not support chat', ModelUnusable),
        (400, "request (9412 tokens) exceeds the available context size (8192 tokens)", PromptTruncated),
        (500, "the input length exceeds the context length", PromptTruncated),
        (503, "server busy, please try again.  maximum pending requests exceeded", ModelUnreachable),
    ],
)
def test_a_refusal_is_understood(status: int, words: str, expected: type[ModelFailed]) -> None:
    assert type(failure(Reply.failed(status, words))) is expected


def test_a_refusal_that_is_not_understood_is_not_repeated() -> None:
    error = failure(Reply.failed(500, f"cannot parse: {SECRET}"))
    assert type(error) is ModelFailed
    assert "500" in error.message


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("an error was encountered while running the model: unexpected EOF", ModelDisconnected),
        ("llama runner process no longer running: -1", ModelDisconnected),
        ("CUDA error: out of memory", ModelOutOfMemory),
    ],
)
def test_an_error_in_the_stream_is_understood(words: str, expected: type[ModelFailed]) -> None:
    assert type(failure(Reply.broken(words, after='{"items"'))) is expected


@pytest.mark.parametrize("after", ["", '{"items": [{"te'])
def test_a_connection_that_is_reset(after: str) -> None:
    assert type(failure(Reply.drop(after))) is ModelDisconnected


def test_a_server_that_is_killed_in_its_answer() -> None:
    with always(Reply.stall('{"items": [{"text": "aaaaaaa')) as fake, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(asking(fake).ask, "What?", Found)
        fake.wait_for(1)
        fake.stop()
        assert type(asked.exception()) in (ModelDisconnected, AnswerCut)


def test_silence_in_an_answer() -> None:
    error = failure(Reply.stall('{"items": [{"text": "aa'), stall_s=0.2)
    assert type(error) is ModelStalled
    assert "0.2 s" in error.message


def test_silence_before_an_answer_only_counts_for_the_whole() -> None:
    """The server reads the prompt in that time."""
    with always(Reply(json.dumps(GOOD), silence_s=1.5, piece=10_000)) as fake:
        assert asking(fake, stall_s=1).ask("What?", Found) == READ
    assert type(failure(Reply.stall(), stall_s=0.1, timeout_s=0.5)) is ModelTooSlow


def test_an_answer_that_takes_too_long() -> None:
    error = failure(Reply(json.dumps(GOOD)).trickle(0.05), timeout_s=0.4)
    assert type(error) is ModelTooSlow
    assert "0.4 s" in error.message


@pytest.mark.parametrize("text", ["not JSON", "{}", '{"items": 7}', json.dumps({"items": [{"text": SECRET}]}), "[]"])
def test_a_wrong_answer(text: str) -> None:
    assert type(failure(Reply(text))) is AnswerWrong


def test_types_are_not_guessed() -> None:
    """A number for a text, and a text for a number, are wrong answers."""
    for field, value in (("text", 7), ("lines", ["1"]), ("kind", "idea"), ("on", 1767312000)):
        assert type(failure(Reply.json({"items": [{**GOOD["items"][0], field: value}]}))) is AnswerWrong


@pytest.mark.parametrize(
    "reply",
    [
        Reply.cut('{"items": [{"text": "aa'),
        Reply.cut(json.dumps(GOOD)),
        Reply.unended(json.dumps(GOOD)),
        Reply.json({"items": [{"text": " ".join(map(str, range(9000)))}]}),
    ],
    ids=["in the middle", "though it looks whole", "without an end", "longer than asked for"],
)
def test_an_answer_that_is_cut_off(reply: Reply) -> None:
    assert type(failure(reply)) is AnswerCut


def test_an_answer_without_a_bound_is_stopped() -> None:
    endless = " ".join(map(str, range(20_000)))
    with always(Reply.forever(endless)) as fake, pytest.raises(AnswerCut, match="longer than"):
        asking(fake).ask("What?", Found)


@pytest.mark.parametrize("text", ["", "   \n", "<think>what now</think>", "<think>what now"])
def test_an_empty_answer(text: str) -> None:
    assert type(failure(Reply(text))) is AnswerEmpty


@pytest.mark.parametrize(
    "unit", ["\n", "no, ", '{"text": "The port of the server is 8080.", "kind": "fact", "lines": [1]}, ', "x" * 700]
)
def test_an_answer_that_repeats_itself_is_stopped(unit: str) -> None:
    assert type(failure(Reply.forever(unit))) is AnswerRepeating


def test_thoughts_that_repeat_themselves_are_stopped() -> None:
    assert type(failure(Reply(json.dumps(GOOD), thinking="Wait. " * 200))) is AnswerRepeating


@pytest.mark.parametrize(
    "body",
    [
        b"SSH-2.0\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}\n\n\n",
    ],
)
def test_something_else_that_listens(body: bytes) -> None:
    """What answers every request with the same, and is no Ollama."""

    def serve(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = listening.accept()
                with connection, connection.makefile("rb") as request:
                    length = 0  # all of the request is read: what is left unread resets the connection
                    while line := request.readline().strip():
                        if line.lower().startswith(b"content-length:"):
                            length = int(line.split(b":")[1])
                    request.read(length)
                    connection.sendall(body)

    with ThreadPoolExecutor(1) as pool, socket.create_server(("127.0.0.1", 0)) as listening:
        pool.submit(serve, listening)
        model = Model(f"127.0.0.1:{listening.getsockname()[1]}", NAME, stall_s=60, timeout_s=60)
        with pytest.raises(ModelFailed) as raised:
            model.ask("What?", Found)
        listening.shutdown(socket.SHUT_RDWR)
    assert type(raised.value) is ModelFailed


# One at a time, and no longer than wanted.


def ended(asked: Future[Found]) -> BaseException | None:
    return asked.exception(timeout=60)


@pytest.mark.parametrize("after", ["", '{"items": [{"text": "aa'], ids=["before the answer", "in the answer"])
def test_a_call_ends_when_the_model_is_closed(after: str) -> None:
    with always(Reply.stall(after)) as fake, ThreadPoolExecutor(1) as pool:
        model = asking(fake)
        asked = pool.submit(model.ask, "What?", Found)
        fake.wait_for(1)
        model.close()
        assert type(ended(asked)) is ModelCancelled
        with pytest.raises(ModelCancelled):
            model.ask("What?", Found)
        assert len(fake.requests) == 1


def test_waiting_for_a_turn_ends_when_the_model_is_closed() -> None:
    with always(Reply.stall()) as fake, ThreadPoolExecutor(2) as pool:
        running, waiting = asking(fake), asking(fake)
        first = pool.submit(running.ask, "What?", Found)
        fake.wait_for(1)
        second = pool.submit(waiting.ask, "What?", Found)
        waiting.close()
        assert type(ended(second)) is ModelCancelled
        assert not first.done()
        assert len(fake.requests) == 1
        running.close()
        assert type(ended(first)) is ModelCancelled


def test_a_server_is_asked_one_question_at_a_time() -> None:
    inside, most = [0], [0]
    guard = threading.Lock()

    def answer(_request: ChatRequest) -> Reply:
        with guard:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        time.sleep(0.02)
        with guard:
            inside[0] -= 1
        return Reply.json(GOOD)

    with FakeOllama(answer) as fake, ThreadPoolExecutor(4) as pool:
        models = [asking(fake), asking(fake)]
        asked = [pool.submit(models[number % 2].ask, "What?", Found) for number in range(8)]
        assert [one.result(60) for one in asked] == [READ] * 8
    assert most == [1]


def test_who_cannot_wait_goes_before_those_who_can() -> None:
    first_is_in, go_on, asked = threading.Event(), threading.Event(), []

    def answer(request: ChatRequest) -> Reply:
        asked.append(request.prompt)
        first_is_in.set()
        go_on.wait(60)
        return Reply.json(GOOD)

    with FakeOllama(answer) as fake, ThreadPoolExecutor(4) as pool:
        model = asking(fake)
        calls = [pool.submit(model.ask, "first", Found)]
        first_is_in.wait(60)
        calls += [pool.submit(model.ask, f"patient {number}", Found) for number in range(2)]
        calls.append(pool.submit(asking(fake).ask, "hurried", Found, until=time.monotonic() + 60))
        while not _TURNS._hurried[model.host]:
            time.sleep(0.001)
        go_on.set()
        assert [one.result(60) for one in calls] == [READ] * 4
    assert asked[:2] == ["first", "hurried"]


def test_who_cannot_wait_gives_up_behind_a_long_call() -> None:
    with always(Reply.stall()) as fake, ThreadPoolExecutor(1) as pool:
        running = asking(fake)
        long = pool.submit(running.ask, "What?", Found)
        fake.wait_for(1)
        with pytest.raises(ModelTooSlow):
            asking(fake).ask("What?", Found, until=time.monotonic() + 0.05)
        assert not long.done()
        assert len(fake.requests) == 1
        running.close()
        assert type(ended(long)) is ModelCancelled


@pytest.mark.parametrize("left", [0.1, -1.0], ids=["little time", "none"])
def test_a_call_ends_at_the_moment_by_which_it_is_wanted(left: float) -> None:
    with always(Reply.stall('{"items": [')) as fake:
        model = asking(fake)
        with pytest.raises(ModelTooSlow):
            model.ask("What?", Found, until=time.monotonic() + left)
        fake.answer = lambda _request: Reply.json(GOOD)
        assert model.ask("What?", Found, until=time.monotonic() + 60) == READ


def test_the_time_of_every_call_is_told() -> None:
    used: list[float] = []
    with always(Reply.json(GOOD)) as fake:
        model = asking(fake, on_use=used.append)
        model.ask("What?", Found)
        fake.answer = lambda _request: Reply.failed(500, "no")
        with pytest.raises(ModelFailed):
            model.ask("What?", Found)
        model.close()
        with pytest.raises(ModelCancelled):
            model.ask("What?", Found)
    assert len(used) == 2
    assert min(used) > 0


# Nothing leaves this machine, and nothing is told.


def test_another_machine_and_a_cloud_model_are_refused() -> None:
    with pytest.raises(RemoteModelHost):
        Model("http://192.0.2.7:11434", NAME, stall_s=1, timeout_s=1)
    with pytest.raises(CloudModel):
        Model("localhost", "gpt-oss:120b-cloud", stall_s=1, timeout_s=1)
    Model("http://192.0.2.7:11434", "gpt-oss:120b-cloud", stall_s=1, timeout_s=1, allow_remote=True)


def test_a_cloud_model_under_another_name_is_refused() -> None:
    with always(Reply.json(GOOD)) as fake:
        fake.remote_host = "https://models.example.org:443"
        with pytest.raises(ModelUnusable, match="another machine"):
            asking(fake).ask("What?", Found)
        assert fake.requests == []
        assert asking(fake, allow_remote=True).ask("What?", Found) == READ


def test_nothing_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with always(Reply.json(GOOD)) as fake, socket.create_server(("127.0.0.1", 0)) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setenv("OLLAMA_API_KEY", "not-for-you")
        assert asking(fake).ask("What?", Found) == READ
    assert fake.keys == ["", ""]


@pytest.mark.parametrize(
    "reply", [Reply.json({"items": [{**GOOD["items"][0], "text": SECRET}]}), Reply.cut(SECRET), Reply(SECRET)]
)
def test_nothing_that_is_said_is_logged(reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "sidecar")
    with always(reply) as fake:
        try:
            asking(fake).ask(SECRET, Found)
        except ModelFailed:
            logging.getLogger("sidecar").exception("failed")
    told = [record for record in caplog.records if record.name.startswith("sidecar")]
    assert "model answered" in [record.getMessage() for record in told]
    assert not any(SECRET in f"{vars(record)}" for record in told)
    assert SECRET not in caplog.text


# What the failures say.


def test_every_failure_has_a_state_of_its_own() -> None:
    family = [kind for kind in classes() if issubclass(kind, ModelFailed)]
    assert len({kind.state for kind in family}) == len(family)
    assert {kind.state for kind in family if kind.server_fault} == {
        "unreachable",
        "missing",
        "out of memory",
        "unusable",
        "cancelled",
    }


def test_everything_that_the_client_library_raises_over_a_question_is_translated() -> None:
    raised = [kind for kind in vars(httpx).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    raised += [kind for kind in vars(client).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    raised.remove(httpx.CookieConflict)  # only for who reads cookies by name
    expected: dict[type[Exception], type[ModelFailed]] = {
        httpx.ConnectError: ModelUnreachable,
        httpx.ConnectTimeout: ModelUnreachable,
        httpx.ReadError: ModelDisconnected,
        httpx.RemoteProtocolError: ModelDisconnected,
        httpx.WriteError: ModelDisconnected,
        ConnectionError: ModelUnreachable,
        TooMuch: AnswerCut,
        AttributeError: ModelFailed,
    }
    for kind in (*raised, *expected, TypeError, ValueError):
        error = client.ResponseError("why", 500) if kind is client.ResponseError else kind.__new__(kind, "why")
        with pytest.raises(ModelFailed) as failed, _translated("http://127.0.0.1:1"), _answering("", NAME):
            raise error
        assert type(failed.value) is expected.get(kind, type(failed.value))


# Where a model runs.


def test_where_a_model_is_loaded() -> None:
    with always(Reply.json(GOOD)) as fake:
        assert needs_cpu(fake.host, NAME) is None
        asking(fake).ask("What?", Found)
        assert needs_cpu(fake.host, NAME) is False
        fake.on_gpu = False
        assert needs_cpu(fake.host, NAME) is True
        assert needs_cpu(fake.host, "other") is None
    assert needs_cpu(fake.host, NAME) is None
    with pytest.raises(RemoteModelHost):
        needs_cpu("http://192.0.2.7", NAME)


def test_what_the_answering_function_raises_fails_the_test() -> None:
    def answer(_request: ChatRequest) -> Reply:
        raise LookupError("no such question")

    with pytest.raises(LookupError), FakeOllama(answer) as fake, pytest.raises(ModelFailed):
        asking(fake).ask("What?", Found)
