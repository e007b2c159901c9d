"""The routes that are served from the start on, before the rest of the daemon is imported (see `opening`)."""

from __future__ import annotations

from typing import Final

from sidecar.daemon import handlers
from sidecar.daemon.route import PROFILE, Route, Table
from sidecar.wire import recalled, requests

RECALL: Final = Route(
    "POST", PROFILE + "/recall", "recall", handlers.recall, body=requests.Recall, result=recalled.RecallResult,
    managed=True, early=True,
)  # fmt: skip
RECALL_HERE: Final = Route(
    "POST", "/recall", "recall_here", handlers.recall, body=requests.RecallHere, result=recalled.RecallResult,
    early=True,
)  # fmt: skip

EARLY: Final = Table((RECALL, RECALL_HERE))
