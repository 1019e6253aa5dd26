"""A list of the service as data: all that the rest of the package must know of it. No I/O."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from enkash_async._decoding.declaration import RecordField, identity_of
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

    *noun* names its records in texts, events and spans, *singular* one of them. *ids* is the field
    of the filter, by its Python name, that asks for some of them by their identity: without it
    there is no `get`. Without a *time* there is no `crawl` and no `windows`.
    """

    noun: str
    singular: str
    path: str
    record: type[R]
    criteria: type[F]
    ids: str | None = None
    max_limit: int = 5000
    time: TimeRange | None = None

    @property
    def identity(self) -> RecordField:
        """Return the field that tells records apart; TypeError if the record declares none."""
        record: Any = self.record
        identity = identity_of(record)
        if identity is None:
            raise TypeError(
                f"{record.__name__} declares no identity: pages are compared by the field that"
                " tells records apart, so declare that by wire(identity=True)"
            )
        return identity
