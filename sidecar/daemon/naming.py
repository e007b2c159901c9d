"""Secrets in what a request names things by, which would stand in front matter, paths, tags and commits for good.

What a text says is redacted by whoever keeps it.  A name is another matter: two names must not become one.
So a session id or a key is replaced as a whole by a name made from its hash, the same wherever it is given again, and
a name that a person or a model has to know again (of a profile, a snapshot, a file of the memory tool) is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from sidecar.daemon.handlers import B_co, Call, Q_co
from sidecar.errors import SecretInName
from sidecar.model import ProfileRef
from sidecar.redact import redact
from sidecar.store import Store
from sidecar.wire import past, requests

_HASH_CHARACTERS: Final = 16


def holds_secret(name: str) -> bool:
    """Whether something in a name looks like a secret."""
    return bool(redact(name).found)


def stand_in(name: str) -> str:
    """The name, or what stands for it if it holds a secret: `redacted-` and the head of its SHA-256."""
    if not holds_secret(name):
        return name
    return f"redacted-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:_HASH_CHARACTERS]}"


def check_name(what: str, name: str) -> None:
    """Raises SecretInName if `name`, that of a new `what`, holds a secret."""
    if holds_secret(name):
        raise SecretInName(what=what)


def check_new_profile(store: Store, ref: ProfileRef) -> None:
    """Raises SecretInName if the profile does not exist and its name holds a secret."""
    if not store.exists(ref):
        check_name("profile", ref.name)


def clean(call: Call[B_co, Q_co]) -> Call[B_co, Q_co]:
    """The request with no secret in its session id, key, tags and date.

    Raises SecretInName for a new namespace or snapshot with one in its name.
    """
    if isinstance(call.body, requests.NewNamespace):
        check_name("namespace", call.body.name)
    if isinstance(call.body, past.NewSnapshot):
        check_name("snapshot", call.body.name)
    body, query, path = _cleaned(call.body), _cleaned(call.query), call.path
    if "sid" in path:
        path = {**path, "sid": stand_in(path["sid"])}
    if body is call.body and query is call.query and path is call.path:
        return call
    return replace(call, body=body, query=query, path=path)


def _each(words: list[str]) -> list[str]:
    return [redact(word).text for word in words]


_FIELDS: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType({
    "session_id": stand_in,
    "key": stand_in,
    "occurred": lambda text: redact(text).text,
    "tag": lambda text: redact(text).text,
    "tags": _each,
})  # fmt: skip
"""By the names of fields, whatever the request: what is asked for must be named as what was kept."""


@cache
def _named(kind: type[requests.Body | requests.QueryString]) -> tuple[str, ...]:
    """Which of the fields a kind of request has: to ask a request itself for one that it has not takes long."""
    return tuple(name for name in _FIELDS if name in kind.model_fields)


def _cleaned(model: Any) -> Any:  # noqa: ANN401 - the same model
    given = {name: value for name in _named(model.__class__) if (value := getattr(model, name))}
    found = {name: new for name, value in given.items() if (new := _FIELDS[name](value)) != value}
    return model.model_copy(update=found) if found else model
