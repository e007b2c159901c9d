"""`profile.yaml`: what a profile is about, the same on every machine that has it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

from sidecar.errors import BadMemoryFile, FormatTooNew
from sidecar.frontmatter import Problem, dump_mapping, load_mapping
from sidecar.model import ProfileRef
from sidecar.store.layout import PROFILE_FILE
from sidecar.store.words import ProfileInfo, ProjectIdentity

FORMAT: Final = 1
_NAMESPACE: Final = uuid.UUID("6f0c6f5a-3a53-5d0e-9f0b-0d6a4f6a1c11")


def new(ref: ProfileRef, project: ProjectIdentity | None) -> ProfileInfo:
    """What a new profile says of itself; one and the same project gets one and the same uuid on any machine."""
    project = project or ProjectIdentity()
    root = project.root_commit
    identifier = uuid.uuid5(_NAMESPACE, f"{ref.namespace}\n{root}") if root else uuid.uuid4()
    return ProfileInfo(str(identifier), ref.name, ProjectIdentity(root, project.remotes))


def render(info: ProfileInfo) -> bytes:
    """The file of a profile."""
    project = {"root_commit": info.project.root_commit, "remotes": list(info.project.remotes)}
    share = {"remote": info.remote}
    return dump_mapping({"format": FORMAT, "uuid": info.uuid, "name": info.name, "project": project, "share": share})


def read(ref: ProfileRef, data: bytes) -> ProfileInfo:
    """What the file says.  Raises `FormatTooNew` for a newer format, `BadMemoryFile` if it makes no sense."""
    path = f"{ref}/{PROFILE_FILE}"
    values = load_mapping(data)
    if isinstance(values, Problem):
        raise BadMemoryFile(path=path, at=f":{values.line}" if values.line else "", reason=values.reason)
    found = str(values.get("format"))
    if found.isdigit() and int(found) > FORMAT:
        raise FormatTooNew(path=path, found=found, known=FORMAT)
    if found != str(FORMAT):
        raise BadMemoryFile(path=path, at="", reason=f"`format` must be {FORMAT}")
    project, share = _mapping(values.get("project")), _mapping(values.get("share"))
    remotes = project.get("remotes") or []
    return ProfileInfo(
        uuid=str(values.get("uuid") or ""),
        name=str(values.get("name") or ref.name),
        project=ProjectIdentity(
            _text(project.get("root_commit")), tuple(map(str, remotes)) if isinstance(remotes, list) else ()
        ),
        remote=_text(share.get("remote")),
    )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
