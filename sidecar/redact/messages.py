"""Messages: what is known of a text beside its characters, and what one message says of another."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from sidecar.model import Message
from sidecar.redact import commands, nearby
from sidecar.redact.engine import Context, redact_in, redact_repeated
from sidecar.redact.repeats import Repeats


def redact_message(message: Message) -> Message:
    """The same message with the secrets of its text and of its tool's command replaced."""
    return _redacted(message, Repeats(), asked=False)


def redact_messages(messages: Sequence[Message]) -> list[Message]:
    """The messages in their order with their secrets replaced, as `redact_message` does, and more than that:

    - A secret that was found in one message is replaced in all of them, before and after, where it stands literally
      (values of 8 characters and more).
    - What a person says right after somebody spoke of a password is looked at more strictly.

    Messages without a secret are returned as the same objects.  Takes time linear in the text, however many secrets.
    """
    values = Repeats()
    done: list[Message] = []
    asked: dict[tuple[str, str], bool] = {}
    for message in messages:
        session = (message.agent, message.session)
        done.append(_redacted(message, values, asked=asked.get(session, False)))
        if message.speaker != "tool":
            asked[session] = nearby.asks(message.text)
    return [_without(message, values) for message in done] if values else done


def _redacted(message: Message, values: Repeats, *, asked: bool) -> Message:
    spoken = message.speaker == "user"
    if message.tool is None:
        context = Context(spoken=spoken, asked=asked and spoken)
        return _changed(message, text=redact_in(message.text, context, values).text)
    output = Context(commands.of_tool(message.tool.name, message.tool.command))
    text = redact_in(message.text, output, values).text
    command = redact_in(message.tool.command, Context(), values).text
    return _changed(message, text=text, tool=dataclasses.replace(message.tool, command=command))


def _without(message: Message, values: Repeats) -> Message:
    text = redact_repeated(message.text, values)
    if message.tool is None:
        return _changed(message, text=text)
    command = redact_repeated(message.tool.command, values)
    return _changed(message, text=text, tool=dataclasses.replace(message.tool, command=command))


def _changed(message: Message, **fields: object) -> Message:
    """A copy with `fields`, or the very same message when they change nothing."""
    if all(getattr(message, name) == value for name, value in fields.items()):
        return message
    changed: Message = dataclasses.replace(message, **fields)  # type: ignore[arg-type]
    return changed
