"""A sliding window of things that have an id and a moment, kept in order of time as they come, change and go."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar


class Dated(Protocol):
    """Something with an id and a moment (UTC epoch ms)."""

    @property
    def id(self) -> str:
        """The document's id."""
        ...

    @property
    def at_ms(self) -> int:
        """The moment it belongs to."""
        ...


Item = TypeVar("Item", bound=Dated)


class Window(Generic[Item]):
    """The items since a moment, oldest first; not safe for threads by itself."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._by_id = {item.id: item for item in items}
        self._order = sorted((item.at_ms, item.id) for item in self._by_id.values())
        self._items: tuple[Item, ...] | None = None

    def get(self, id: str) -> Item | None:
        """Return the item with this id."""
        return self._by_id.get(id)

    def put(self, item: Item) -> None:
        """Have this item, in place of the one with its id."""
        self.drop(item.id)
        self._by_id[item.id] = item
        insort(self._order, (item.at_ms, item.id))
        self._items = None

    def drop(self, id: str) -> bool:
        """Forget the item with this id, and tell whether there was one."""
        dropped = self._by_id.pop(id, None)
        if dropped is None:
            return False
        del self._order[bisect_left(self._order, (dropped.at_ms, id))]
        self._items = None
        return True

    def trim(self, from_ms: int) -> bool:
        """Forget everything before ``from_ms``, and tell whether there was anything."""
        count = bisect_left(self._order, (from_ms, ""))
        if not count:
            return False
        for _, id in self._order[:count]:
            del self._by_id[id]
        del self._order[:count]
        self._items = None
        return True

    @property
    def items(self) -> tuple[Item, ...]:
        """All items, oldest first; the same tuple until something changes."""
        if self._items is None:
            self._items = tuple(self._by_id[id] for _, id in self._order)
        return self._items
