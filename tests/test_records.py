"""Data classes whose methods come late, and that are then like the standard library's."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from types import SimpleNamespace
from typing import Any, ClassVar, Generic, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.records import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Frozen:
    """A value."""

    name: str
    count: int = 3
    tags: tuple[str, ...] = ()
    seen: dict[str, int] = field(default_factory=dict, compare=False)
    secret: str = field(default="x", repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Theirs:
    """The same, made by the standard library."""

    name: str
    count: int = 3
    tags: tuple[str, ...] = ()
    seen: dict[str, int] = field(default_factory=dict, compare=False)
    secret: str = field(default="x", repr=False)


@dataclass(slots=True)
class Open:
    """It may be changed."""

    items: list[int] = field(default_factory=list)
    total: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.total = sum(self.items)


@dataclass(slots=True, eq=False)
class Itself:
    number: int


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing is in it."""


@dataclass(frozen=True, slots=True)
class Boxed(Generic[T]):
    """Of some kind."""

    value: T


@dataclass(frozen=True, slots=True)
class More(Empty):
    """Of a kind with fields."""

    number: int


values = st.fixed_dictionaries(
    {"name": st.text()},
    optional={
        "count": st.integers(),
        "tags": st.lists(st.text(), max_size=3).map(tuple),
        "seen": st.dictionaries(st.text(), st.integers(), max_size=2),
        "secret": st.text(),
    },
)


@given(values, values)
def test_it_is_as_the_standard_librarys(one: dict[str, Any], other: dict[str, Any]) -> None:
    ours, theirs = Frozen(**one), Theirs(**one)
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert repr(ours) == repr(theirs).replace("Theirs", "Frozen")
    assert (ours == Frozen(**other)) is (theirs == Theirs(**other))
    assert len({hash(ours), hash(Frozen(**one))}) == 1
    assert copy.deepcopy(ours) == copy.copy(ours) == pickle.loads(pickle.dumps(ours)) == ours
    assert copy.deepcopy(ours).seen == ours.seen
    changed = dataclasses.replace(ours, **other)
    assert dataclasses.asdict(changed) == dataclasses.asdict(dataclasses.replace(theirs, **other))
    assert ours != theirs


def both(body: str) -> tuple[Any, Any]:
    """The classes of some source, as ours and as the standard library's."""
    made = []
    for decorator in (dataclass, dataclasses.dataclass):
        names: dict[str, Any] = {
            "__name__": __name__,
            "frozen": decorator(frozen=True, slots=True), "opened": decorator(slots=True),
            "itself": decorator(slots=True, eq=False), "field": field, "ClassVar": ClassVar, "Any": Any,
        }  # fmt: skip
        exec(compile(f"from __future__ import annotations\n{body}", "<both>", "exec"), names)
        made.append(names)
    return SimpleNamespace(**made[0]), SimpleNamespace(**made[1])


def outcome(ask: Callable[[Any], object], of: Any) -> object:
    try:
        return ask(of)
    except (AttributeError, TypeError, ValueError) as error:  # FrozenInstanceError is the first
        return type(error), str(error)


CLASSES = """
@frozen
class Point:
    x: float
    y: Any = 2
    seen: list = field(default_factory=list, compare=False, repr=False)
    kind: ClassVar[str] = "point"

@frozen
class Only:
    value: Any

@frozen
class Named:
    name: str = field(kw_only=True)
    count: int = 1
    made: int = field(init=False, default=7)

@opened
class Base:
    items: list = field(default_factory=list)
    total: int = field(default=0, init=False)
    def __post_init__(self):
        self.total = len(self.items)

@opened
class Below(Base):
    more: int = 5

@frozen
class Own:
    word: str
    def __eq__(self, other):
        return isinstance(other, Own) and self.word.lower() == other.word.lower()

@frozen
class Shown:
    word: str
    def __repr__(self):
        return "shown"
    def __hash__(self):
        return 4

@opened
class Round:
    other: Any = None

@frozen
class Checked:
    number: int
    def __post_init__(self):
        if self.number < 0:
            raise ValueError("below zero")
        object.__setattr__(self, "number", self.number + 1)

@itself
class Identical:
    number: int = 0

class Plain(Point):
    __slots__ = ("extra",)
"""

QUESTIONS: Mapping[str, Callable[[Any], object]] = {
    "shown": lambda of: repr((of.Point(1), of.Only("a"), of.Named(name="n"), of.Below([1]), of.Shown("a"))),
    "equal": lambda of: [of.Point(1) == of.Point(1, 2, [3]), of.Point(1) != of.Point(2), of.Point(1) == 1],
    "of another class": lambda of: [of.Plain(1) == of.Point(1), of.Point(1) == of.Plain(1), of.Plain(1) == of.Plain(1)],
    "nan": lambda of: [of.Only(math.nan) == of.Only(math.nan), of.Only(float("nan")) == of.Only(float("nan"))],
    "nan of two": lambda of: [of.Point(math.nan) == of.Point(math.nan), of.Point(float("nan")) == of.Point(math.nan)],
    "hashes": lambda of: [len({of.Point(1), of.Point(1)}), len({of.Own("A"), of.Own("A")}), hash(of.Shown("a"))],
    "no hash": lambda of: hash(of.Base()),
    "no hash within": lambda of: hash(of.Only([])),
    "own equality": lambda of: [of.Own("A") == of.Own("a"), of.Own("A") == of.Own("b")],
    "identity": lambda of: [of.Identical() == of.Identical(), len({of.Identical(), of.Identical()})],
    "a later step": lambda of: [of.Base([1, 2]).total, of.Below([1], 3).total, of.Checked(1).number],
    "a later step that fails": lambda of: of.Checked(-1),
    "by keyword": lambda of: [of.Named(name="a").name, of.Named(3, name="b").count, of.Named(name="a").made],
    "keyword by place": lambda of: of.Named("a"),
    "keyword missing": lambda of: of.Named(),
    "too many": lambda of: of.Point(1, 2, [], 4),
    "not to be given": lambda of: of.Named(name="a", made=1),
    "twice": lambda of: of.Point(1, x=1),
    "matched by": lambda of: [of.Point.__match_args__, of.Named.__match_args__, of.Below.__match_args__],
    "fields": lambda of: [[one.name for one in dataclasses.fields(one)] for one in (of.Point, of.Below, of.Plain)],
    "as values": lambda of: [dataclasses.asdict(of.Below([1])), dataclasses.astuple(of.Point(of.Only(1)))],
    "replaced": lambda of: repr([dataclasses.replace(of.Point(1), y=3), dataclasses.replace(of.Below([1]), more=1)]),
    "replaced where it cannot be": lambda of: dataclasses.replace(of.Named(name="a"), made=2),
    "copied": lambda of: [copy.copy(of.Below([1])).total, copy.deepcopy(of.Point(1, [2])) == of.Point(1, [2])],
    "kept apart": lambda of: copy.deepcopy(first := of.Base([1])).items is first.items,
    "assigned": lambda of: setattr(of.Point(1), "x", 2),
    "deleted": lambda of: delattr(of.Point(1), "x"),
    "unknown in what is open": lambda of: setattr(of.Round(), "nothing", 2),
    "in itself": lambda of: (first := of.Round(), setattr(first, "other", first), repr(first))[-1],
    "of the class": lambda of: [of.Point.kind, of.Point(1).kind, of.Below.__slots__, hasattr(of.Point(1), "__dict__")],
    "a description": lambda of: [of.Point.__name__, of.Point.__qualname__, dataclasses.is_dataclass(of.Plain)],
}  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_answers_as_the_standard_librarys(question: str) -> None:
    ours, theirs = both(CLASSES)
    for _ in range(2):  # the first call makes the methods
        assert outcome(QUESTIONS[question], ours) == outcome(QUESTIONS[question], theirs)


def test_a_class_below_may_come_first_or_last() -> None:
    for order in (("Base", "Below"), ("Below", "Base")):
        ours, _ = both(CLASSES)
        assert [getattr(ours, name)([1, 2]).total for name in order] == [2, 2]
        assert ours.Below([1], 3).more == 3


def test_how_it_is_described() -> None:
    for ours, theirs in zip(dataclasses.fields(Frozen), dataclasses.fields(Theirs), strict=True):
        assert (ours.name, ours.type, ours.default, ours.compare, ours.repr) == (
            theirs.name, theirs.type, theirs.default, theirs.compare, theirs.repr,
        )  # fmt: skip
    assert Frozen.__doc__ == "A value."
    assert Itself.__doc__
    match Frozen("a", 1):
        case Frozen(name, count):
            assert (name, count) == ("a", 1)


def test_what_is_frozen_stays_as_it_is() -> None:
    one = Frozen("a")
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'name'"):
        one.name = "b"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'name'"):
        del one.name  # type: ignore[misc]
    with pytest.raises(AttributeError):
        one.other = 1  # type: ignore[attr-defined]
    assert not hasattr(one, "__dict__")


def test_what_is_not_may_be_changed() -> None:
    one = Open([1, 2])
    assert one.total == 3
    one.total = 4
    assert one.total == 4
    assert Open() == Open()
    assert Open().items is not Open().items
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_what_is_compared_by_identity() -> None:
    one = Itself(1)
    assert one == one
    assert one != Itself(1)
    assert len({one, Itself(1)}) == 2


def test_without_fields_with_a_parameter_and_inherited() -> None:
    assert Empty() == Empty()
    assert hash(Empty()) == hash(Empty())
    assert repr(Empty()) == "Empty()"
    assert Boxed[int](1) == Boxed(1)
    assert More(2) == More(number=2) != Empty()


def test_wrong_arguments_are_told_as_ever() -> None:
    for _ in range(2):  # at the first call, and afterwards
        with pytest.raises(TypeError, match=r"__init__\(\) missing 1 required positional argument: 'name'"):
            Frozen()  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="unexpected keyword argument 'nothing'"):
            Frozen("a", nothing=1)  # type: ignore[call-arg]


def test_two_threads_at_once_make_it_once_or_twice() -> None:
    for _ in range(20):

        @dataclass(frozen=True, slots=True)
        class Fresh:
            number: int

        with ThreadPoolExecutor(8) as others:
            assert list(others.map(Fresh, range(8))) == [Fresh(number) for number in range(8)]


def test_only_what_is_as_said() -> None:
    with pytest.raises(TypeError, match="without slots"):
        dataclass(slots=False)


def test_the_daemon_starts_without_them() -> None:
    """Hundreds of classes, a handful of whose methods are there."""
    program = (
        "import gc, dataclasses, sidecar.daemon.app, sidecar.daemon.wiring;"
        "ours = [one for one in gc.get_objects() if isinstance(one, type) and dataclasses.is_dataclass(one)"
        " and one.__module__.startswith('sidecar')];"
        "print(len(ours), sum(one.__init__.__qualname__.startswith('_first') for one in ours))"
    )
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    there, late = map(int, told.split())
    assert there > 250
    assert late > 0.75 * there
