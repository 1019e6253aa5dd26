"""A page as a caller gets it. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

import attrs

R = TypeVar("R")


@attrs.frozen
class Page(Generic[R]):
    """Neighbouring records of a list. *offset* is the row of the first of them, counted from 0.

    *total* is the service's `recordsCount` as it stood beside them, None if it sent none.
    """

    records: tuple[R, ...]
    offset: int
    total: int | None

    def __iter__(self) -> Iterator[R]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)
