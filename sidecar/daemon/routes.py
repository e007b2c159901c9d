"""The route table: which request reaches which handler, and what it sends and gets.

The OpenAPI document and `docs/api.md` are generated from this table, and the server serves it; there is no third place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sidecar.daemon import archivehandlers, exchangehandlers, handlers, pasthandlers, scanhandlers, sharing_handlers
from sidecar.daemon.firstroutes import RECALL, RECALL_HERE
from sidecar.daemon.route import PROFILE, Route, Table
from sidecar.wire import (
    archived,
    edits,
    exchange,
    limits,
    memorytool,
    past,
    removals,
    requests,
    scanned,
    shapes,
)

WITH_BODY: Final = ("POST", "PATCH")
"""The methods whose requests carry something."""

_P: Final = PROFILE

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
    RECALL,
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
    RECALL_HERE,
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

WHOLE: Final = Table(TABLE)
"""All of them, for a request to find its own."""
