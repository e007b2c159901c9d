"""Messages in the making, which are quicker to make than messages."""

from __future__ import annotations

from dataclasses import fields, make_dataclass
from typing import cast

from sidecar.model import Message

Draft = cast("type[Message]", make_dataclass("Draft", [one.name for one in fields(Message)], slots=True))
"""A message that may still be written to; all of its fields have to be given.

A frozen class sets each field by a guarded call: fourteen of them take longer than parsing a short record, and five
times as long as in a plain class of the same shape, whose objects become messages by their `__class__` when they are
complete.
"""
