"""Base64 of a text in which there is a secret: `echo … | base64 -d > .env`, a value of a Kubernetes manifest."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator

from sidecar.expressions import regex
from sidecar.redact.findings import Finding

_RUN = regex(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/]{24,4096}={0,2}(?![A-Za-z0-9+/=_-])")
_KIND = "encoded-secret"
_PROBE = 16
"""So many characters tell whether the rest is text: pictures, digests and keys are none."""


def find(text: str, detect: Callable[[str], list[Finding]]) -> Iterator[Finding]:
    """Runs of base64 that hold a text in which `detect` finds something."""
    for run in _RUN.finditer(text):
        if _text(run.group()[:_PROBE]) is None:
            continue
        inside = _text(run.group())
        if inside is not None and detect(inside):
            yield Finding(_KIND, *run.span())


def _text(encoded: str) -> str | None:
    """What it encodes, if that is a text of ASCII."""
    try:
        plain = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return plain.decode("ascii") if all(32 <= byte < 127 or byte in b"\n\r\t" for byte in plain) else None
