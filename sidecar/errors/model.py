"""What can go wrong with a model and its server."""

from __future__ import annotations

from typing import ClassVar

from sidecar.errors.base import SidecarError


class ModelFailed(SidecarError):
    """The model server at {host} failed: {why}"""

    code = 1018
    exit_code = 18
    http_status = 502
    hint = "Start it with `ollama serve`, or set extract.host."

    state: ClassVar[str] = "failed"
    """The kind in a word or two, as `status` shows it."""
    server_fault: ClassVar[bool] = False
    """Whether any other question would fail now as well: then one waits, and holds it against no question.

    What may lie in the one question counts as a try of it, also a server that falls silent or dies over it: it would
    do so again, and the next question would find out whether the server is there at all.
    """


class ModelUnreachable(ModelFailed):
    """The model server at {host} cannot be reached: {why}"""

    code = 1180
    state = "unreachable"
    server_fault = True


class ModelMissing(ModelFailed):
    """The model server at {host} does not have {model}."""

    code = 1181
    hint = "Fetch it with `ollama pull MODEL`, or set extract.model to one of `ollama list`."
    state = "missing"
    server_fault = True

    def __init__(self, *, hint: str | None = None, **fields: object) -> None:
        """The hint names the model, so that it can be copied."""
        super().__init__(hint=hint or self.hint.replace("MODEL", str(fields["model"])), **fields)


class ModelOutOfMemory(ModelFailed):
    """The model server at {host} has too little memory for {model}: {why}"""

    code = 1182
    hint = "Close other programs, or set extract.model to a smaller one."
    state = "out of memory"
    server_fault = True


class ModelUnusable(ModelFailed):
    """The model server at {host} cannot run {model}: {why}"""

    code = 1183
    hint = "Update Ollama and fetch the model again with `ollama pull`; the server's log says more."
    state = "unusable"
    server_fault = True


class ModelCancelled(ModelFailed):
    """The question to {model} was given up, because sidecar stops or changes its model."""

    code = 1184
    hint = "Nothing to do; it is asked again."
    state = "cancelled"
    server_fault = True


class ModelStalled(ModelFailed):
    """{model} fell silent in its answer for more than {seconds:g} s."""

    code = 1185
    hint = "Restart Ollama; for a slow machine raise extract.stall_seconds."
    state = "stalled"


class ModelTooSlow(ModelFailed):
    """{model} did not finish its answer within {seconds:g} s."""

    code = 1186
    hint = "Raise extract.timeout_seconds, or set extract.model to a smaller one."
    state = "too slow"


class ModelDisconnected(ModelFailed):
    """The model server at {host} broke off its answer: {why}"""

    code = 1187
    hint = "See the log of Ollama; it may have been restarted, or have run out of memory."
    state = "disconnected"


class AnswerWrong(ModelFailed):
    """{model} did not answer in the form that was asked for: {why}"""

    code = 1188
    hint = "Update Ollama (0.5 or newer keeps the form), or set extract.model to a larger one."
    state = "wrong answer"


class AnswerCut(ModelFailed):
    """The answer of {model} was cut off: {why}"""

    code = 1189
    hint = "Set extract.model to another one if it happens often; this model says too much."
    state = "cut answer"


class AnswerEmpty(ModelFailed):
    """{model} answered nothing."""

    code = 1190
    hint = "Set extract.model to another one if it happens often."
    state = "empty answer"


class AnswerRepeating(ModelFailed):
    """{model} said the same again and again, and was stopped."""

    code = 1191
    hint = "Set extract.model to a larger one if it happens often."
    state = "repeating"


class PromptTruncated(ModelFailed):
    """The question is too long for {model}: {why}"""

    code = 1192
    hint = "Set extract.model to one with a longer context."
    state = "prompt too long"
