"""The memory files of this machine.

store      all profiles; `<root>/<namespace>/<profile>/`
profile    a folder of memory files and the git repository that keeps their history
memory     one file; known by its `id`, wherever it lies in the profile
stored     a memory together with the path and the hash of its file: what a guarded change refers to
bad file   one that cannot be taken in; its last good version answers until a person has mended it
tombstone  what is left of a forgotten memory, so that it is not learned again
ours       a file whose hash is that of our last write; any other is the user's, and committed as theirs
refresh    take over what the disk says;  settle: heal and adopt;  commit: into git
"""

from sidecar.git import LogEntry
from sidecar.store.layout import MAX_FILE_BYTES, path_for, tombstone_path
from sidecar.store.profile import Profile
from sidecar.store.store import Store
from sidecar.store.words import (
    KEYS_SETTLED,
    OTHERS_SHARED,
    Difference,
    ProfileInfo,
    ProjectIdentity,
    Refresh,
    Undone,
    WriteContext,
    WriteLog,
)

__all__ = [
    "KEYS_SETTLED",
    "MAX_FILE_BYTES",
    "OTHERS_SHARED",
    "Difference",
    "LogEntry",
    "Profile",
    "ProfileInfo",
    "ProjectIdentity",
    "Refresh",
    "Store",
    "Undone",
    "WriteContext",
    "WriteLog",
    "path_for",
    "tombstone_path",
]
