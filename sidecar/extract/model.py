"""The model server: the only module that speaks to Ollama.

Asking which models a server has needs no client library, so `doctor` and `status` stay quick.
"""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

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


def probe(host: str, *, timeout_s: float, allow_remote: bool = False) -> ModelServer:
    """Whether a model server answers at `host`, its version and the names of its models, sorted.

    Never raises for a server that is away, slow or wrong: that is what `problem` says.  `timeout_s` is seconds for each
    of two requests.  Raises RemoteModelHost as `check_allowed` does; models that run in the cloud are not listed then.
    """
    url = check_allowed(host, allow_remote=allow_remote)
    try:
        version = _get(url, "/api/version", timeout_s).get("version")
        listed = _get(url, "/api/tags", timeout_s).get("models")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return ModelServer(url, reachable=False, problem=_reason(error))
    if not isinstance(version, str) or not isinstance(listed, list):
        return ModelServer(url, reachable=False, problem="it answers, but not as Ollama does")
    named = (entry.get("name") for entry in listed if isinstance(entry, dict))
    names = sorted({name for name in named if isinstance(name, str) and (allow_remote or not says_cloud(name))})
    return ModelServer(url, reachable=True, version=version, models=tuple(names))


def _get(url: str, path: str, timeout_s: float) -> dict[str, object]:
    """One JSON object; proxies from the environment are not used, for they would carry text off the machine."""
    parts = urlsplit(url)
    connection = _connection(parts.scheme, parts.hostname or "", parts.port, timeout_s)
    try:
        connection.request("GET", parts.path + path, headers={"Accept": "application/json"})
        response = connection.getresponse()
        body = response.read(_LONGEST_ANSWER)
        if response.status != http.client.OK:
            raise ValueError(f"it answers {response.status} to {path}")
        found = json.loads(body)
    finally:
        connection.close()
    if not isinstance(found, dict):
        raise ValueError("it answers, but not as Ollama does")  # noqa: TRY004 - the answer's value is wrong, not a type
    return found


def _connection(scheme: str, name: str, port: int | None, timeout_s: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(name, port, timeout=timeout_s, context=ssl.create_default_context())
    return http.client.HTTPConnection(name, port, timeout=timeout_s)


def _reason(error: Exception) -> str:
    """The cause in words that do not change between platforms where that is possible."""
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | http.client.HTTPException):
        return "it answers, but not as Ollama does"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    return str(error) or type(error).__name__
