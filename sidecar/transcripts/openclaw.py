"""OpenClaw: Pi's records in JSONL below `~/.openclaw/agents/<agent>/sessions`, with a messenger's noise around them."""

from __future__ import annotations

import re
from pathlib import Path

from sidecar.expressions import regex
from sidecar.transcripts.base import Record
from sidecar.transcripts.jsonl import JsonlReader
from sidecar.transcripts.pi_records import PiConversation
from sidecar.transcripts.text import begins_with
from sidecar.transcripts.values import obj, text

MACHINE_PREFIXES = (
    "Read HEARTBEAT.md",
    "[cron:",
    "Pre-compaction memory flush",
    "A new session was started via /new or /reset",
    "[Subagent Context]",
    "[Subagent Task]",
)
"""Beginnings of what the program itself says in the user's place: on a timer, and before and after compactions."""

ORDERED_SILENCE = "HEARTBEAT_OK"
"""A prompt that offers this answer comes from a timer; the answer itself says nothing."""

NOTHING_SAID = frozenset((ORDERED_SILENCE, "NO_REPLY"))

COPIED_MODELS = frozenset(("delivery-mirror", "gateway-injected"))
"""Models of records that repeat what was sent to a messenger."""

KEPT_ASIDE = (".reset.", ".deleted.", ".full.bak")
"""Marks in the names of ended sessions: `<session>.jsonl.reset.<time>`."""

_EVENTS = regex(r"(?:System: [^\n]*(?:\n|\Z))+\s*")
_METADATA = regex(r"\s*[A-Z][^\n]{0,80} \(untrusted[^)\n]{0,60}\):\s*```json\n.{0,4000}?\n```\s*", re.DOTALL)
_DATED = regex(r"\s*\[(?:[^\]\n]{0,80} )?[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d[^\]\n]{0,40}\]\s*")
_MESSAGE_ID = regex(r"\s*\[message_id: [^\]\n]{0,200}\]\s*")
_DIRECTIVE = regex(r"\[\[\s*(?:reply_to_current|reply_to:[^\]\n]{0,80}|audio_as_voice)\s*\]\]\s*")


class OpenClawConversation(PiConversation):
    """Turns the records of one session into messages."""

    agent = "openclaw"

    def human(self, message: Record, words: str) -> str:
        """The words without the channel's metadata and dates; none for timers and the program's own turns."""
        if text(obj(message.get("provenance")).get("kind")) not in ("", "external_user"):
            return ""
        if begins_with(words, MACHINE_PREFIXES) or ORDERED_SILENCE in words:
            return ""
        if "[" not in words and "(untrusted" not in words and "System: " not in words:  # no pattern matches
            return words.strip()
        while found := _EVENTS.match(words) or _METADATA.match(words) or _DATED.match(words):
            words = words[found.end() :]
        words = _MESSAGE_ID.sub("\n", words).strip()
        return "" if begins_with(words, MACHINE_PREFIXES) else words

    def answered(self, message: Record, words: str) -> str:
        """The words without directives to the messenger; none if the answer is to be silent, or is a copy."""
        if text(message.get("model")) in COPIED_MODELS:
            return ""
        words = _DIRECTIVE.sub("", words).strip() if "[[" in words else words.strip()
        return "" if words in NOTHING_SAID else words


class OpenClaw(JsonlReader):
    """Reads OpenClaw's transcripts of the versions before 2026.8."""

    conversation = OpenClawConversation

    def is_transcript(self, path: Path) -> bool:
        """A session, running or ended; checkpoints repeat one, and traces hold no conversation."""
        stem, found, rest = path.name.partition(".jsonl")
        if not found or path.parent.name != "sessions" or path.name.startswith("."):
            return False
        return "." not in stem and (not rest or rest.startswith(KEPT_ASIDE))
