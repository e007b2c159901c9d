"""Whose words a project's own git has brought into the folder in which it carries a profile."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sidecar.frontmatter import Document, parse
from sidecar.git import authors, own_email, uncommitted


def written_by_others(
    folder: Path, since: str | None, commit: str | None, changes: Mapping[str, bytes | None]
) -> frozenset[str]:
    """The paths of those changed files, and the ids of the memories in them, that somebody else wrote.

    What is not committed in the project is the user's, and so is what they alone have committed since the commit
    `since`, as git states author and committer: whoever may push there can claim another's name.  What git cannot tell
    is somebody else's.
    """
    present = {path: data for path, data in changes.items() if data is not None}
    if commit is None or not present:
        return frozenset()
    here = uncommitted(folder)
    committed = sorted(path for path in present if here is None or path not in here)
    if not committed:
        return frozenset()
    made, own = authors(folder, since, commit) or {}, own_email(folder)
    theirs = [path for path in committed if own is None or made.get(path) != {own}]
    documents = [parse(present[path]) for path in theirs]
    ids = {str(one.fields["id"]) for one in documents if isinstance(one, Document) and "id" in one.fields}
    return frozenset(ids.union(theirs))
