"""A model server as it is known from outside: where it may be, and what it said of itself and of a model."""

from __future__ import annotations

from collections.abc import Mapping

from sidecar.config.host import is_local, read_host, says_cloud
from sidecar.errors import CloudModel, ModelFailed, RemoteModelHost
from sidecar.records import dataclass


@dataclass(frozen=True, slots=True)
class ModelServer:
    """What a model server said of itself; `problem` is a sentence for people where it is of no use."""

    host: str
    reachable: bool
    version: str | None = None
    models: tuple[str, ...] = ()
    problem: str | None = None

    def has(self, model: str) -> bool:
        """Whether the server has this model."""
        return full_name(model) in self.models


@dataclass(frozen=True, slots=True)
class ModelTraits:
    """What a server says of one model; what it does not say is taken for the usual."""

    longest: int | None = None
    """The longest window that the model was made for, in tokens."""
    thinks: bool = False
    """Whether it thinks before it answers, unless it is told not to."""
    elsewhere: bool = False
    """Whether it runs on another machine, although its name need not say so: a copy of a cloud model, renamed."""

    @classmethod
    def read(cls, shown: Mapping[str, object]) -> ModelTraits:
        """From the answer of /api/show, whatever it holds."""
        info, able = shown.get("model_info"), shown.get("capabilities")
        lengths = [
            value
            for key, value in (info.items() if isinstance(info, Mapping) else ())
            if str(key).endswith(".context_length") and isinstance(value, int) and value > 0
        ]
        return cls(
            longest=min(lengths, default=None),
            thinks=isinstance(able, list) and "thinking" in able,
            elsewhere=bool(shown.get("remote_host") or shown.get("remote_model")),
        )


def full_name(model: str) -> str:
    """A model's name with its tag; without one it means `:latest`, as it does for Ollama."""
    return model if ":" in model else f"{model}:latest"


def check_allowed(host: str, *models: str | None, allow_remote: bool = False) -> str:
    """The host as a URL, if text may be sent there.

    Raises RemoteModelHost for a host that is not this machine, and CloudModel for a model whose name says that it runs
    in the cloud, unless `allow_remote`; ModelFailed for what is no address at all.
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
            raise CloudModel(model=model)
    return url
