"""A memory of what came last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps the newest `size` values; what was neither set nor got for longest is forgotten first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[K, V] = OrderedDict()

    def __setitem__(self, name: K, value: V) -> None:
        self._kept[name] = value
        self._kept.move_to_end(name)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def __delitem__(self, name: K) -> None:
        del self._kept[name]

    def __iter__(self) -> Iterator[K]:
        """The names; a copy, so that what is looked through can be changed."""
        return iter(tuple(self._kept))

    def __contains__(self, name: K) -> bool:
        return name in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, name: K) -> V | None:
        if name in self._kept:
            self._kept.move_to_end(name)
        return self._kept.get(name)
