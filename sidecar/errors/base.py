"""What can go wrong, in one tree.

Each class carries everything that a face needs: the message (its docstring, a format template), the hint (what to do
next), the exit code of the CLI, the HTTP status and a number that never changes once published.  `lasting` says that a
daemon which ended with it would end with it again: who restarts daemons should not.

    SidecarError
      UsageError            2   BadRequest, FieldError, BodyTooLarge, NotJson, MethodNotAllowed
      NoDaemon              3
      NotFound              4   UnknownMemory, UnknownNamespace, UnknownRoute, UnknownSession
      Conflict              5   NamespaceExists, ChangedOnDisk, AlreadyRunning
      Refused               6   StoreVanished, FormatTooNew, RemoteModelHost
      ModelFailed          18   ModelUnreachable, ModelMissing, ModelOutOfMemory, AnswerWrong, PromptTruncated, ...
      Unavailable, GitFailed, ConfigInvalid, IndexUnusable, JournalUnusable, BadMemoryFile, TranscriptUnreadable, ...
"""

from __future__ import annotations

from typing import ClassVar


class SidecarError(Exception):
    """Something went wrong: {detail}"""

    code: ClassVar[int] = 1000
    exit_code: ClassVar[int] = 70
    http_status: ClassVar[int] = 500
    lasting: ClassVar[bool] = False
    hint: str = "Run `sidecar doctor`; if it finds nothing, report the problem with the log file."

    def __init__(self, *, hint: str | None = None, **fields: object) -> None:
        """`fields` fill the template in the class's docstring; `hint` replaces the class's own."""
        self.fields = fields
        self.message = " ".join((type(self).__doc__ or "").format(**fields).split())
        if hint is not None:
            self.hint = hint
        super().__init__(self.message)


class UsageError(SidecarError):
    """{detail}"""

    code = 1002
    exit_code = 2
    lasting = True
    http_status = 400
    hint = "See `sidecar help`."


class BadRequest(UsageError):
    """The request is not valid: {detail}"""

    code = 1400
    hint = "Compare the request with /v1/openapi.json."


class FieldError(BadRequest):
    """{field}: {problem}"""

    code = 1401


class MethodNotAllowed(UsageError):
    """{method} is not allowed on {route}."""

    code = 1405
    http_status = 405
    hint = "The Allow header names the methods of this route."


class BodyTooLarge(UsageError):
    """The request body is larger than {limit} bytes."""

    code = 1413
    http_status = 413
    hint = "Send fewer messages in one request."


class NotJson(UsageError):
    """The request body must be JSON, sent as application/json."""

    code = 1415
    http_status = 415
    hint = "Set `Content-Type: application/json`."


class NoDaemon(SidecarError):
    """No daemon answers on {socket}."""

    code = 1003
    exit_code = 3
    http_status = 503
    hint = "Start it with `sidecar up --detach`."


class DaemonOlder(SidecarError):
    """The daemon is of version {daemon}, too old for this program of version {program}."""

    code = 1021
    exit_code = 21
    http_status = 502
    hint = "Restart it: `sidecar down`, then `sidecar up --detach`."


class ProgramOlder(SidecarError):
    """The daemon of version {daemon} does not understand a program that speaks protocol {spoken}; it needs {needed}."""

    code = 1022
    exit_code = 21
    http_status = 426
    hint = "Restart the agent or program that asked, so that it runs the sidecar that is installed now."


class NotFound(SidecarError):
    """{what} was not found."""

    code = 1404
    exit_code = 4
    http_status = 404
    hint = "See `sidecar list`."


class UnknownMemory(NotFound):
    """There is no memory {id} in profile {profile}."""

    code = 1440
    hint = "See `sidecar list`, with `--status all` for archived ones."


class UnknownNamespace(NotFound):
    """There is no namespace {name}."""

    code = 1441
    hint = "Create it with POST /v1/namespaces."


class UnknownRoute(NotFound):
    """There is no route {route}."""

    code = 1442
    hint = "The routes stand in /v1/openapi.json."


class UnknownSession(NotFound):
    """There is no session {session}."""

    code = 1443
    hint = "See `sidecar jobs` for those that wait or ended lately, `sidecar search` for any; give the whole name."


class Conflict(SidecarError):
    """{detail}"""

    code = 1409
    exit_code = 5
    lasting = True
    http_status = 409
    hint = "Read it again, then repeat the change."


class NamespaceExists(Conflict):
    """The namespace {name} exists already."""

    code = 1490
    hint = "Use it as it is, or choose another name."


class ChangedOnDisk(Conflict):
    """{path} has changed since it was read."""

    code = 1491


class AlreadyRunning(Conflict):
    """Another daemon (pid {pid}) already runs on {home}."""

    code = 1492
    hint = "Stop it with `sidecar down`, or set SIDECAR_HOME to another folder."


class NotProposed(Conflict):
    """The memory {id} does not wait for review: it is {status}."""

    code = 1493
    hint = "See `sidecar review` for those that wait, `sidecar show` for this one."


class Refused(SidecarError):
    """{detail}"""

    code = 1006
    exit_code = 6
    lasting = True
    http_status = 403
    hint = "See the documentation of this safety rule."


class StoreVanished(Refused):
    """{gone} of {known} memories of profile {profile} are gone at once; nothing was changed."""

    code = 1060
    hint = "Restore the files, or confirm with `sidecar accept`."


class FormatTooNew(Refused):
    """{path} was written by a newer sidecar (format {found}, this one knows {known}); it was left untouched."""

    code = 1061
    hint = "Upgrade sidecar."


class RemoteModelHost(Refused):
    """The model host {host} is not on this machine."""

    code = 1062
    hint = "Set extract.allow_remote: true if text may leave this machine."


class CloudModel(RemoteModelHost):
    """The model {model} runs on servers of its maker, not on this machine."""

    code = 1063


class Unavailable(SidecarError):
    """{what} is not available now: {why}"""

    code = 1503
    exit_code = 7
    http_status = 503
    hint = "Try again in a moment; `sidecar status` says what it is waiting for."


class DaemonSilent(Unavailable):
    """The daemon on {socket} did not answer within {seconds:g} s."""

    code = 1504
    hint = "See `sidecar status`; if it stays silent, `sidecar down` and `sidecar up --detach`."


class ConfigInvalid(SidecarError):
    """{path} has {count} problem(s): {problems}"""

    code = 1010
    exit_code = 10
    lasting = True
    http_status = 500
    hint = "Mend the file; `sidecar config check` shows every problem."


class GitFailed(SidecarError):
    """git {command} failed in {folder}: {stderr}"""

    code = 1011
    exit_code = 11
    hint = "Run the command by hand in that folder to see more."


class GitMissing(SidecarError):
    """git is not installed, or not on the PATH."""

    code = 1012
    exit_code = 12
    lasting = True
    hint = "Install git 2.30 or newer."


class IndexUnusable(SidecarError):
    """The index at {path} cannot be used: {why}"""

    code = 1013
    exit_code = 13
    hint = "Run `sidecar rebuild`; it is made anew from the store."


class JournalUnusable(SidecarError):
    """The journal {path} cannot be used: {why}"""

    code = 1014
    exit_code = 14
    hint = "Move it away and restart; no memory is lost, transcripts are read again."


class BadMemoryFile(SidecarError):
    """{path}{at}: {reason}"""

    code = 1015
    exit_code = 15
    http_status = 422
    hint = "Mend the file in an editor; the last good version answers until then."


class TranscriptUnreadable(SidecarError):
    """{path} cannot be read as a transcript: {why}"""

    code = 1016
    exit_code = 16
    http_status = 422
    hint = "Name the agent with --agent, or report the format."


class TranscriptBusy(TranscriptUnreadable):
    """{path} is being written at this moment: {why}"""

    code = 1116
    hint = "Nothing to do: it is read as soon as its agent lets go of it."


class EmbeddingUnusable(SidecarError):
    """The embedding model {model} cannot be loaded: {why}"""

    code = 1017
    exit_code = 17
    hint = "Set embedding.model to `bundled`, or to a folder with a model2vec model."


class FileSystemFailed(SidecarError):
    """{path} cannot be {action}: {why}"""

    code = 1019
    exit_code = 19
    hint = "Check the permissions of that path and the free space."


class BadAnswer(SidecarError):
    """What answers on {socket} is not a sidecar daemon, or broke off: {why}"""

    code = 1020
    exit_code = 20
    http_status = 502
    hint = "Restart the daemon with `sidecar down` and `sidecar up --detach`."


class SettingsUnclear(Refused):
    """It cannot be understood (line {line}: {why}), so it is left as it is."""

    code = 1701
    hint = "Mend it, or put in what `sidecar install AGENT --print` shows."


class SettingsTaken(Refused):
    """{key} is set already, and not by sidecar; it is left as it is."""

    code = 1702
    hint = "Rename or remove that entry, or put in by hand what `sidecar install AGENT --print` shows."


class NotOurFile(Refused):
    """{path} {why}, so it is left as it is."""

    code = 1703
    hint = "Put in by hand what `sidecar install AGENT --print` shows."


PROFILE_FAULTS = (
    BadMemoryFile, ChangedOnDisk, FieldError, FileSystemFailed, GitFailed, GitMissing, NotFound, Refused, OSError
)  # fmt: skip
"""What can be wrong with the folder of one profile, and must stop no other one.  Refused: a format that is too new, a
file that may not be changed, a sudden emptiness.  Without git memories are taken in and recalled, and not committed."""


def classes() -> list[type[SidecarError]]:
    """Every error class, parents before children."""
    found: list[type[SidecarError]] = []
    queue: list[type[SidecarError]] = [SidecarError]
    while queue:
        current = queue.pop(0)
        found.append(current)
        queue.extend(current.__subclasses__())
    return found


def from_wire(code: int, message: str, hint: str | None) -> SidecarError:
    """The error that the daemon reported, as the same class on the client's side."""
    kind = next((cls for cls in classes() if cls.code == code), SidecarError)
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.fields, error.message = {}, message
    if hint is not None:
        error.hint = hint
    return error
