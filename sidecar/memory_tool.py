"""The memory tool of Anthropic's API, client side: its commands are carried out on the memory of a project.

    tool = MemoryTool(cwd=".")
    response = client.beta.messages.create(..., tools=[DEFINITION], betas=["context-management-2025-06-27"])
    answers = [tool.answer(block) for block in response.content if block.type == "tool_use" and block.name == "memory"]

What the model writes below `/memories` becomes memory files of the project; what sidecar knows of the project is there
to be read (docs/python.md).  A command never raises: whatever is wrong, also that no daemon runs, is said to the model.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from sidecar import errors
from sidecar.memory.blocking import Memory
from sidecar.memory.shapes import ToolResult

DEFINITION = {"type": "memory_20250818", "name": "memory"}
"""The tool, as a request to the API names it."""

AWAY = "Error: The memory is not available now. Go on without it."


class MemoryTool:
    """Carries out the tool's commands.

    `cwd`, `profile`, `namespace`, `socket` and `timeout` are those of `Memory`; `session` names the conversation, and
    stands as the source in what the model writes.
    """

    def __init__(
        self,
        cwd: str | os.PathLike[str] | None = None,
        *,
        profile: str | None = None,
        namespace: str | None = None,
        session: str | None = None,
        socket: str | os.PathLike[str] | None = None,
        timeout: float = 30.0,
    ) -> None:
        self._memory = Memory(cwd, profile=profile, namespace=namespace, socket=socket, timeout=timeout)
        self._session = session

    def run(self, command: Mapping[str, Any]) -> ToolResult:
        """The answer to a command: the `input` of a block of type `tool_use`."""
        try:
            return self._memory.memory_tool(command, session=self._session)
        except errors.SidecarError as error:
            return refused(error)

    def answer(self, block: Any) -> dict[str, Any]:  # noqa: ANN401 - the SDK's block, or the same as a dict
        """The block of type `tool_result` that answers a block of type `tool_use`."""
        given = block if isinstance(block, Mapping) else {"id": block.id, "input": block.input}
        return {"type": "tool_result", "tool_use_id": given["id"], **self.run(given["input"])}


def refused(error: errors.SidecarError) -> ToolResult:
    """An error as the model is told of it: what it can mend, and nothing of this machine."""
    mendable = isinstance(error, errors.BadRequest)
    return {"content": f"Error: {error.message}" if mendable else AWAY, "is_error": True}
