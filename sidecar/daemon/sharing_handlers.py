"""The operations of sharing, from parsed requests to wire shapes."""

from __future__ import annotations

from sidecar.daemon.handlers import Call, Reply, profile_of
from sidecar.daemon.protocol import Api
from sidecar.daemon.reporting import carried_shape
from sidecar.errors import SidecarError
from sidecar.model import ProfileRef
from sidecar.share import Outgoing, Synced
from sidecar.wire import requests, shapes


async def share(api: Api, call: Call[requests.Share, requests.NoQuery]) -> Reply:
    """Publish a profile in an empty git repository, from now on; with `dry_run` only list what would go out."""
    body = call.body
    return Reply(_outgoing(await api.share(_ref(call.path), body.remote, dry_run=body.dry_run)).plain())


async def sync(api: Api, call: Call[requests.Sync, requests.NoQuery]) -> Reply:
    """Take over what others shared of a profile, and push what is new here."""
    ref = _ref(call.path)
    return Reply(_synced(ref, await api.sync(ref, accept=call.body.accept, purge=call.body.purge)).plain())


async def sync_all(api: Api, call: Call[requests.Nothing, requests.NoQuery]) -> Reply:
    """Sync every shared profile; what is wrong with one stops no other."""
    found = await api.sync_all()
    return Reply([_synced(ref, outcome).plain() for ref, outcome in sorted(found.items())])


async def join(api: Api, call: Call[requests.Join, requests.NoQuery]) -> Reply:
    """Take part in the profile that a git repository holds: as a new one, or merged with the project's own."""
    body = call.body
    joined = await api.join(call.path["ns"], body.remote, name=body.profile, cwd=body.cwd)
    result = shapes.JoinResult(
        profile=joined.ref.name,
        namespace=joined.ref.namespace,
        merged=joined.merged,
        project=joined.project,
        pulled=joined.synced.pulled,
        pushed=joined.synced.pushed,
    )
    return Reply(result.plain())


async def carry(api: Api, call: Call[requests.CarryHere, requests.NoQuery]) -> Reply:
    """Let a project carry its profile in `.memory/` of its repository, where commits are the user's; or no longer."""
    cwd, stop = call.body.cwd, call.body.stop
    # A project that has no profile yet gets its name now.
    ref = await profile_of(api, call) if call.body.profile else await api.route(cwd, create=not stop)
    state = await api.carry(ref, cwd or "/", stop=stop, accept=call.body.accept)
    return Reply(carried_shape(state).plain())


def _ref(path: object) -> ProfileRef:
    assert isinstance(path, dict)  # noqa: S101 - what the route's path names
    return ProfileRef(path["ns"], path["p"])


def _synced(ref: ProfileRef, outcome: Synced | SidecarError) -> shapes.SyncResult:
    error = outcome if isinstance(outcome, SidecarError) else None
    done = Synced(0, 0, merged=False) if isinstance(outcome, SidecarError) else outcome
    return shapes.SyncResult(
        profile=ref.name,
        namespace=ref.namespace,
        pulled=done.pulled,
        pushed=done.pushed,
        merged=done.merged,
        error=None if error is None else error.message,
        hint=None if error is None else error.hint,
    )


def _outgoing(found: Outgoing) -> shapes.ShareResult:
    files = [
        shapes.OutgoingFile(
            path=one.path,
            id=one.id,
            type=None if one.type is None else one.type.value,
            status=None if one.status is None else one.status.value,
            summary=one.summary,
        )
        for one in found.files
    ]
    return shapes.ShareResult(
        remote=found.remote, files=files, forgotten=found.forgotten, private=found.private, commits=found.commits
    )
