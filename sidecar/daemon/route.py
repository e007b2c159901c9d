"""One route, and a table of them in which a request finds its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote

from sidecar.daemon.handlers import Call, Reply
from sidecar.errors import FieldError, MethodNotAllowed, UnknownMemory, UnknownRoute
from sidecar.records import dataclass
from sidecar.wire import fields, limits, requests, shapes
from sidecar.wire.text import shown, whole

OURS: Final = "/v1"
MANAGED: Final = "/client/v4/accounts/{account}/agent-memory"
"""The prefix of the managed service; whatever stands for `{account}` is accepted, as a local daemon has one owner."""

PROFILE: Final = "/namespaces/{ns}/profiles/{p}"
"""The path of a profile, which those of most operations begin with."""

Handler = Callable[[Any, Call[Any, Any]], Awaitable[Reply]]
"""What serves a route, of the `Api` of the daemon; one that is `early`, of its `RecallApi`."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation.

    `path` follows the prefix.  `managed`: the managed service has it too, so that it is served under both prefixes.
    `result` is the shape of the envelope's `result`, None for null; `many`: a list of them.  `document`: served as it
    is, without an envelope, in this media type; without a handler it is the server's own.
    `also`: further media types of a document that comes in several.  `fresh`: the answer says how fresh the index is.
    `early`: it is served from the start on, before all memory files have been read.
    """

    method: str
    path: str
    name: str
    handler: Handler | None = None
    body: type[requests.Body] = requests.Nothing
    query: type[requests.QueryString] = requests.NoQuery
    result: type[shapes.Shape] | None = None
    many: bool = False
    managed: bool = False
    success: int = 200
    conflicts: bool = False
    body_bytes: int = limits.BODY_BYTES
    document: str | None = None
    also: tuple[str, ...] = ()
    fresh: bool = True
    early: bool = False

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Under which prefixes it is served."""
        return (OURS, MANAGED) if self.managed else (OURS,)

    @property
    def about(self) -> str:
        """What it does, in a sentence or two."""
        return _DOCUMENTS[self.name] if self.handler is None else " ".join((self.handler.__doc__ or "").split())

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in the path."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))


_DOCUMENTS: Final[Mapping[str, str]] = {
    "metrics": "The daemon's figures in the Prometheus text format.",
    "openapi": "This API as an OpenAPI 3.1 document.",
}


@dataclass(frozen=True, slots=True)
class Match:
    """A route, with what its path names."""

    route: Route
    path: Mapping[str, str]
    managed: bool


class Table:
    """Some routes, among which a request finds its own."""

    def __init__(self, routes: Iterable[Route]) -> None:
        # By how many parts they have and by their last one, None if that can be anything.
        self._by_end: dict[tuple[int, str | None], list[tuple[Route, tuple[str, ...]]]] = {}
        for route in routes:
            parts = tuple(route.path.split("/")[1:])
            end = None if parts[-1].startswith("{") else parts[-1]
            self._by_end.setdefault((len(parts), end), []).append((route, parts))

    def match(self, method: str, path: str) -> Match:
        """The route of a request; `path` is the raw path, percent-encoded, without the query.  HEAD is taken for GET.

        Raises:
            UnknownRoute: no route has this path.
            MethodNotAllowed: routes have this path, but not the method.
            FieldError: a name or session id in the path is not one.
            UnknownMemory: a memory id that cannot be one.
        """
        tail, managed = _without_prefix(path)
        found = {route.method: (route, values) for route, values in self._with_path(tail, managed=managed)}
        if not found:
            raise UnknownRoute(route=shown(path))
        route, values = found.get("GET" if method == "HEAD" else method, (None, {}))
        if route is None:
            raise MethodNotAllowed(method=shown(method), route=shown(path))
        return Match(route, {name: _checked(name, value, values) for name, value in values.items()}, managed)

    def has(self, method: str, path: str) -> bool:
        """Whether one of them is meant, be it with a name that is none."""
        tail, managed = _without_prefix(path)
        return any(route.method == method for route, _ in self._with_path(tail, managed=managed))

    def allowed(self, path: str) -> tuple[str, ...]:
        """The methods of a path, in alphabetical order; empty if there is no such path."""
        tail, managed = _without_prefix(path)
        methods = {route.method for route, _ in self._with_path(tail, managed=managed)}
        if "GET" in methods:
            methods.add("HEAD")
        return tuple(sorted(methods | {"OPTIONS"})) if methods else ()

    def _with_path(self, tail: tuple[str, ...], *, managed: bool) -> list[tuple[Route, dict[str, str]]]:
        found = []
        ends = (*tail[-1:], None)
        for route, parts in (each for end in ends for each in self._by_end.get((len(tail), end), ())):
            if managed and not route.managed:
                continue
            pairs = list(zip(parts, tail, strict=True))
            if all(part == given or (part.startswith("{") and given) for part, given in pairs):
                values = {part[1:-1]: whole(unquote(given)) for part, given in pairs if part.startswith("{")}
                found.append((route, values))
        return found


def _without_prefix(path: str) -> tuple[tuple[str, ...], bool]:
    """The parts of the path after the prefix, and whether it was the managed service's; no parts if it was neither."""
    parts = tuple(path.split("/")[1:])
    if parts[:1] == ("v1",):
        return parts[1:], False
    if len(parts) > 5 and parts[:3] == ("client", "v4", "accounts") and parts[3] and parts[4] == "agent-memory":
        return parts[5:], True
    return (), False


def _checked(name: str, value: str, values: Mapping[str, str]) -> str:
    """One name from the path, refused before anything could take it for a part of a file's path."""
    if name == "id":
        if not fields.is_memory_id(value):
            raise UnknownMemory(id=shown(value), profile=shown(values.get("p", "of this folder")))
        return value
    check, called = {
        "ns": (fields.name, "namespace"),
        "p": (fields.name, "profile"),
        "sid": (fields.session, "session id"),
        "session": (fields.agent_session, "session"),
    }[name]
    try:
        return check(value)
    except ValueError as error:
        raise FieldError(field=called, problem=str(error)) from None
