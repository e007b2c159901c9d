"""Asking a model: the only module that speaks to Ollama.

The client library is imported when a server is asked, not before: checking an address needs none of it.  What is asked
and what is answered is never logged and never part of an error: it may hold anything that was said in a session.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from sidecar.config.host import says_cloud
from sidecar.errors import (
    AnswerCut,
    AnswerWrong,
    ModelDisconnected,
    ModelFailed,
    ModelUnreachable,
    ModelUnusable,
    PromptTruncated,
)
from sidecar.extract.refusals import IN_STREAM, refusal
from sidecar.extract.server import ModelServer, ModelTraits, check_allowed, full_name
from sidecar.extract.stream import Collected, Ending, least_tokens, window
from sidecar.extract.stream import most_tokens as tokens_at_most
from sidecar.extract.watch import Calls, Watch

if TYPE_CHECKING:
    import httpx
    import ollama

log = logging.getLogger(__name__)

A = TypeVar("A", bound=BaseModel)

_LONGEST_LIST = 4 * 1024 * 1024
"""Bytes of the longest list of models, or description of one, that is read; a real one has some kilobytes."""
_TOKEN_BYTES, _TOKEN_CHARACTERS = 1024, 16
"""What one token of an answer takes at most: a line of JSON with some 200 bytes, and the longest words."""
_CONNECT_S = 10.0
"""Seconds for a connection; a server on this machine takes or refuses it at once."""


class Model:
    """One model on one server, for one question at a time, from any thread.

    `stall_s` is the longest silence between two pieces of an answer, `timeout_s` the longest time for the whole, both
    in seconds; before the first piece only the latter counts, since a server sends nothing while it reads the prompt
    (see `Watch`).  `keep_alive` is how long the server keeps the model in memory after a call.  `on_use` is told the
    seconds that each call took, successful or not, waiting for its turn not counted.

    Raises RemoteModelHost and CloudModel where text would leave this machine, unless `allow_remote`.
    """

    def __init__(
        self,
        host: str,
        name: str,
        *,
        stall_s: float,
        timeout_s: float,
        allow_remote: bool = False,
        keep_alive: str = "10m",
        on_use: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self.host = check_allowed(host, name, allow_remote=allow_remote)
        self.name = name
        self._allow_remote = allow_remote
        self._keep_alive = keep_alive
        self._calls = Calls(self.host, name, stall_s=stall_s, timeout_s=timeout_s, on_use=on_use)
        self._traits: ModelTraits | None = None

    def ask(self, prompt: str, answer: type[A], *, system: str = "", most_tokens: int = 2048) -> A:
        """The model's answer to one question, as an object of the class `answer`.

        The class's JSON schema is the form that the server holds the model to; the answer is validated strictly all
        the same.  `most_tokens` bounds its length.  Blocks for as long as the model takes, minutes on a CPU.  Raises
        one of the ModelFailed family.
        """
        from sidecar.extract.transport import Bounded

        most = _LONGEST_LIST + most_tokens * _TOKEN_BYTES
        with (
            self._calls.one() as watch,
            _translated(self.host),
            Bounded(timeout_s=math.inf, most=most, connected=watch.connected) as transport,
        ):
            traits = self._traits or self._described(transport)
            request = self._request(prompt, system, answer.model_json_schema(), most_tokens, traits)
            text = self._answer(transport, watch, request)
        return self._read(text, answer)

    def close(self) -> None:
        """End the running call, and every later one at once: they raise ModelCancelled."""
        self._calls.close()

    def _described(self, transport: httpx.BaseTransport) -> ModelTraits:
        """What the server says of the model; nothing where it cannot: then the question itself will tell."""
        import httpx

        answer = _plain(self.host, transport, _limits()).post("/api/show", json={"model": self.name})
        if answer.status_code != httpx.codes.OK:
            return ModelTraits()
        shown = answer.json()
        traits = ModelTraits.read(shown if isinstance(shown, dict) else {})
        if traits.elsewhere and not self._allow_remote:
            why = "it stands for a model on another machine"
            hint = "Set extract.model to a local one, or extract.allow_remote: true if text may leave this machine."
            raise ModelUnusable(host=self.host, model=self.name, why=why, hint=hint)
        self._traits = traits
        return traits

    def _request(
        self, prompt: str, system: str, schema: dict[str, Any], most_tokens: int, traits: ModelTraits
    ) -> dict[str, Any]:
        tokens = tokens_at_most(system) + tokens_at_most(prompt)
        num_ctx = window(tokens, most_tokens, traits.longest)
        if num_ctx is None:
            raise PromptTruncated(model=self.name, why=f"it may have {tokens} tokens, with {most_tokens} to answer")
        said_before = [{"role": "system", "content": system}] if system else []
        return {
            "messages": [*said_before, {"role": "user", "content": prompt}],
            "format": schema,
            "options": {"temperature": 0, "num_ctx": num_ctx, "num_predict": most_tokens},
            "keep_alive": self._keep_alive,
            "think": False if traits.thinks else None,  # to other models the word means nothing, or is an error
        }

    def _answer(self, transport: httpx.BaseTransport, watch: Watch, request: dict[str, Any]) -> str:
        """The text of the answer, whole and not empty."""
        began = time.monotonic()
        num_ctx, messages = request["options"]["num_ctx"], [message["content"] for message in request["messages"]]
        collected = Collected(self.name, most=request["options"]["num_predict"] * _TOKEN_CHARACTERS)
        client = _client(self.host, transport, _limits())
        ending: Ending | None = None
        with _answering(self.host, self.name):
            for piece in client.chat(self.name, stream=True, **request):
                watch.heard()
                collected.add(piece.message.content or "", piece.message.thinking or "")
                if piece.done:
                    ending = Ending(piece.prompt_eval_count or 0, piece.eval_count or 0, piece.done_reason)
        seconds = f"{time.monotonic() - began:.1f}"
        sizes = {"asked": sum(map(len, messages)), "answered": collected.size, "window": num_ctx, "ending": ending}
        log.debug("model answered", extra={"model": self.name, "seconds": seconds, **sizes})
        least = sum(map(least_tokens, messages))
        from_cache = partial(_from_cache, client, self.name, num_ctx)
        return collected.whole(ending, window=num_ctx, least=least, from_cache=from_cache)

    def _read(self, text: str, answer: type[A]) -> A:
        try:
            return answer.model_validate_json(text, strict=True)
        except ValidationError as error:
            # Only the kinds of the problems: places and values quote the answer.
            kinds = sorted({problem["type"] for problem in error.errors(include_url=False, include_input=False)})
            raise AnswerWrong(model=self.name, why=", ".join(kinds)) from None


_OTHER = "it answers, but not as Ollama does"


def probe(host: str, *, timeout_s: float, allow_remote: bool = False) -> ModelServer:
    """Whether a model server answers at `host`, its version and the names of its models, sorted.

    Never raises for a server that is away, slow or wrong: that is what `problem` says.  `timeout_s` is seconds for each
    of two requests.  Raises RemoteModelHost as `check_allowed` does; models that run in the cloud are not listed then.
    """
    url = check_allowed(host, allow_remote=allow_remote)
    try:
        with _translated(url):
            version, names = _ask(url, timeout_s)
    except ModelFailed as error:
        return ModelServer(url, reachable=False, problem=str(error.fields["why"]))
    listed = sorted({name for name in names if allow_remote or not says_cloud(name)})
    return ModelServer(url, reachable=True, version=version, models=tuple(listed))


def needs_cpu(host: str, model: str, *, timeout_s: float = 5.0, allow_remote: bool = False) -> bool | None:
    """Whether the server has this model wholly in the memory of the CPU, where it takes minutes for a chunk.

    None if that is not known: the model is not loaded now, or the server does not say or does not answer.  `timeout_s`
    is in seconds.  Raises RemoteModelHost as `check_allowed` does.
    """
    from sidecar.extract.transport import Bounded

    url = check_allowed(host, model, allow_remote=allow_remote)
    try:
        with _translated(url), Bounded(timeout_s=timeout_s, most=_LONGEST_LIST) as transport:
            found = _loaded(_client(url, transport, timeout_s), model)
    except ModelFailed:
        return None
    return None if found is None or found.size_vram is None else int(found.size_vram) == 0


def _ask(url: str, timeout_s: float) -> tuple[str, list[str]]:
    """Version and model names."""
    import httpx

    from sidecar.extract.transport import Bounded

    with Bounded(timeout_s=timeout_s, most=_LONGEST_LIST) as transport:
        # The client library has no call for the version; the transport under it has.
        answer = _plain(url, transport, timeout_s).get("/api/version")
        if answer.status_code != httpx.codes.OK:
            raise ModelFailed(host=url, why=f"it answers {answer.status_code} to /api/version")
        found = answer.json()
        version = found.get("version") if isinstance(found, dict) else None
        if not isinstance(version, str):
            raise ModelFailed(host=url, why=_OTHER)
        return version, [one.model for one in _client(url, transport, timeout_s).list().models if one.model]


def _loaded(client: ollama.Client, model: str) -> ollama.ProcessResponse.Model | None:
    """What the server says of a model in its memory; None if it is not there, or the server does not say."""
    import ollama

    try:
        return next((one for one in client.ps().models if one.model == full_name(model)), None)
    except ollama.ResponseError:
        return None


def _from_cache(client: ollama.Client, model: str, num_ctx: int, read: int) -> bool:
    """Whether a count of the prompt's tokens that is too low comes from the server's cache, not from a short prompt.

    Ollama counts what it had in its cache as well, except the first versions 0.30, and those before 0.2, which left the
    count out.  A prompt that is too long is shortened to the window, or to half of it: of one of which still less was
    read, in the window that was asked for, the rest was in the cache.
    """
    given = getattr(_loaded(client, model), "context_length", None)  # not in every version of the client library
    return isinstance(given, int) and given >= num_ctx and read < num_ctx // 2


def _limits() -> httpx.Timeout:
    """For calls under a watch, which counts all time but that of the connection."""
    import httpx

    return httpx.Timeout(None, connect=_CONNECT_S)


def _plain(url: str, transport: httpx.BaseTransport, timeout: httpx.Timeout | float) -> httpx.Client:
    import httpx

    return httpx.Client(base_url=url, transport=transport, timeout=timeout, trust_env=False)


def _client(url: str, transport: httpx.BaseTransport, timeout: httpx.Timeout | float) -> ollama.Client:
    """The client library.  Nothing is redirected, and proxies and keys of the environment are not used."""
    import ollama

    return ollama.Client(host=url, transport=transport, timeout=timeout, trust_env=False, follow_redirects=False)


@contextmanager
def _answering(url: str, model: str) -> Iterator[None]:
    """What the client library raises over a question, as what it means for one."""
    import httpx
    import ollama

    from sidecar.extract.transport import TooMuch

    try:
        yield
    except ollama.ResponseError as error:
        status = error.status_code if error.status_code > 0 else IN_STREAM
        raise refusal(url, model, status, str(error.error)) from None
    except TooMuch:
        raise AnswerCut(model=model, why="it is far too long") from None
    except (ValueError, TypeError, AttributeError):
        # No JSON, or not of this form; without its cause, which quotes the answer.
        raise ModelFailed(host=url, why=_OTHER) from None
    except httpx.ConnectError:
        raise
    except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
        raise ModelDisconnected(host=url, why=str(error) or type(error).__name__) from error


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """Whatever the client library raises becomes ModelFailed, with the cause in words."""
    import httpx
    import ollama

    try:
        yield
    except ollama.ResponseError as error:
        raise ModelFailed(host=url, why=f"it answers {error.status_code} to /api/tags") from error
    except httpx.TimeoutException as error:
        raise ModelUnreachable(host=url, why="it does not answer in time") from error
    except (httpx.ConnectError, ConnectionError) as error:
        refused = "refused" in str(error).lower()
        raise ModelUnreachable(host=url, why="nothing listens there" if refused else str(error)) from error
    except (ValueError, TypeError, AttributeError, ollama.RequestError, httpx.HTTPError, httpx.StreamError) as error:
        # ValueError: no JSON, or fields of other types; the others: the library takes a list for an object.
        raise ModelFailed(host=url, why=_OTHER) from error
    except (OSError, httpx.InvalidURL) as error:
        raise ModelUnreachable(host=url, why=str(error) or type(error).__name__) from error


__all__ = ["Model", "ModelServer", "check_allowed", "needs_cpu", "probe"]
