"""Our keys and items in a JSON file: put in, found again, and taken out.

A file is edited as text in small steps, each on what the step before has left: settings files are short.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from sidecar.errors import SettingsTaken, SettingsUnclear
from sidecar.install.jsonc import Document, Node
from sidecar.records import dataclass

Path = tuple[str, ...]
Ours = Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class Part:
    """Something of ours in a file.

    `path`: the keys that lead to it.  `items`: it is an array, and these are our items in it among others; without
    them `value` is the value of the key.  `ours`: whether a value that is found there is of our making.  `shared`: a
    key that the file needs and that is not ours alone, such as a version: it is put in where it is missing, and taken
    out only with a file that holds nothing else.
    """

    path: Path
    ours: Ours
    value: object = None
    items: Sequence[object] = ()
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """A file's new text, and the paths of objects and arrays that were made for our parts."""

    text: str
    made: frozenset[Path]


def with_parts(text: str, parts: Sequence[Part]) -> Done:
    """The text with our parts as they are now, older ones of ours replaced; the same text if all of that is so.

    Raises SettingsUnclear for a file that cannot be understood, and SettingsTaken for a key of somebody else's.
    """
    made: set[Path] = set()
    document = Document(text)
    if document.root is None:
        text = f"{text}{{}}\n" if not text or text.endswith("\n") else f"{text}\n{{}}"
    elif document.root.kind != "object":
        raise SettingsUnclear(line=1, why="it is not an object")
    for part in parts:
        if not _holds(text, part):
            text = _without(text, part)
            text = _put(text, part, made)
    return Done(text, frozenset(made))


def without_parts(text: str, parts: Sequence[Part], made: Collection[Path]) -> str:
    """The text without our parts, and without what was made for them, where nothing else is in it now."""
    for part in parts:
        text = _without(text, part) if not part.shared else text
    for path in sorted(made, key=len, reverse=True):
        text = _without_empty(text, path)
    shared = {part.path[0] for part in parts if part.shared}
    document = Document(text)
    if document.root is not None and shared and {key for key, _, _ in document.root.members} == shared:
        for _ in shared:
            document = Document(document.removed(_root(document), 0))
    return document.text


def places(parts: Sequence[Part]) -> frozenset[Path]:
    """Every object and array that parts stand in."""
    ends = [(part.path, len(part.path) if part.items else len(part.path) - 1) for part in parts]
    return frozenset(path[:length] for path, last in ends for length in range(1, last + 1))


def is_empty(text: str) -> bool:
    """Whether a file says nothing."""
    root = Document(text).root
    return root is None or (root.kind == "object" and not root.members)


def _root(document: Document) -> Node:
    if document.root is None:
        raise SettingsUnclear(line=1, why="it is empty")
    return document.root


def _found(document: Document, path: Path) -> Node | None:
    node = document.root
    for key in path:
        node = node.get(key) if node is not None and node.kind == "object" else None
    return node


def _holds(text: str, part: Part) -> bool:
    """Whether a part is there exactly as it should be."""
    document = Document(text)
    node = _found(document, part.path)
    if node is None:
        return False
    value = document.value(node)
    if not part.items:
        if part.shared or value == part.value:
            return True
        if not part.ours(value):
            raise SettingsTaken(key=".".join(part.path))
        return False
    if not isinstance(value, list):
        raise SettingsUnclear(line=text.count("\n", 0, node.start) + 1, why=f"{'.'.join(part.path)} is not a list")
    return [item for item in value if part.ours(item)] == list(part.items)


def _put(text: str, part: Part, made: set[Path]) -> str:
    """The text with a part more, and with the objects and the array that it needs."""
    content: object = list(part.items) if part.items else part.value
    for length in range(len(part.path), -1, -1):
        document = Document(text)
        node = _found(document, part.path[:length])
        if node is None:
            continue
        if length == len(part.path):  # the array is there
            for item in part.items:
                document = Document(text)
                text = document.inserted(_at(document, part.path), item)
            return text
        if node.kind != "object":
            raise SettingsUnclear(line=text.count("\n", 0, node.start) + 1, why="an object is expected there")
        last = len(part.path) if part.items else len(part.path) - 1
        made |= {part.path[:count] for count in range(length + 1, last + 1)}
        for key in reversed(part.path[length + 1 :]):
            content = {key: content}
        return document.inserted(node, content, part.path[length])
    raise SettingsUnclear(line=1, why="it is not an object")


def _at(document: Document, path: Path) -> Node:
    node = _found(document, path)
    if node is None:
        raise SettingsUnclear(line=1, why=f"{'.'.join(path)} has gone")
    return node


def _without(text: str, part: Part) -> str:
    """The text without a part, whatever its state; what is not of our making stays."""
    document = Document(text)
    node = _found(document, part.path)
    if node is None:
        return text
    if part.items:
        return _without_items(text, part)
    if not part.ours(document.value(node)):
        return text
    parent = _at(document, part.path[:-1])
    number = [key for key, _, _ in parent.members].index(part.path[-1])
    return document.removed(parent, number)


def _without_items(text: str, part: Part) -> str:
    while True:
        document = Document(text)
        array = _at(document, part.path)
        numbers = [number for number, item in enumerate(array.items) if part.ours(document.value(item))]
        if not numbers:
            return text
        text = _without_item(document, array, numbers[-1], part.ours)


def _without_item(document: Document, array: Node, number: int, ours: Ours) -> str:
    """Without one item; of a group of hooks to which somebody has added others, only our own hook goes."""
    item = array.items[number]
    hooks = item.get("hooks") if item.kind == "object" else None
    if hooks is not None and hooks.kind == "array":
        held = [index for index, hook in enumerate(hooks.items) if ours(document.value(hook))]
        if held and len(held) < len(hooks.items):
            return document.removed(hooks, held[-1])
    return document.removed(array, number)


def _without_empty(text: str, path: Path) -> str:
    """The text without an object or array that holds nothing."""
    document = Document(text)
    node = _found(document, path)
    if node is None or node.kind == "scalar" or node.entries():
        return text
    parent = _at(document, path[:-1])
    number = [key for key, _, _ in parent.members].index(path[-1])
    return document.removed(parent, number)


def fragment(parts: Sequence[Part]) -> str:
    """What our parts look like in a file of their own."""
    return with_parts("", parts).text


def says(value: object, key: str) -> object:
    """A field of a value that may be anything."""
    return value.get(key) if isinstance(value, Mapping) else None
