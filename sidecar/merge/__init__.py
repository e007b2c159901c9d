"""Merging what two machines made of one profile: files in, files out, nothing touched.

`merge` is pure: the same three trees give the same tree on every machine, whichever side is called ours.  It leaves no
conflict marker, loses no memory and undoes no tombstone; where two people wrote different words, both are kept.

reading    a tree of files as memories, tombstones and other files
merging    the whole of it: memory by memory, file by file
lives      one memory (its file and its tombstone) of three trees
documents  one memory's file, key by key and the body
values     the rule of each key
versions   several active memories of one key, as section 3 of the contract settles them
places     two things that want one path
profiles   `profile.yaml`
"""

from sidecar.merge.merging import merge
from sidecar.merge.reading import PROFILE_FILE, Tree
from sidecar.merge.versions import Settle

__all__ = ["PROFILE_FILE", "Settle", "Tree", "merge"]
