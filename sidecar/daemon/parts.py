"""The parts of the running daemon, wired once by `wiring.py` and handed to its faces as one value."""

from __future__ import annotations

from pathlib import Path

from sidecar.archiving import Archiving
from sidecar.daemon.carrying import CarryService
from sidecar.daemon.extraction import Extraction
from sidecar.daemon.intake import Intake
from sidecar.daemon.keeper import Keeper
from sidecar.daemon.learner import Learner
from sidecar.daemon.sharing import SyncService
from sidecar.daemon.supervise import Supervisor
from sidecar.daemon.upkeep import Upkeep
from sidecar.daemon.writer import Writer
from sidecar.follow import Follow
from sidecar.index import Index
from sidecar.ingest import Learning
from sidecar.journal import Journal
from sidecar.records import dataclass
from sidecar.routing import Router
from sidecar.store import Profile, Store


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a request may need."""

    journal: Journal
    store: Store
    index: Index
    follow: Follow
    router: Router
    archiving: Archiving
    learning: Learning[Profile]
    writer: Writer
    intake: Intake
    keeper: Keeper
    extraction: Extraction
    learner: Learner
    upkeep: Upkeep
    supervisor: Supervisor
    trash: Path
    sync: SyncService
    carry: CarryService
    logs: Path
