"""A list of the service as data: all that the rest of the package must know of it. No I/O."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from enkash_async._wire.criteria import Criteria

F = TypeVar("F", bound=Criteria)
R = TypeVar("R")


class TimeRange(msgspec.Struct, frozen=True, kw_only=True):
    """The time of a record by which its list can be cut into windows.

    *field* is its name in a record on the wire; *begin* and *end* are the fields of the filter
    that ask for a stretch of it, by their Python names.
    """

    field: str
    begin: str
    end: str


class ListEndpoint(msgspec.Struct, Generic[F, R], frozen=True, kw_only=True):
    """A list that is read by `offset` and `limit`, as its page documents it.

    *noun* names its records in texts, events and spans, *singular* one of them. *identity* is the
    field, by its name on the wire, that tells records apart, and *ids* the field of the filter,
    by its Python name, that asks for some of them: without it there is no `get`. Without a *time*
    there is no `crawl` and no `windows`.
    """

    noun: str
    singular: str
    path: str
    record: type[R]
    criteria: type[F]
    identity: str
    ids: str | None = None
    max_limit: int = 5000
    time: TimeRange | None = None
