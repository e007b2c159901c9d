"""What the daemon opens first, and what everything else of it stands on."""

from __future__ import annotations

from sidecar.daemon.tcp import Listeners
from sidecar.daemon.writer import Writer
from sidecar.index import Index
from sidecar.journal import Journal
from sidecar.paths import Paths
from sidecar.records import dataclass
from sidecar.routing import Router
from sidecar.store import Store


@dataclass(frozen=True, slots=True)
class Ground:
    """`machine` is the name of this computer, which commits and memories bear."""

    paths: Paths
    journal: Journal
    writer: Writer
    store: Store
    index: Index
    router: Router
    listeners: Listeners
    machine: str
