"""The log: one line an entry, an event and `key=value` pairs, in a file that rotates and on stderr where one reads it.

Modules log through the standard library (`logging.getLogger(__name__).info("committed", extra={"profile": name})`);
this module only decides where entries go and how they look.  What people said never reaches a log: values that could
be words of theirs are replaced by their length, and of an exception only its type and place are told.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path

from sidecar.descriptors import hint_for, log_file
from sidecar.errors import FileSystemFailed, SidecarError

FILE_NAME = "sidecar.log"

_MAX_BYTES = 2_000_000
_KEPT_FILES = 4
"""Five files of 2 MB hold some weeks at level info, and are small enough to attach to a report."""

_MAX_VALUE = 300
"""Characters of one value: paths and error messages fit, floods do not."""

_FRAMES = 6
"""Frames of a traceback that are told, innermost last."""

_SPOKEN = frozenset(("answer", "body", "content", "prompt", "query", "summary", "text", "value"))
"""Keys whose values could be people's words: only their length is told."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; all else was given as `extra`."""

_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
"""Levels as the journal of systemd counts them."""


def setup(folder: Path, level: str, environ: Mapping[str, str]) -> None:
    """Send entries of at least `level` to `folder`, and to stderr on a terminal or under systemd.

    Calling it again replaces what was set up before.  Other libraries' entries are taken from `warning` on.
    """
    close()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handlers: list[logging.Handler] = [_file_handler(folder / FILE_NAME)]
    systemd = "JOURNAL_STREAM" in environ
    if systemd or sys.stderr.isatty():
        stream = logging.StreamHandler(sys.stderr)
        stream.setFormatter(LineFormatter(timestamps=False, priority=systemd))
        handlers.append(stream)
    root = logging.getLogger()
    for handler in handlers:
        handler.set_name("sidecar")
        root.addHandler(handler)
    set_level(level)


def set_level(level: str) -> None:
    """Change what is written, while running: debug, info, warning or error."""
    logging.getLogger("sidecar").setLevel(level.upper())


def close() -> None:
    """Flush and close what `setup` opened."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if handler.get_name() == "sidecar"]:
        root.removeHandler(handler)
        handler.close()


class _PrivateFile(logging.handlers.RotatingFileHandler):
    """A rotating file that only its owner can read; in place of a link to another one a new one is begun."""

    def _open(self) -> TextIOWrapper:
        descriptor = log_file(Path(self.baseFilename), os.O_WRONLY | os.O_APPEND)
        return os.fdopen(descriptor, "a", encoding="utf-8")


def _file_handler(path: Path) -> logging.Handler:
    try:
        handler = _PrivateFile(path, maxBytes=_MAX_BYTES, backupCount=_KEPT_FILES)
    except OSError as error:
        why, hint = error.strerror or str(error), hint_for(error, path)
        raise FileSystemFailed(path=path, action="used as the log", why=why, hint=hint) from error
    handler.setFormatter(LineFormatter(timestamps=True))
    return handler


class LineFormatter(logging.Formatter):
    """An entry as `[time] level logger event key=value …`, always on one line."""

    def __init__(self, *, timestamps: bool, priority: bool = False) -> None:
        """`priority` puts systemd's `<n>` in front, from which the journal takes the level."""
        super().__init__()
        self._timestamps = timestamps
        self._priority = priority

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, without a line break at its end."""
        head = f"<{_PRIORITY.get(record.levelno, 6)}>" if self._priority else ""
        if self._timestamps:
            head += datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ ")
        event = _one_line(record.getMessage().partition("\n")[0])
        words = [record.levelname.lower(), record.name.removeprefix("sidecar."), event, *_pairs(record)]
        return head + " ".join(words)


def _pairs(record: logging.LogRecord) -> Iterator[str]:
    for key, value in vars(record).items():
        if key not in _STANDARD:
            yield f"{key}={_shown(key, value)}"
    if record.exc_info and record.exc_info[1] is not None:
        yield from _failure(record.exc_info[1])


def _shown(key: str, value: object) -> str:
    if key in _SPOKEN and isinstance(value, str):
        return f"<{len(value)} characters>"
    text = str(value)
    if text and not any(character.isspace() or character in '"=' for character in text) and text.isprintable():
        return text[:_MAX_VALUE]
    quoted = json.dumps(text[:_MAX_VALUE], ensure_ascii=False)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in quoted)


def _failure(error: BaseException) -> Iterator[str]:
    """An exception as pairs.  Only our own errors tell their message: others' may quote what somebody said."""
    yield f"error={type(error).__name__}"
    if isinstance(error, SidecarError):
        yield f"why={_shown('why', error.message)}"
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    if frames:
        places = (f"{Path(frame.filename).name}:{frame.lineno}:{frame.name}" for frame in frames)
        yield f"at={'>'.join(places)}"


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)[
        :_MAX_VALUE
    ]
