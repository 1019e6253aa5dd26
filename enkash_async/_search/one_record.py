"""One record of a list, looked for among the few that came when it was asked for by its id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import attrs
import msgspec

from enkash_async._decoding.bad_record import BadRecord, error_of
from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._search.search import Search, answered
from enkash_async._wire.fields import as_identity, hash_of
from enkash_async.errors import DecodeError

R = TypeVar("R")


@attrs.frozen
class Came(Generic[R]):
    """An undecoded record: its bytes, its row, and the search by which it came."""

    raw: bytes = attrs.field(repr=False)
    row: int
    search: Search[R]

    def decoded(self, decoder: RecordDecoder[R]) -> R:
        """Return the record; DecodeError if it cannot be read, with what was sent for it."""
        try:
            return decoder.decode(self.raw)
        except DecodeError as error:
            bad = BadRecord(self.raw, f"{error.path}: {error.reason}", self.row, self.row)
        # Out here, where the error that holds the input is no context of this one.
        raise answered(error_of(bad), self.search)


async def find(
    search: Search[R],
    record_id: str,
    identify: Callable[[msgspec.Raw], str],
    decoder: RecordDecoder[Any],
) -> Came[R] | None:
    """Return the record with this id in the first page of *search*, None if it is not there.

    DecodeError if one came that may be it: one that cannot be read, its id included.
    """
    async with search:
        # Their bytes stand in no variable here, as tools that report an error show these.
        came = [
            Came(raw, row, search)
            for row, raw in await search._first_rows()  # pyright: ignore[reportPrivateUsage]
        ]
    identities = [identify(msgspec.Raw(one.raw)) for one in came]
    for one, identity in zip(came, identities, strict=True):
        if identity == as_identity(record_id):
            return one
    for one, identity in zip(came, identities, strict=True):
        if identity == hash_of(one.raw):
            one.decoded(decoder)
    return None
