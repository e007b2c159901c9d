"""The V4 envelope: the one form of every JSON answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from sidecar.errors import SidecarError
from sidecar.wire.shapes import Note, Problem, ResultInfo

NOTE_CODE = 1200
"""The `code` of every entry of `messages`: notes are for reading, not for telling apart."""

_PATH = re.compile(r"(?<![\w.:/])/(?:[^\s/:'\"]+/)+(?P<last>[^\s/:'\"]*)")
"""An absolute path of two parts at least, outside a URL."""


def success(result: Any, *, info: ResultInfo | None = None, notes: Iterable[str] = ()) -> dict[str, Any]:  # noqa: ANN401
    """The envelope of an answer; `result` is plain JSON, `notes` go into `messages`."""
    return {
        "result": result,
        "success": True,
        "errors": [],
        "messages": [Note(code=NOTE_CODE, message=note).plain() for note in notes],
        "result_info": None if info is None else info.plain(),
    }


def failure(error: SidecarError) -> dict[str, Any]:
    """The envelope of an error.

    A fault of ours (500) is told without the folders that it happened in: whoever asks over HTTP has no business with
    them, and the log has the whole text.
    """
    message = without_folders(error.message) if error.http_status >= 500 else error.message
    problem = Problem(code=error.code, message=message, hint=error.hint)
    return {"result": None, "success": False, "errors": [problem.plain()], "messages": [], "result_info": None}


def without_folders(text: str) -> str:
    """The text with every absolute path cut down to its last part."""
    return _PATH.sub(lambda found: f"…/{found['last']}", text)


def encode(value: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8, compact; never NaN.  A lone surrogate would become its JSON escape rather than an error."""
    return _ENCODER.encode(value).encode("utf-8", "backslashreplace")


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
