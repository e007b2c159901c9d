"""From a parsed request for an export or an import to its result; as `handlers.py` for the rest."""

from __future__ import annotations

from sidecar.daemon.handlers import Call, Reply, profile_of, target_of
from sidecar.daemon.protocol import Api
from sidecar.wire import exchange, requests


async def export(api: Api, call: Call[requests.Nothing, exchange.Export]) -> Reply:
    """Get a whole profile in one file: its memories byte for byte, and line by line what is not among them."""
    return Reply(await api.exchange.export(await profile_of(api, call), call.query))


async def bring(api: Api, call: Call[exchange.Import, requests.NoQuery]) -> Reply:
    """Take memories in from files of this machine, or with `dry_run` say what that would write."""
    body = call.body
    ref, routed = await target_of(api, call, create=not body.dry_run)
    result = await api.exchange.bring(ref, body.paths, body.form, named=not routed, dry_run=body.dry_run)
    return Reply(result.plain())
