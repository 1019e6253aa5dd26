"""What a session remembers of the lists that it has read or counted. No I/O."""

from __future__ import annotations

from collections import OrderedDict

from enkash_async._paging.remembered import Remembered

MAX_LISTS = 256
"""Lists remembered at once; the one that was asked for longest ago is forgotten first."""


class RememberedLists:
    """By filter, what searches and counts of a session saw of the list.

    The keys are hashes, since a filter may hold personal data. Should two filters have the same,
    pages are asked for that turn out not to be wanted.
    """

    def __init__(self, max_lists: int = MAX_LISTS) -> None:
        self._max_lists = max_lists
        self._lists: OrderedDict[int, Remembered] = OrderedDict()

    def of(self, key: int) -> Remembered:
        """Return what is known of a list; whoever reads it keeps that up to date."""
        known = self._lists.setdefault(key, Remembered())
        self._lists.move_to_end(key)
        if len(self._lists) > self._max_lists:
            self._lists.popitem(last=False)
        return known

    def __repr__(self) -> str:
        return f"<RememberedLists: {len(self._lists)} of {self._max_lists}>"
