"""How many of the cases redaction sees: each case alone, as the message of a session."""

from collections.abc import Sequence

from benchmarks.secretcases.made import Harmless, Secret, windows
from sidecar.model import Message, ToolCall
from sidecar.redact import redact_messages


def message(case: Secret | Harmless, number: int = 0) -> Message:
    """The case as a person's words, or as the outcome of its command."""
    tool = ToolCall("Bash", case.command) if case.command else None
    return Message(
        id=f"case-{number}",
        agent="claude-code",
        session="cases",
        role="tool" if tool else "user",
        speaker="tool" if tool else "user",
        text=case.text,
        position=number,
        tool=tool,
    )


def missed(cases: Sequence[Secret]) -> list[Secret]:
    """The cases of which a secret, or sixteen characters of one, is still there."""
    return [case for case in cases if leaks(case, _seen(case))]


def harmed(cases: Sequence[Harmless]) -> list[Harmless]:
    """The look-alikes in which something was replaced."""
    return [case for case in cases if "[redacted:" in _seen(case)]


def leaks(case: Secret, text: str) -> bool:
    """Whether a telling part of one of the case's secrets stands in `text`."""
    return any(part in text for hidden in case.hidden for part in windows(hidden))


def _seen(case: Secret | Harmless) -> str:
    (done,) = redact_messages([message(case)])
    return f"{done.tool.command if done.tool else ''}\n{done.text}"
