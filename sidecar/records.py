"""Data classes whose methods are made when they are first called.

The standard library writes the methods of a data class as source, and compiles it, while a module is imported: half a
millisecond a class, which for more than three hundred of them was a quarter of what the daemon's imports took
(docs/decisions/0013-what-a-start-costs.md).  Most classes are not used before the first answer, and many never are.

What is left for the first call is `__init__`, and it is the standard library's own; to compare, hash and show a value
needs no source.  Nothing is imported then, so that a package that was replaced meanwhile does not matter.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from copy import copy
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["dataclass"]

T = TypeVar("T")


def _dataclass(*, slots: bool, frozen: bool = False, eq: bool = True) -> Callable[[type[T]], type[T]]:
    """What `dataclasses.dataclass` makes with these arguments, but for the time of making it.

    `slots` is there to be said, as it is to be true.  It differs where nobody looks: `__dataclass_params__` tells of no
    methods and of nothing frozen, so that a frozen class of the standard library cannot inherit from one of these.
    """
    if not slots:
        raise TypeError("a data class without slots is the standard library's")

    def made(given: type[T]) -> type[T]:
        given.__doc__ = given.__doc__ or given.__name__  # or else it would be made from a signature, which takes long
        cls = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(given)
        methods: dict[str, Any] = {"__init__": _first(cls, frozen=frozen), "__repr__": _repr}
        if frozen:
            methods.update(__setattr__=_refuse, __delattr__=_refuse, __getstate__=_state, __setstate__=_restore)
        if eq:
            methods.update(_comparing(cls, frozen=frozen))
        for name, method in methods.items():
            # Of a class that compares in its own way Python says that it has no hash.
            if name not in vars(cls) or (name == "__hash__" and "__eq__" in vars(cls) and cls.__hash__ is None):
                setattr(cls, name, method)
        return cls

    return made


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass


def _first(cls: Any, *, frozen: bool) -> Callable[..., None]:  # noqa: ANN401 - a class, to which methods are given
    """The `__init__` that makes way for the real one; two threads that come at once make it twice, which is as well."""

    def __init__(self: object, /, *args: object, **kwargs: object) -> None:  # noqa: N807 - told in errors
        after = {name: getattr(cls, name) for name in ("__post_init__",) if hasattr(cls, name)}  # inherited ones, too
        described = [(one.name, one.type, copy(one)) for one in dataclasses.fields(cls)]
        twin = dataclasses.make_dataclass(
            cls.__name__, described, namespace=after, frozen=frozen, repr=False, eq=False, slots=True
        )
        cls.__init__ = twin.__init__  # type: ignore[misc]  # of a class of its own, which is thrown away
        cls.__init__(self, *args, **kwargs)

    return __init__


def _comparing(cls: Any, *, frozen: bool) -> dict[str, Any]:  # noqa: ANN401 - as above
    """`__eq__` and `__hash__`: as tuples of what is compared; what can be changed has no hash."""
    names = [one.name for one in dataclasses.fields(cls) if one.compare]
    if len(names) == 1:
        only = attrgetter(*names)
        values: Callable[[Any], object] = lambda self: (only(self),)  # noqa: E731 - in a tuple a value equals itself
    else:
        values = attrgetter(*names) if names else lambda _: ()

    def __eq__(self: object, other: object) -> bool:  # noqa: N807 - as above
        return bool(values(self) == values(other)) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: object) -> int:  # noqa: N807 - as above
        return hash(values(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if frozen else None}


@recursive_repr()
def _repr(self: Any) -> str:  # noqa: ANN401 - any data class
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in dataclasses.fields(self) if one.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _refuse(self: object, name: str, *value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot {'assign to' if value else 'delete'} field {name!r}")


def _state(self: Any) -> list[object]:  # noqa: ANN401 - any data class
    """For copies and pickles, which would otherwise assign to the fields."""
    return [getattr(self, one.name) for one in dataclasses.fields(self)]


def _restore(self: Any, state: Iterable[object]) -> None:  # noqa: ANN401 - any data class
    for one, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)
