"""The other end of the socket: what the CLI, hooks and other faces use to speak to the daemon.

Standard library only, and only its light parts: hooks start this on every prompt of an agent.  For that reason HTTP is
spoken here by hand (one request, one connection), and no path is looked up.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from typing import Any

from sidecar import __version__, errors, hello, meeting

MAX_ANSWER = 256 * 1024 * 1024
"""Bytes after which an answer is not ours: an export is streamed elsewhere, all else is far smaller."""

_CHUNK = 65_536

_MISUNDERSTOOD = (errors.BadRequest, errors.UnknownRoute, errors.MethodNotAllowed)
"""What a daemon of another version says of what it does not know, besides errors that are not known here."""
_ONE = "`sidecar down` and `sidecar up --detach` make them one."

_KNOCK_S = 0.005
"""Between two tries to connect to a daemon at which too many wait: it accepts hundreds in that time."""


class Answer:
    """What the daemon said: `result`, `result_info` and `messages` of its envelope, and the HTTP status."""

    __slots__ = ("messages", "result", "result_info", "status")

    def __init__(self, status: int, envelope: Mapping[str, Any]) -> None:
        """`envelope` is the decoded body of a successful answer."""
        self.status = status
        self.result: Any = envelope.get("result")
        self.result_info: dict[str, Any] = envelope.get("result_info") or {}
        self.messages: list[Any] = envelope.get("messages") or []


class Profile:
    """Which profile a request is about: one by name, or the one to which a folder belongs."""

    __slots__ = ("cwd", "name", "namespace")

    def __init__(self, *, cwd: str | None = None, name: str | None = None, namespace: str = "local") -> None:
        """With `name` the folder does not count; with neither it is the profile `personal`."""
        self.cwd = cwd
        self.name = name
        self.namespace = namespace

    def route(self, tail: str) -> str:
        """The path of a route that exists both for a named profile and for a folder."""
        if self.name is None:
            return f"/v1/{tail}"
        return f"/v1/namespaces/{quoted(self.namespace)}/profiles/{quoted(self.name)}/{tail}"

    def fields(self) -> dict[str, Any]:
        """What the body or the query of a request to `route` must say."""
        return {"cwd": self.cwd} if self.name is None and self.cwd is not None else {}

    def spelled(self) -> dict[str, Any]:
        """The profile as fields, for routes that have no form with a profile in the path."""
        return self.fields() if self.name is None else {"namespace": self.namespace, "profile": self.name}


class Client:
    """Speaks to one daemon.  `timeout` (seconds) bounds a whole exchange, however slowly the other side drips.

    `last` is the answer to the latest request, for those who need more than its result.
    """

    def __init__(self, socket_path: str | os.PathLike[str], timeout: float = 10.0) -> None:
        self.socket_path = os.fspath(socket_path)
        self.timeout = timeout
        self.last: Answer | None = None
        self._connection: socket.socket | None = None
        self._aborted = False

    def abort(self) -> None:
        """Call off the running request, from another thread: it ends at once with BadAnswer.  For good."""
        self._aborted, connection = True, self._connection
        if connection is not None:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it has just ended by itself

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        """The `result` of a request.

        Raises the daemon's own error as the same class; NoDaemon if nobody listens, DaemonSilent after the time limit,
        BadAnswer if what came is not an envelope.
        """
        limit = self.timeout if timeout is None else timeout
        return self.decoded(self._exchange(encoded(method, path, body, query), limit), path).result

    def decoded(self, raw: bytes, path: str) -> Answer:
        """Everything that came back from `path` as an answer, which is `last` then; raises the error that it reports.

        Also raises DaemonOlder for an answer in a language that is no longer understood here.
        """
        status, headers, content = self._parsed(raw)
        daemon = met(_text(headers.get(b"server")), _text(headers.get(hello.HEADER.lower().encode())), path)
        try:
            self.last = self._opened(status, content)
        except errors.SidecarError as error:
            unclear = isinstance(error, _MISUNDERSTOOD) or type(error) is errors.SidecarError
            if unclear and daemon not in (None, __version__):
                error.hint = f"{error.hint} The daemon is of version {daemon}, this program of {__version__}: {_ONE}"
            raise
        return self.last

    def _exchange(self, request: bytes, limit: float) -> bytes:
        """Everything that came back until the daemon closed the connection."""
        deadline = time.monotonic() + limit
        received = bytearray()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(limit)
                self._connect(connection, deadline)
                self._connection = connection
                if self._aborted:
                    raise self.bad("the request was called off")
                if not meeting.is_ours(connection):
                    raise errors.ServerForeign(socket=self.socket_path, peer=meeting.peer(connection))
                connection.sendall(request)
                while True:
                    connection.settimeout(max(deadline - time.monotonic(), 0.001))
                    piece = connection.recv(_CHUNK)
                    if not piece:
                        return bytes(received)
                    received += piece
                    if len(received) > MAX_ANSWER:
                        raise self.bad("the answer is endless")
        except TimeoutError as error:
            raise errors.DaemonSilent(socket=self.socket_path, seconds=limit) from error
        except OSError as error:
            raise self.bad(error.strerror or str(error)) from error

    def _connect(self, connection: socket.socket, deadline: float) -> None:
        try:
            while True:
                try:
                    return connection.connect(self.socket_path)
                except BlockingIOError:  # so many are knocking that we are not even queued
                    if time.monotonic() > deadline:
                        raise TimeoutError from None
                    time.sleep(_KNOCK_S)
        except TimeoutError:
            raise
        except OSError as error:
            raise self.nobody(error) from error

    def nobody(self, error: OSError) -> errors.NoDaemon:
        """The error for a connection that could not be made."""
        hint = None
        if error.errno is None:
            hint = "The path is longer than a socket's may be; set SIDECAR_SOCKET to a shorter one."
        elif isinstance(error, PermissionError):
            hint = "The socket belongs to somebody else; check its owner and SIDECAR_SOCKET."
        return errors.NoDaemon(socket=self.socket_path, hint=hint)

    def _parsed(self, raw: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        """Status, headers (lower case) and body of an HTTP answer."""
        head, separator, rest = raw.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        words = first.split(b" ")
        if not separator or not words[0].startswith(b"HTTP/1.") or len(words) < 2 or not words[1].isdigit():
            raise self.bad("no HTTP answer" if raw else "the connection was closed")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
            return int(words[1]), headers, self._unchunked(rest)
        length = headers.get(b"content-length", b"")
        if length.isdigit() and len(rest) < int(length):
            raise self.bad("the answer was cut off")
        return int(words[1]), headers, rest

    def _unchunked(self, rest: bytes) -> bytes:
        found = bytearray()
        while True:
            size, separator, rest = rest.partition(b"\r\n")
            try:
                length = int(size.partition(b";")[0], 16)
            except ValueError as error:
                raise self.bad("the answer was cut off") from error
            if not separator or len(rest) < length:
                raise self.bad("the answer was cut off")
            if not length:
                return bytes(found)
            found += rest[:length]
            rest = rest[length + 2 :]

    def _opened(self, status: int, content: bytes) -> Answer:
        """The envelope as an answer, or the error that it reports."""
        try:
            envelope = json.loads(content)
        except ValueError as error:
            raise self.bad(f"status {status} without JSON") from error
        if not isinstance(envelope, dict) or "success" not in envelope:
            raise self.bad(f"status {status} without an envelope")
        if envelope["success"]:
            return Answer(status, envelope)
        reported = envelope.get("errors") or [{}]
        first = reported[0] if isinstance(reported[0], dict) else {}
        raise errors.from_wire(int(first.get("code", 0)), str(first.get("message", "unknown")), first.get("hint"))

    def bad(self, why: str) -> errors.BadAnswer:
        """The error for what is no answer of a daemon."""
        return errors.BadAnswer(socket=self.socket_path, why=why)

    def health(self) -> dict[str, Any]:
        """That the daemon lives: version and pid."""
        return _object(self.request("GET", "/v1/healthz"))

    def status(self) -> dict[str, Any]:
        """What it is doing (section 5 of the contract)."""
        return _object(self.request("GET", "/v1/status"))

    def recall(self, profile: Profile, query: str, **options: object) -> dict[str, Any]:
        """`{count, answer, candidates}`; `options`: `thinkingLevel`, `limit`, `at`, `explain` and the API's others."""
        body = {"query": query, **options, **profile.fields()}
        return _object(self.request("POST", profile.route("recall"), body))

    def remember(self, profile: Profile, content: str, **options: object) -> dict[str, Any]:
        """The memory that was written; `options`: `type`, `key`, `tags`, `pinned`, `sessionId`."""
        return _object(
            self.request("POST", profile.route("remember"), {"content": content, **options, **profile.fields()})
        )

    def search(self, profile: Profile, query: str, **options: object) -> object:
        """Verbatim messages of all roles that match; `options`: `limit`, `sessionId`, `agent`, `since`, …"""
        return self.request("POST", "/v1/search", {"query": query, **options, **profile.spelled()})

    def session(self, name: str, **options: object) -> dict[str, Any]:
        """A session with a page of its messages; `options`: `agent`, `profile`, `per_page`, `cursor` (as for lists)."""
        return _object(self.request("GET", f"/v1/sessions/{quoted(name)}", query=options))

    def summary(self, profile: Profile, **options: object) -> dict[str, Any]:
        """`{summary: markdown}`; `options`: `sessionId`."""
        return _object(self.request("POST", profile.route("summary"), {**options, **profile.fields()}))

    def memories(self, profile: Profile, **filters: object) -> list[dict[str, Any]]:
        """One page of memories without their content; the next page's cursor is in `last.result_info`."""
        found = self.request("GET", profile.route("memories"), query={**filters, **profile.fields()})
        return list(found or ())

    def memory(self, profile: Profile, identifier: str, **options: object) -> dict[str, Any]:
        """One memory; `options`: `history=1` adds its chain of versions and its source messages."""
        tail = f"memories/{quoted(identifier)}"
        return _object(self.request("GET", profile.route(tail), query={**options, **profile.fields()}))

    def forget(self, profile: Profile, identifier: str, reason: str | None = None) -> object:
        """Move a memory to the archive as no longer true or wanted."""
        body = {**({"reason": reason} if reason else {}), **profile.fields()}
        return self.request("POST", profile.route(f"memories/{quoted(identifier)}/forget"), body)

    def proposed(self, profile: Profile, **filters: object) -> list[dict[str, Any]]:
        """One page of the memories that wait for review, with content; the next page's cursor as for `memories`."""
        found = self.request("GET", profile.route("review"), query={**filters, **profile.fields()})
        return list(found or ())

    def review(self, profile: Profile, identifier: str, decision: str, **options: object) -> dict[str, Any]:
        """Decide (`accept` or `reject`) about a proposed memory; `options`: `content`, `reason`, `expected_sha256`."""
        body = {"decision": decision, **options, **profile.fields()}
        return _object(self.request("POST", profile.route(f"memories/{quoted(identifier)}/review"), body))

    def log(self, profile: Profile, **filters: object) -> list[dict[str, Any]]:
        """Commits of a profile, newest first; `filters`: `id` of a memory, `limit`."""
        found = self.request("GET", profile.route("log"), query={**filters, **profile.fields()})
        return list(found or ())

    def delete(self, profile: Profile, identifier: str) -> dict[str, Any]:
        """Delete a memory, with the archived messages that only it used; what it was."""
        tail = f"memories/{quoted(identifier)}"
        return _object(self.request("DELETE", profile.route(tail), query=profile.fields()))

    def delete_session(self, name: str, session: str, namespace: str = "local") -> object:
        """Delete a session of a profile, with what was learned from it alone."""
        return self.request("DELETE", Profile(name=name, namespace=namespace).route(f"sessions/{quoted(session)}"))

    def delete_profile(self, name: str, namespace: str = "local") -> object:
        """Move a profile to the trash."""
        path = f"/v1/namespaces/{quoted(namespace)}/profiles/{quoted(name)}"
        return self.request("DELETE", path)

    def profiles(self, namespace: str = "local") -> list[dict[str, Any]]:
        """The profiles of a namespace, with their sizes."""
        return list(self.request("GET", f"/v1/namespaces/{quoted(namespace)}/profiles") or ())

    def preview_removal(self, profile: Profile, action: str, **what: object) -> dict[str, Any]:
        """What `forget`, `delete`, `purge` (with `ids`), `session` (`sessionId`) or `profile` would take away."""
        return _object(self.request("POST", profile.route("removal"), {"action": action, **what, **profile.fields()}))

    def purge(self, profile: Profile, identifiers: list[str], timeout: float | None = None) -> dict[str, Any]:
        """Let memories go for good: `{ids, old, new, commits, messages, trash, remotes, transcripts, remaining}`."""
        body = {"ids": identifiers, **profile.fields()}
        return _object(self.request("POST", profile.route("purge"), body, timeout=timeout))

    def patch(self, profile: Profile, identifier: str, **fields: object) -> dict[str, Any]:
        """Change a memory; `fields`: `content`, `key`, `tags`, …, or `text`, and `expected_sha256`."""
        tail = f"memories/{quoted(identifier)}"
        return _object(self.request("PATCH", profile.route(tail), {**fields, **profile.fields()}))

    def memory_text(self, profile: Profile, identifier: str) -> dict[str, Any]:
        """The whole text of a memory's file: `{text, sha256}`."""
        return _object(
            self.request("GET", profile.route(f"memories/{quoted(identifier)}/text"), query=profile.fields())
        )

    def diff(self, profile: Profile, before: str, after: str | None = None) -> dict[str, Any]:
        """How two commits, tags or days differ: `{before, after, memories, patch, truncated}`."""
        query = {"before": before, "after": after, **profile.fields()}
        return _object(self.request("GET", profile.route("diff"), query=query))

    def undo(self, profile: Profile, commit: str | None = None) -> dict[str, Any]:
        """Take a commit back by a new one, without `commit` the last change: `{commit, undone, memories, paths}`."""
        body = {**({"commit": commit} if commit else {}), **profile.fields()}
        return _object(self.request("POST", profile.route("undo"), body))

    def snapshots(self, profile: Profile) -> list[dict[str, Any]]:
        """The names of past states, the latest first."""
        return list(self.request("GET", profile.route("snapshots"), query=profile.fields()) or ())

    def snapshot(self, profile: Profile, name: str) -> dict[str, Any]:
        """Name the present state: `{name, commit, time, note}`."""
        return _object(self.request("POST", profile.route("snapshots"), {"name": name, **profile.fields()}))

    def ingest_transcripts(
        self, paths: list[str], *, agent: str | None = None, dry_run: bool = False
    ) -> dict[str, Any]:
        """Take in transcript files: `{sessions, messages, planned}`; `paths` are absolute."""
        body = {"paths": paths, **({"agent": agent} if agent else {}), **({"dry_run": True} if dry_run else {})}
        return _object(self.request("POST", "/v1/transcripts", body))

    def import_files(
        self, profile: Profile, paths: list[str], *, form: str | None = None, dry_run: bool = False
    ) -> dict[str, Any]:
        """Take memories in from files: `{files, forms, changes, counts, left_out}`; `paths` are absolute."""
        body = {"paths": paths, **({"form": form} if form else {}), **({"dry_run": True} if dry_run else {})}
        return _object(self.request("POST", profile.route("import"), {**body, **profile.fields()}))

    def jobs(self, **filters: object) -> dict[str, Any]:
        """`{jobs, recent}`: what is to be extracted, and how other sessions ended; `filters`: `state`, `limit`."""
        return _object(self.request("GET", "/v1/jobs", query=filters))

    def retry_jobs(self, session: str | None = None, **options: object) -> dict[str, Any]:
        """Extract a session again, or all that were given up: `{sessions}`; `options`: `agent`, `profile`."""
        body = {**({"session": session} if session else {}), **options}
        return _object(self.request("POST", "/v1/jobs/retry", body))

    def drop_job(self, session: str, **options: object) -> object:
        """Learn nothing of what a session holds now; `options`: `agent`, `profile`."""
        return self.request("POST", "/v1/jobs/drop", {"session": session, **options})

    def share(self, namespace: str, profile: str, remote: str, *, dry_run: bool = False) -> dict[str, Any]:
        """Publish a profile: `{remote, files, forgotten, private, commits}`."""
        body = {"remote": remote, "dry_run": dry_run}
        return _object(self.request("POST", Profile(name=profile, namespace=namespace).route("share"), body))

    def sync(self, namespace: str, profile: str, *, accept: bool = False, purge: str | None = None) -> dict[str, Any]:
        """Bring a shared profile up to date: `{pulled, pushed, merged, …}`."""
        route = Profile(name=profile, namespace=namespace).route("sync")
        return _object(self.request("POST", route, {"accept": accept, **({"purge": purge} if purge else {})}))

    def sync_all(self) -> list[dict[str, Any]]:
        """Bring every shared profile up to date."""
        return list(self.request("POST", "/v1/sync", {}) or ())

    def carry(self, profile: Profile, cwd: str, *, stop: bool = False, accept: bool = False) -> dict[str, Any]:
        """Let a folder's project carry its profile in its own repository, or no longer: `{folder, state, …}`.

        `accept`: also if most memories of the profile go by it.
        """
        body = {**profile.spelled(), "cwd": cwd, "stop": stop, "accept": accept}
        return _object(self.request("POST", "/v1/carry", body))

    def join(
        self, namespace: str, remote: str, *, profile: str | None = None, cwd: str | None = None
    ) -> dict[str, Any]:
        """Take part in a remote's profile: `{profile, namespace, merged, project, …}`."""
        body = {"remote": remote, **({"profile": profile} if profile else {}), **({"cwd": cwd} if cwd else {})}
        return _object(self.request("POST", f"/v1/namespaces/{quoted(namespace)}/join", body))

    def pause(self) -> object:
        """Stop watching and extracting until `resume`."""
        return self.request("POST", "/v1/pause", {})

    def resume(self) -> object:
        """Go on after `pause`."""
        return self.request("POST", "/v1/resume", {})

    def accept(self, profile: Profile) -> object:
        """Confirm that memories of a profile which are gone at once are meant to be gone."""
        return self.request("POST", "/v1/accept", profile.spelled())

    def rebuild(self) -> object:
        """Make the index anew from the store and the archive."""
        return self.request("POST", "/v1/rebuild", {})

    def scan(self, place: str | None = None) -> dict[str, Any]:
        """One step of a scan for secrets; `place` is the cursor of the step before."""
        return _object(self.request("POST", "/v1/scan", {} if place is None else {"cursor": place}))

    def shutdown(self) -> object:
        """Ask the daemon to end; it answers before it does."""
        return self.request("POST", "/v1/shutdown", {})


def met(server: str | None, protocol: str | None, path: str) -> str | None:
    """The version of the daemon that answered on `path` with these headers, None if it is none of ours.

    Raises DaemonOlder if it speaks a language that is no longer understood here.
    """
    daemon, spoken = hello.version(server), hello.spoken(protocol)
    language = hello.UNNAMED if spoken is None else spoken
    if daemon is not None and language < hello.OLDEST and path not in hello.ALWAYS:
        raise errors.DaemonOlder(daemon=daemon, program=__version__)
    return daemon


def encoded(
    method: str, path: str, body: Mapping[str, Any] | None = None, query: Mapping[str, Any] | None = None
) -> bytes:
    """A request as it goes over the socket, on a connection of its own."""
    payload = b"" if body is None else json.dumps(body).encode()
    head = [
        f"{method} {path}{_query(query)} HTTP/1.1",
        "Host: sidecar",
        "Connection: close",
        "Accept: application/json",
        f"{hello.HEADER}: {hello.PROTOCOL}",
    ]
    if body is not None:
        head.extend(("Content-Type: application/json", f"Content-Length: {len(payload)}"))
    return "\r\n".join((*head, "", "")).encode() + payload


def _text(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")


def _object(result: object) -> dict[str, Any]:
    return result if isinstance(result, dict) else {}


_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def quoted(text: str) -> str:
    """Percent-encoding; `urllib` would cost more to import than all the rest."""
    return "".join(chr(byte) if byte in _SAFE else f"%{byte:02X}" for byte in text.encode("utf-8", "surrogateescape"))


def _query(fields: Mapping[str, Any] | None) -> str:
    given = {name: value for name, value in (fields or {}).items() if value is not None}
    if not given:
        return ""
    return "?" + "&".join(f"{quoted(name)}={quoted(_spelled(value))}" for name, value in given.items())


def _spelled(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
