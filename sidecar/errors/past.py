"""What can go wrong with the past of a profile: undo, snapshots, purges."""

from __future__ import annotations

from sidecar.errors.base import Conflict, NotFound, Refused


class UnknownRevision(NotFound):
    """There is no commit, tag or branch {name} in profile {profile}."""

    code = 1300
    hint = "See `sidecar log` for commits and `sidecar snapshot` for tags."


class UndoConflict(Conflict):
    """{commit} cannot be undone, because later changes stand on it: {paths}."""

    code = 1301
    hint = "Undo the later commits first, which `sidecar log` shows, or edit the files."


class NothingToUndo(Conflict):
    """Nothing is left to undo of {commit}."""

    code = 1302
    hint = "See `sidecar log`, and name another commit."


class NotUndoable(Refused):
    """{commit} cannot be undone: {why}."""

    code = 1303
    hint = "See `sidecar log`, and name another commit."


class SnapshotExists(Conflict):
    """In the profile {profile} the name {name} means something already."""

    code = 1304
    hint = "Choose another name; a snapshot is never moved."


class PurgeImpossible(Refused):
    """Nothing was purged from profile {profile}: {why}."""

    code = 1305
    hint = "Put that in order first, then purge again."
