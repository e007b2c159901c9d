"""Codex's records, turned into messages.

Codex gives its records no ids.  A message is known by the turn in which it stands and by its words; the turn's id is a
UUID that forks and subagents keep when they replay their parent's turns, so both copies get the same id.  Where turns
have no UUID (old files), the thread's id stands before it, and a replayed part names the parent's thread itself.

The same words stand in an event (for display) and in an item (for the model), in either order.  Per turn, role and
words the copies of both kinds are counted; a message is new whenever either count rises above the other's maximum.
Once a turn has shown an event of a role, its further items of that role are not needed, whatever they hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from sidecar.expressions import regex
from sidecar.model import Message, MessageKind, Role, Speaker, ToolCall
from sidecar.transcripts.base import Record
from sidecar.transcripts.codex_items import (
    Output,
    argument_of,
    exec_command,
    exec_output,
    human_part,
    output_of,
    parts_of,
    summary_words,
    tool_name,
)
from sidecar.transcripts.codex_threads import parent_of, thread_of_file, uuid_time
from sidecar.transcripts.drift import Unknown
from sidecar.transcripts.text import clean
from sidecar.transcripts.tools import UNKNOWN, Call, Calls, call_of, is_ours, outcome
from sidecar.transcripts.values import count, digest, identifier, is_uuid, items, moment, name, obj, text

AGENT: Final = "codex"

SILENT_TYPES = frozenset(
    "inter_agent_communication inter_agent_communication_metadata retained_context security_risk_score "
    "token_usage_record world_state".split()
)
SILENT_ITEMS = frozenset(
    "agent_message compaction compaction_summary ghost_snapshot image_generation_call other reasoning "
    "tool_search_call tool_search_output web_search_call".split()
)
SILENT_EVENTS = frozenset(
    "agent_reasoning agent_reasoning_raw_content collab_agent_interaction_end collab_agent_spawn_end collab_close_end "
    "collab_resume_end collab_waiting_end context_compacted entered_review_mode error exited_review_mode "
    "guardian_assessment image_generation_end item_completed patch_apply_end sub_agent_activity task_complete "
    "thread_name_updated token_count turn_aborted turn_complete undo_completed view_image_tool_call warning "
    "web_search_end".split()
)
CALL_ITEMS = frozenset(("function_call", "custom_tool_call", "local_shell_call", "tool_call"))
RESULT_ITEMS = frozenset(("function_call_output", "custom_tool_call_output", "tool_result", "function_result"))

ROLLBACK = "thread_rolled_back"

SEEN_LIMIT = 256
"""Texts of the running turn that are remembered; the two copies of one stand within a few lines of each other."""

DONE_LIMIT = 64
"""Finished calls that are remembered, to know the second report of one."""

_BLANKS = regex(r"\s+")
_STRETCH: Final = 64 * 1024
"""Characters out of which blanks are taken at once: the words of megabytes take many times their size one by one."""

Copy = Literal[0, 1]
EVENT: Final = 0
ITEM: Final = 1


class Conversation:
    """Turns the records of one file into messages; what must survive between two reads is its state."""

    def __init__(self, path: Path, state: Mapping[str, object], written: datetime) -> None:
        """`state`: what `state()` gave at the end of the last read; `written`: the file's last write."""
        self.unknown = Unknown()
        self.cwds: dict[str, None] = {}
        self._written = written
        self._fallback = thread_of_file(path)
        self._calls = Calls(state.get("calls"))
        self._done = [text(key) for key in items(state.get("done"))]
        self.meta = {key: text(value) for key, value in obj(state.get("meta")).items()}
        self._turn = text(state.get("turn"))
        self._heard = [text(role) for role in items(state.get("heard"))]
        self._seen = {key: [count(n) for n in items(value)] for key, value in obj(state.get("seen")).items()}

    def state(self) -> Record:
        """For the cursor."""
        return {
            "calls": self._calls.saved(),
            "done": self._done,
            "meta": self.meta,
            "turn": self._turn,
            "heard": self._heard,
            "seen": self._seen,
        }

    @property
    def thread(self) -> str:
        """The thread whose file this is."""
        return self.meta.get("thread") or self._fallback

    def feed(self, position: int, record: Record) -> Iterator[Message]:
        """The messages of one record that stands at this byte."""
        kind, payload = text(record.get("type")), obj(record.get("payload"))
        time = moment(record.get("timestamp", record.get("created_at")), self._written)
        if kind == "session_meta":
            self._session_meta(payload)
        elif kind == "turn_context":
            self._turn_context(payload)
        elif kind == "event_msg":
            yield from self._event(position, time, payload)
        elif kind == "response_item":
            yield from self._item(position, time, payload)
        elif kind == "compacted":
            yield from self._compacted(position, time, payload)
        elif kind not in SILENT_TYPES:
            yield from self._bare(position, time, kind, record)

    def _bare(self, position: int, time: datetime | None, kind: str, record: Record) -> Iterator[Message]:
        """A record without the envelope of later versions: an item itself, or the head of the session."""
        if kind in CALL_ITEMS | RESULT_ITEMS | SILENT_ITEMS or "role" in record:
            yield from self._item(position, time, record)
        elif not kind and "id" in record and "timestamp" in record:
            self._session_meta(record)
        elif not (not kind and "record_type" in record):
            self.unknown[kind or "(no type)"] += 1

    def _session_meta(self, payload: Record) -> None:
        """The first one tells whose file this is; later ones say whose turns are replayed from here on."""
        thread = identifier(payload.get("id")) or identifier(payload.get("session_id")) or self._fallback
        self._note_cwd(payload)
        if "thread" in self.meta:
            self.meta["replayed"] = thread
            self._new_turn("")
            return
        git = obj(payload.get("git"))
        subagent = "subagent" in obj(payload.get("source")) or text(payload.get("thread_source")) == "subagent"
        told = {
            "thread": thread,
            "parent": parent_of(payload),
            "branch": text(git.get("branch")),
            "remote": text(git.get("repository_url")),
            "commit": text(git.get("commit_hash")),
            "subagent": "yes" if subagent else "",
            "started": text(payload.get("timestamp")),
        }
        self.meta.update({key: value for key, value in told.items() if value})

    def _turn_context(self, payload: Record) -> None:
        self._note_cwd(payload)
        if model := name(payload.get("model")):
            self.meta["model"] = model
        self._new_turn(identifier(payload.get("turn_id")) or self._turn)

    def _note_cwd(self, payload: Record) -> None:
        if cwd := name(payload.get("cwd")):
            self.meta["cwd"] = cwd
            self.cwds[cwd] = None

    def _new_turn(self, turn: str) -> None:
        if turn != self._turn or not turn:
            self._turn, self._heard, self._seen = turn, [], {}

    def _event(self, position: int, time: datetime | None, payload: Record) -> Iterator[Message]:
        kind = text(payload.get("type"))
        if kind in ("user_message", "agent_message"):
            role: Role = "user" if kind == "user_message" else "assistant"
            typed = text(payload.get("kind")) in ("", "plain")  # old versions mark what they injected
            yield from self._words(position, time, role, parts_of(payload) if typed else [], EVENT)
        elif kind in ("task_started", "turn_started"):
            self._new_turn(identifier(payload.get("turn_id")) or self._turn)
        elif kind == "exec_command_end":
            key = identifier(payload.get("call_id"))
            yield from self._finished(position, time, key, exec_output(payload), exec_command(payload))
        elif kind == "mcp_tool_call_end":
            invocation = obj(payload.get("invocation"))
            if is_ours(text(invocation.get("server"))):
                self._calls.open(identifier(payload.get("call_id")), Call("sidecar", "", own=True))
        elif kind != ROLLBACK and kind not in SILENT_EVENTS:
            self.unknown[f"event_msg/{kind or '(no type)'}"] += 1

    def _item(self, position: int, time: datetime | None, payload: Record) -> Iterator[Message]:
        kind = text(payload.get("type"))
        key = identifier(payload.get("call_id"))
        if kind == "message" or (not kind and "role" in payload):
            role = text(payload.get("role"))
            if role in ("user", "assistant"):
                yield from self._words(
                    position, time, "user" if role == "user" else "assistant", parts_of(payload), ITEM
                )
        elif kind in CALL_ITEMS:
            call = call_of(tool_name(payload), argument_of(payload), self._scope())
            self._calls.open(key or call.name, call)
        elif kind in RESULT_ITEMS:
            yield from self._finished(position, time, key or tool_name(payload), output_of(payload))
        elif kind not in SILENT_ITEMS:
            self.unknown[f"response_item/{kind or '(no type)'}"] += 1

    def _words(
        self, position: int, time: datetime | None, role: Role, parts: list[str], copy: Copy
    ) -> Iterator[Message]:
        if copy == ITEM and role in self._heard:
            return
        if copy == EVENT and role not in self._heard:
            self._heard.append(role)
        if role == "user":
            parts = [human_part(part, event=copy == EVENT) for part in parts]
        words = "\n\n".join(part for part in map(clean, parts) if part)
        if not words:
            return
        key = digest(role, _without_blanks(words))  # the two copies may differ in how their parts are joined
        counts = self._seen.pop(key, [0, 0])
        before = max(counts)
        counts[copy] += 1
        self._seen[key] = counts
        while len(self._seen) > SEEN_LIMIT:
            del self._seen[next(iter(self._seen))]
        if counts[copy] > before:
            repeat = f":{counts[copy]}" if counts[copy] > 1 else ""
            yield self._message(position, time, role, words, f"{self._scope()}:{key}{repeat}")

    def _finished(
        self, position: int, time: datetime | None, key: str, output: Output, command: str = ""
    ) -> Iterator[Message]:
        """A call's result: of the several reports of one call the first counts."""
        call = self._calls.close(key)
        if call is None and key in self._done:
            return
        self._done = [*self._done, key][-DONE_LIMIT:]
        call = call or (Call("exec", command, scope=self._scope()) if command else UNKNOWN)
        if call.own:
            return
        words, tool = outcome(call, output.text, failed=output.failed)
        if words:
            scope = call.scope or self._scope()
            # Some providers count their calls, so that outside of a turn the id alone may come again.
            in_turn = is_uuid(scope) and scope not in (self.thread, self.meta.get("replayed"))
            known = key if key and in_turn else digest(key, words)
            yield self._message(position, time, "tool", words, f"{scope}:{known}", kind="tool", tool=tool)

    def _compacted(self, position: int, time: datetime | None, payload: Record) -> Iterator[Message]:
        words = summary_words(payload.get("message"))
        if words:
            made = f"{self._scope()}:{digest('summary', words)}"
            yield self._message(position, time, "system", words, made, kind="summary")

    def _message(
        self,
        position: int,
        time: datetime | None,
        role: Role,
        words: str,
        made: str,
        *,
        kind: MessageKind = "text",
        tool: ToolCall | None = None,
    ) -> Message:
        replayed = self._replayed()
        subagent = bool(self.meta.get("subagent")) and not replayed
        speaker: Speaker = "tool" if role == "tool" else "user" if role == "user" and not subagent else "assistant"
        return Message(
            id=made,
            agent=AGENT,
            session=(self.meta.get("replayed") or self.meta.get("parent") or self.thread) if replayed else self.thread,
            role=role,
            speaker=speaker,
            text=words,
            time=self._true_time(time) if replayed else time,
            kind=kind,
            position=position,
            cwd=self.meta.get("cwd"),
            branch=self.meta.get("branch"),
            model=self.meta.get("model") if role == "assistant" else None,
            sidechain=subagent,
            tool=tool,
        )

    def _scope(self) -> str:
        """What makes an id the same in every copy of a turn, and different everywhere else."""
        if is_uuid(self._turn):
            return self._turn
        thread = self.meta.get("replayed") or self.thread
        return f"{thread}:{self._turn}" if self._turn else thread

    def _replayed(self) -> bool:
        """Whether this turn is older than the thread: both ids are UUIDs that begin with their time."""
        turn, thread = uuid_time(self._turn, self._written), uuid_time(self.thread, self._written)
        return turn is not None and thread is not None and turn < thread

    def _true_time(self, time: datetime | None) -> datetime | None:
        """A replay is stamped with the time of the fork; the turn's id still knows when it was said."""
        turn, thread = uuid_time(self._turn, self._written), uuid_time(self.thread, self._written)
        return turn if time is None or (thread is not None and time >= thread) else time


def rolled_back_turns(record: Record) -> int:
    """How many turns this record takes back; 0 for all other records."""
    payload = obj(record.get("payload"))
    if text(record.get("type")) != "event_msg" or text(payload.get("type")) != ROLLBACK:
        return 0
    return count(payload.get("num_turns"))


def _without_blanks(words: str) -> str:
    return "".join(_BLANKS.sub("", words[at : at + _STRETCH]) for at in range(0, len(words), _STRETCH))
