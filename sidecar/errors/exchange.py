"""What can go wrong when memories come from elsewhere."""

from __future__ import annotations

from sidecar.errors.base import SidecarError


class NothingToImport(SidecarError):
    """Nothing could be taken from {path}: {why}"""

    code = 1350
    exit_code = 21
    http_status = 400
    hint = "See docs/exchange.md for the forms that are understood."
