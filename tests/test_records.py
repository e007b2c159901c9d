"""Data classes whose methods come late, and that are then like the standard library's."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from typing import Any, Generic, TypeVar

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
