"""The questions that a model is asked: one text file each, and a number for all of them together.

Every question about a chunk begins with the same text, the transcript, and ends with the task: a model server that has
read the beginning once need not read it again, which on a CPU is most of the time.  The worked example stands before
the transcript, in the system text: small models copy what they have read last, and would repeat an example at the end.
"""

from __future__ import annotations

import functools
from importlib import resources

VERSION = 2
"""Grows whenever a prompt changes; each memory names the version that found it."""

SYSTEM, FULL, DETAIL, VERIFY, CLASSIFY, RELATION = "system", "full", "detail", "verify", "classify", "relation"


@functools.cache
def text(name: str) -> str:
    """The text of a prompt, without blanks at its end."""
    return resources.files(__name__).joinpath(f"{name}.txt").read_text("utf-8").strip()


def about(transcript: str, task: str, *lists: str) -> str:
    """A question about a transcript: the transcript, the task, then what the task speaks of."""
    return "\n\n".join([f"<transcript>\n{transcript}\n</transcript>", task, *(part for part in lists if part)])
