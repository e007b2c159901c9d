"""The model server: the only module that speaks to Ollama.

The client library is imported when a server is asked, not before: checking an address needs none of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sidecar.config.host import is_local, read_host, says_cloud
from sidecar.errors import ModelFailed, RemoteModelHost

_LONGEST_ANSWER = 4 * 1024 * 1024
"""Bytes of the longest list of models that is read; a real one has some kilobytes."""


@dataclass(frozen=True, slots=True)
class ModelServer:
    """What a model server said of itself; `problem` is a sentence for people where it is of no use."""

    host: str
    reachable: bool
    version: str | None = None
    models: tuple[str, ...] = ()
    problem: str | None = None

    def has(self, model: str) -> bool:
        """Whether the server has this model; a name without a tag means `:latest`, as it does for Ollama."""
        wanted = model if ":" in model else f"{model}:latest"
        return wanted in self.models


def check_allowed(host: str, *models: str | None, allow_remote: bool = False) -> str:
    """The host as a URL, if text may be sent there.

    Raises RemoteModelHost for a host that is not this machine and for a model whose name says that it runs in the
    cloud, unless `allow_remote`; ModelFailed for what is no address at all.
    """
    try:
        url = read_host(host)
    except ValueError as error:
        raise ModelFailed(host=host, why=f"extract.host {error}") from error
    if allow_remote:
        return url
    if not is_local(url):
        raise RemoteModelHost(host=url)
    for model in models:
        if model and says_cloud(model):
            raise RemoteModelHost(host=f"of {model}")
    return url


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


def _ask(url: str, timeout_s: float) -> tuple[str, list[str]]:
    """Version and model names.  Nothing is redirected, and proxies and keys of the environment are not used."""
    import httpx
    import ollama

    from sidecar.extract.transport import Bounded

    with Bounded(timeout_s=timeout_s, most=_LONGEST_ANSWER) as transport:
        # The client library has no call for the version; the transport under it has.
        plain = httpx.Client(base_url=url, transport=transport, timeout=timeout_s, trust_env=False)
        answer = plain.get("/api/version")
        if answer.status_code != httpx.codes.OK:
            raise ModelFailed(host=url, why=f"it answers {answer.status_code} to /api/version")
        found = answer.json()
        version = found.get("version") if isinstance(found, dict) else None
        if not isinstance(version, str):
            raise ModelFailed(host=url, why=_OTHER)
        client = ollama.Client(
            host=url, transport=transport, timeout=timeout_s, trust_env=False, follow_redirects=False
        )
        return version, [one.model for one in client.list().models if one.model]


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
        raise ModelFailed(host=url, why="it does not answer in time") from error
    except httpx.ConnectError as error:
        refused = "refused" in str(error).lower()
        raise ModelFailed(host=url, why="nothing listens there" if refused else str(error)) from error
    except (ValueError, TypeError, ollama.RequestError, httpx.HTTPError, httpx.StreamError) as error:
        # ValueError: no JSON, or fields of other types; TypeError: the library unpacks a list as if it were an object.
        raise ModelFailed(host=url, why=_OTHER) from error
    except (OSError, httpx.InvalidURL) as error:
        raise ModelFailed(host=url, why=str(error) or type(error).__name__) from error
