"""An attribute computed when it is first asked for, once for each object.

Not functools.cached_property: before Python 3.12 that holds one lock for all objects of a class, so that what is asked
of the case on screen would wait while a thread computes the same of the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class lazy(Generic[T]):  # noqa: N801 - it stands where `property` does
    """Kept in the object's __dict__ under the attribute's name, also of a frozen dataclass.

    Two threads that ask one object for it compute it once: the second waits.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, of: None, owner: type) -> Self: ...

    @overload
    def __get__(self, of: object, owner: type) -> T: ...

    def __get__(self, of: object | None, owner: type) -> Self | T:
        if of is None:
            return self
        held = of.__dict__
        with held.setdefault(f"{self._name}, being computed", RLock()):
            if self._name not in held:
                held[self._name] = self._compute(of)
        value: T = held[self._name]
        return value
