"""The route table: which request reaches which handler, and what it sends and gets.

The OpenAPI document and `docs/api.md` are generated from this table, and the server serves it; there is no third place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from sidecar.daemon import archivehandlers, exchangehandlers, handlers, pasthandlers, scanhandlers, sharing_handlers
from sidecar.daemon.handlers import Call, Reply
from sidecar.daemon.protocol import Api
from sidecar.errors import FieldError, MethodNotAllowed, UnknownMemory, UnknownRoute
from sidecar.wire import (
    archived,
    edits,
    exchange,
    fields,
    limits,
    memorytool,
    past,
    recalled,
    removals,
    requests,
    scanned,
    shapes,
)
from sidecar.wire.text import shown, whole

OURS: Final = "/v1"
MANAGED: Final = "/client/v4/accounts/{account}/agent-memory"
"""The prefix of the managed service; whatever stands for `{account}` is accepted, as a local daemon has one owner."""

WITH_BODY: Final = ("POST", "PATCH")
"""The methods whose requests carry something."""

Handler = Callable[[Api, Call[Any, Any]], Awaitable[Reply]]


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

_P: Final = "/namespaces/{ns}/profiles/{p}"

_NAMESPACES: Final = (
    Route("POST", "/namespaces", "create_namespace", handlers.create_namespace, body=requests.NewNamespace,
          result=shapes.NamespaceShape, managed=True, success=201, conflicts=True),
    Route("GET", "/namespaces", "list_namespaces", handlers.list_namespaces, query=requests.Page,
          result=shapes.NamespaceShape, many=True, managed=True),
    Route("GET", "/namespaces/{ns}", "get_namespace", handlers.get_namespace, result=shapes.NamespaceShape,
          managed=True),
    Route("DELETE", "/namespaces/{ns}", "delete_namespace", handlers.delete_namespace, managed=True),
    Route("GET", "/namespaces/{ns}/profiles", "list_profiles", handlers.list_profiles, result=shapes.ProfileShape,
          many=True, managed=True),
)  # fmt: skip

_PROFILE: Final = (
    Route("DELETE", _P, "delete_profile", handlers.delete_profile, managed=True),
    Route("DELETE", _P + "/sessions/{sid}", "delete_session", handlers.delete_session, managed=True),
    Route("POST", _P + "/ingest", "ingest", handlers.ingest, body=requests.Ingest, managed=True,
          body_bytes=limits.INGEST_BODY_BYTES),
    Route("POST", _P + "/remember", "remember", handlers.remember, body=requests.Remember,
          result=shapes.MemoryShape, managed=True),
    Route("POST", _P + "/recall", "recall", handlers.recall, body=requests.Recall, result=recalled.RecallResult,
          managed=True, early=True),
    Route("GET", _P + "/memories", "list_memories", handlers.list_memories, query=requests.ListMemories,
          result=shapes.ListedMemory, many=True, managed=True),
    Route("GET", _P + "/memories/{id}", "get_memory", handlers.get_memory, query=requests.GetMemory,
          result=shapes.MemoryDetail, managed=True),
    Route("DELETE", _P + "/memories/{id}", "delete_memory", handlers.delete_memory, result=shapes.MemoryShape,
          managed=True, conflicts=True),
    Route("POST", _P + "/memories/{id}/forget", "forget_memory", handlers.forget_memory, body=requests.Forget,
          result=shapes.MemoryShape, managed=True, conflicts=True),
    Route("GET", _P + "/review", "list_proposed", handlers.list_proposed, query=requests.ListProposed,
          result=shapes.ProposedShape, many=True, managed=True),
    Route("POST", _P + "/memories/{id}/review", "review_memory", handlers.review_memory, body=requests.Review,
          result=shapes.MemoryShape, managed=True, conflicts=True),
    Route("POST", _P + "/summary", "summary", handlers.summary, body=requests.Summary, result=shapes.SummaryResult,
          managed=True),
    Route("GET", _P + "/log", "log", handlers.log, query=requests.ListLog, result=shapes.LogEntry, many=True),
    Route("PATCH", _P + "/memories/{id}", "patch_memory", pasthandlers.patch_memory, body=edits.Patch,
          result=shapes.MemoryShape, conflicts=True),
    Route("GET", _P + "/memories/{id}/text", "memory_text", pasthandlers.memory_text, result=edits.FileText),
    Route("POST", _P + "/memory_tool", "memory_tool", pasthandlers.memory_tool, body=memorytool.MemoryTool,
          result=memorytool.ToolResult, managed=True),
    Route("POST", _P + "/removal", "preview_removal", pasthandlers.preview_removal, body=removals.PreviewRemoval,
          result=removals.RemovalPreview),
    Route("POST", _P + "/purge", "purge", pasthandlers.purge, body=removals.Purge, result=removals.PurgeResult,
          conflicts=True),
    Route("GET", _P + "/diff", "diff", pasthandlers.diff, query=past.Compare, result=past.DiffResult),
    Route("POST", _P + "/undo", "undo", pasthandlers.undo, body=past.Undo, result=past.UndoResult, conflicts=True),
    Route("GET", _P + "/export", "export", exchangehandlers.export, query=exchange.Export,
          document="application/x-tar", also=("application/x-ndjson",), fresh=False),
    Route("POST", _P + "/import", "import", exchangehandlers.bring, body=exchange.Import,
          result=exchange.ImportResult),
    Route("GET", _P + "/snapshots", "list_snapshots", pasthandlers.list_snapshots, result=past.SnapshotShape,
          many=True),
    Route("POST", _P + "/snapshots", "snapshot", pasthandlers.snapshot, body=past.NewSnapshot,
          result=past.SnapshotShape, success=201, conflicts=True),
)  # fmt: skip

_SHARING: Final = (
    Route("POST", _P + "/share", "share", sharing_handlers.share, body=requests.Share, result=shapes.ShareResult,
          conflicts=True),
    Route("POST", _P + "/sync", "sync", sharing_handlers.sync, body=requests.Sync, result=shapes.SyncResult,
          conflicts=True),
    Route("POST", "/namespaces/{ns}/join", "join", sharing_handlers.join, body=requests.Join,
          result=shapes.JoinResult, conflicts=True),
    Route("POST", "/carry", "carry_here", sharing_handlers.carry, body=requests.CarryHere, result=shapes.CarriedShape,
          conflicts=True),
    Route("POST", "/sync", "sync_all", sharing_handlers.sync_all, body=requests.SyncAll, result=shapes.SyncResult,
          many=True),
)  # fmt: skip

_HERE: Final = (
    Route("POST", "/ingest", "ingest_here", handlers.ingest, body=requests.IngestHere,
          body_bytes=limits.INGEST_BODY_BYTES),
    Route("POST", "/remember", "remember_here", handlers.remember, body=requests.RememberHere,
          result=shapes.MemoryShape),
    Route("POST", "/recall", "recall_here", handlers.recall, body=requests.RecallHere, result=recalled.RecallResult,
          early=True),
    Route("POST", "/search", "search_here", archivehandlers.search, body=archived.SearchHere,
          result=archived.SearchResult),
    Route("GET", "/memories", "list_memories_here", handlers.list_memories, query=requests.ListMemoriesHere,
          result=shapes.ListedMemory, many=True),
    Route("GET", "/memories/{id}", "get_memory_here", handlers.get_memory, query=requests.GetMemoryHere,
          result=shapes.MemoryDetail),
    Route("DELETE", "/memories/{id}", "delete_memory_here", handlers.delete_memory, query=requests.Here,
          result=shapes.MemoryShape, conflicts=True),
    Route("POST", "/memories/{id}/forget", "forget_memory_here", handlers.forget_memory, body=requests.ForgetHere,
          result=shapes.MemoryShape, conflicts=True),
    Route("GET", "/review", "list_proposed_here", handlers.list_proposed, query=requests.ListProposedHere,
          result=shapes.ProposedShape, many=True),
    Route("POST", "/memories/{id}/review", "review_memory_here", handlers.review_memory, body=requests.ReviewHere,
          result=shapes.MemoryShape, conflicts=True),
    Route("POST", "/accept", "accept_here", handlers.accept, body=requests.AcceptHere),
    Route("POST", "/summary", "summary_here", handlers.summary, body=requests.SummaryHere,
          result=shapes.SummaryResult),
    Route("GET", "/log", "log_here", handlers.log, query=requests.ListLogHere, result=shapes.LogEntry, many=True),
    Route("PATCH", "/memories/{id}", "patch_memory_here", pasthandlers.patch_memory, body=edits.PatchHere,
          result=shapes.MemoryShape, conflicts=True),
    Route("GET", "/memories/{id}/text", "memory_text_here", pasthandlers.memory_text, query=requests.Here,
          result=edits.FileText),
    Route("POST", "/memory_tool", "memory_tool_here", pasthandlers.memory_tool, body=memorytool.MemoryToolHere,
          result=memorytool.ToolResult),
    Route("POST", "/removal", "preview_removal_here", pasthandlers.preview_removal, body=removals.PreviewRemovalHere,
          result=removals.RemovalPreview),
    Route("POST", "/purge", "purge_here", pasthandlers.purge, body=removals.PurgeHere, result=removals.PurgeResult,
          conflicts=True),
    Route("GET", "/diff", "diff_here", pasthandlers.diff, query=past.CompareHere, result=past.DiffResult),
    Route("POST", "/undo", "undo_here", pasthandlers.undo, body=past.UndoHere, result=past.UndoResult,
          conflicts=True),
    Route("GET", "/export", "export_here", exchangehandlers.export, query=exchange.ExportHere,
          document="application/x-tar", also=("application/x-ndjson",), fresh=False),
    Route("POST", "/import", "import_here", exchangehandlers.bring, body=exchange.ImportHere,
          result=exchange.ImportResult),
    Route("GET", "/snapshots", "list_snapshots_here", pasthandlers.list_snapshots, query=requests.Here,
          result=past.SnapshotShape, many=True),
    Route("POST", "/snapshots", "snapshot_here", pasthandlers.snapshot, body=past.NewSnapshotHere,
          result=past.SnapshotShape, success=201, conflicts=True),
)  # fmt: skip

_DAEMON: Final = (
    Route("POST", "/transcripts", "transcripts", handlers.transcripts, body=requests.Transcripts,
          result=shapes.TranscriptsResult),
    Route("POST", "/notify", "notify", handlers.notify, body=requests.Notify),
    Route("POST", "/hook", "hook", handlers.hook, body=requests.Hook, body_bytes=limits.HOOK_BODY_BYTES,
          document="text/plain", fresh=False),
    Route("GET", "/sessions/{session}", "show_session", archivehandlers.show_session, query=archived.ShowSession,
          result=archived.SessionShape),
    Route("GET", "/jobs", "list_jobs", handlers.list_jobs, query=requests.ListJobs, result=shapes.JobsResult),
    Route("POST", "/jobs/retry", "retry_jobs", handlers.retry_jobs, body=requests.RetryJobs,
          result=shapes.RetriedResult),
    Route("POST", "/jobs/drop", "drop_job", handlers.drop_job, body=requests.DropJob),
    Route("POST", "/pause", "pause", handlers.pause),
    Route("POST", "/resume", "resume", handlers.resume),
    Route("POST", "/rebuild", "rebuild", handlers.rebuild),
    Route("POST", "/scan", "scan", scanhandlers.scan, body=scanned.Scan, result=scanned.ScanStep, fresh=False),
    Route("POST", "/shutdown", "shutdown", handlers.shutdown),
    Route("GET", "/status", "status", handlers.status, result=shapes.StatusResult),
    Route("GET", "/healthz", "healthz", handlers.healthz, result=shapes.Health, fresh=False),
    Route("GET", "/metrics", "metrics", document="text/plain", fresh=False),
    Route("GET", "/openapi.json", "openapi", document="application/json", fresh=False),
)  # fmt: skip

SECTIONS: Final[Mapping[str, tuple[Route, ...]]] = {
    "Namespaces": _NAMESPACES,
    "Profiles": _PROFILE,
    "Routed by folder": _HERE,
    "Sharing": _SHARING,
    "The daemon": _DAEMON,
}
"""Every route, as the documentation groups them."""

TABLE: Final = tuple(route for section in SECTIONS.values() for route in section)


@dataclass(frozen=True, slots=True)
class Match:
    """A route, with what its path names."""

    route: Route
    path: Mapping[str, str]
    managed: bool


def match(method: str, path: str) -> Match:
    """The route of a request; `path` is the raw path, percent-encoded, without the query.  HEAD is taken for GET.

    Raises:
        UnknownRoute: no route has this path.
        MethodNotAllowed: routes have this path, but not the method.
        FieldError: a name or session id in the path is not one.
        UnknownMemory: a memory id that cannot be one.
    """
    tail, managed = _without_prefix(path)
    found = {route.method: (route, values) for route, values in _with_path(tail, managed=managed)}
    if not found:
        raise UnknownRoute(route=shown(path))
    route, values = found.get("GET" if method == "HEAD" else method, (None, {}))
    if route is None:
        raise MethodNotAllowed(method=shown(method), route=shown(path))
    return Match(route, {name: _checked(name, value, values) for name, value in values.items()}, managed)


def allowed(path: str) -> tuple[str, ...]:
    """The methods of a path, in alphabetical order; empty if there is no such path."""
    tail, managed = _without_prefix(path)
    methods = {route.method for route, _ in _with_path(tail, managed=managed)}
    if "GET" in methods:
        methods.add("HEAD")
    return tuple(sorted(methods | {"OPTIONS"})) if methods else ()


def _without_prefix(path: str) -> tuple[tuple[str, ...], bool]:
    """The parts of the path after the prefix, and whether it was the managed service's; no parts if it was neither."""
    parts = tuple(path.split("/")[1:])
    if parts[:1] == ("v1",):
        return parts[1:], False
    if len(parts) > 5 and parts[:3] == ("client", "v4", "accounts") and parts[3] and parts[4] == "agent-memory":
        return parts[5:], True
    return (), False


_BY_END: Final[dict[tuple[int, str | None], list[tuple[Route, tuple[str, ...]]]]] = {}
"""The routes by how many parts they have and by their last one, None if that can be anything."""

for _route in TABLE:
    _parts = tuple(_route.path.split("/")[1:])
    _end = None if _parts[-1].startswith("{") else _parts[-1]
    _BY_END.setdefault((len(_parts), _end), []).append((_route, _parts))


def _with_path(tail: tuple[str, ...], *, managed: bool) -> list[tuple[Route, dict[str, str]]]:
    found = []
    ends = (*tail[-1:], None)
    for route, parts in (each for end in ends for each in _BY_END.get((len(tail), end), ())):
        if managed and not route.managed:
            continue
        pairs = list(zip(parts, tail, strict=True))
        if all(part == given or (part.startswith("{") and given) for part, given in pairs):
            values = {part[1:-1]: whole(unquote(given)) for part, given in pairs if part.startswith("{")}
            found.append((route, values))
    return found


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
