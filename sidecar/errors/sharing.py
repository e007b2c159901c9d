"""What can go wrong between a profile and a remote."""

from __future__ import annotations

from sidecar.errors.base import BadRequest, Conflict, NotFound, Refused, Unavailable


class BadRemote(BadRequest):
    """{remote} cannot be a remote: {why}."""

    code = 1250
    hint = "Give an ssh or https address, or an absolute path."


class RemoteUnreachable(Unavailable):
    """The remote {remote} does not answer: {why}"""

    code = 1251
    hint = (
        "Nothing is lost: it is tried again; check the address, the network, your git credentials and, for ssh, that "
        "you have connected to that host once."
    )


class RemoteRefused(Refused):
    """What the remote {remote} holds was refused: {why}"""

    code = 1252
    hint = "Nothing was changed here. Mend it in the remote, by a new commit."


class RemoteTooLarge(RemoteRefused):
    """What the remote {remote} sent was cut off: more than {limit} MiB, or more memory or time than it may take."""

    code = 1253


class RemoteRewritten(Refused):
    """The history of {remote} was rewritten; it is not followed, and nothing was changed here."""

    code = 1254
    hint = "Yours is kept. `sidecar join REMOTE --profile NAME` merges both, `sidecar share` fills an emptied remote."


class RemoteNotEmpty(Conflict):
    """The remote {remote} holds something already."""

    code = 1255
    hint = "Use `sidecar join` to merge with it, or share to an empty repository."


class NotShared(Conflict):
    """Profile {profile} is not shared."""

    code = 1256
    hint = "Publish it with `sidecar share PROFILE REMOTE`."


class AlreadyShared(Conflict):
    """Profile {profile} is shared with {remote} already."""

    code = 1257
    hint = "`sidecar sync` brings it up to date; `sidecar join REMOTE --profile NAME` moves it to another remote."


class PushRaced(Unavailable):
    """Others pushed to {remote} faster, {times} times in a row."""

    code = 1258
    hint = "Nothing is lost: it is tried again."


class CannotShare(Refused):
    """{path} of profile {profile} cannot be shared: {why}"""

    code = 1259
    hint = "Rename, move or remove that file; it is in the way of sharing alone."


class RemoteEmpty(NotFound):
    """The remote {remote} holds no profile."""

    code = 1260
    hint = "Publish one there first, with `sidecar share`."


class RemotePurged(Refused):
    """{count} memories were purged from {remote} and are still here: {ids}."""

    code = 1261
    hint = "Nothing was changed. With `sidecar sync PROFILE --purge yes` they go here too, with `--purge no` they stay."


class RemoteHoldsPurged(Refused):
    """{remote} still holds what was purged here: {ids}."""

    code = 1262
    hint = "`sidecar sync PROFILE --purge yes` replaces its history; until then nothing goes there or comes from there."


class PurgeDeclined(Refused):
    """What was purged from {remote} stays here, as you wanted: nothing is exchanged with it."""

    code = 1263
    hint = "`sidecar sync PROFILE --purge yes` follows after all."


class NoPurgeMet(Conflict):
    """No purge stands between profile {profile} and its remote."""

    code = 1264
    hint = "`sidecar sync PROFILE` brings it up to date."


class CannotCarry(Refused):
    """{folder} cannot be kept in step with its profile: {why}"""

    code = 1265
    hint = "Mend it there; nothing was changed on either side."


class NoProject(Conflict):
    """{folder} belongs to no project, so no repository can carry its memories."""

    code = 1266
    hint = "Run it in the folder of a git repository that has a profile of its own."


class ProfileAside(Refused):
    """Profile {profile} waits: {why}."""

    code = 1267
    hint = "Run `git switch main` in its folder, or finish what is going on there; then it goes on by itself."
