"""The sharing road: what a profile's work tree, its repository and a remote have to do with each other.

    commit ours -> fetch into quarantine -> inspect -> merge in memory -> guarded writes -> commit with two parents
                -> follow road -> push; if somebody was faster, again

Every step is safe to be interrupted at and to be repeated: what has to be remembered stands in refs and settings of the
profile's own repository, which nobody pulls.
"""

from sidecar.share.carrying import Carried
from sidecar.share.checkout import FOLDER as CARRIED_FOLDER
from sidecar.share.checkout import Checkout
from sidecar.share.inspection import MOST_FILES, Findings, inspect
from sidecar.share.purging import Purging
from sidecar.share.records import Record
from sidecar.share.sharing import Sharing
from sidecar.share.words import Exclusive, Folder, Joined, Outgoing, Synced

__all__ = [
    "CARRIED_FOLDER",
    "MOST_FILES",
    "Carried",
    "Checkout",
    "Exclusive",
    "Findings",
    "Folder",
    "Joined",
    "Outgoing",
    "Purging",
    "Record",
    "Sharing",
    "Synced",
    "inspect",
]
