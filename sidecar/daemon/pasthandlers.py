"""From a parsed request about the past, an edit, the memory tool or a removal to its result; as `handlers.py`."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sidecar.daemon.handlers import Call, Reply, profile_of
from sidecar.daemon.protocol import Api
from sidecar.errors import FieldError
from sidecar.wire import edits, memorytool, past, removals, render, requests


async def diff(api: Api, call: Call[requests.Nothing, past.Compare]) -> Reply:
    """Compare two commits, memory by memory and line by line."""
    ref, query = await profile_of(api, call), call.query
    return Reply((await api.history.diff(ref, query.before, query.after)).plain())


async def undo(api: Api, call: Call[past.Undo, requests.NoQuery]) -> Reply:
    """Take a commit back by a new one; refused as a whole where later changes stand on it."""
    ref, commit = await profile_of(api, call), call.body.commit
    if isinstance(commit, datetime):
        raise FieldError(field="commit", problem="must be a commit or a tag, not a moment")
    return Reply((await api.history.undo(ref, commit)).plain())


async def list_snapshots(api: Api, call: Call[requests.Nothing, requests.QueryString]) -> Reply:
    """List the names of past states, the latest first; each can be asked for by `at` in a recall."""
    found = await api.history.snapshots(await profile_of(api, call))
    return Reply([one.plain() for one in found])


async def snapshot(api: Api, call: Call[past.NewSnapshot, requests.NoQuery]) -> Reply:
    """Name the present state of a profile, for good."""
    return Reply((await api.history.snapshot(await profile_of(api, call), call.body.name)).plain())


async def patch_memory(api: Api, call: Call[edits.Patch, requests.NoQuery]) -> Reply:
    """Change a memory in its file: some of its keys, its words, or the whole text; the answer is what it is now."""
    changed = await api.editing.patch(await profile_of(api, call), call.path["id"], call.body)
    return Reply(render.memory(changed).plain())


async def memory_text(api: Api, call: Call[requests.Nothing, requests.QueryString]) -> Reply:
    """Get the whole text of a memory's file, front matter and all, and its hash."""
    text = await api.editing.text(await profile_of(api, call), call.path["id"])
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return Reply(edits.FileText(text=text, sha256=sha256).plain())


async def memory_tool(api: Api, call: Call[memorytool.MemoryTool, requests.NoQuery]) -> Reply:
    """Carry out a command of the memory tool of Anthropic's API; the answer is what the model is to be told."""
    return Reply((await api.tool.run(await profile_of(api, call), call.body)).plain())


async def preview_removal(api: Api, call: Call[removals.PreviewRemoval, requests.NoQuery]) -> Reply:
    """Say what forgetting, deleting or purging would take away, and what would stay elsewhere; changes nothing."""
    return Reply((await api.removal.preview(await profile_of(api, call), call.body)).plain())


async def purge(api: Api, call: Call[removals.Purge, requests.NoQuery]) -> Reply:
    """Let memories go for good: out of the files, all of the history, the archive, the index and the trash."""
    return Reply((await api.removal.purge(await profile_of(api, call), call.body.ids)).plain())
