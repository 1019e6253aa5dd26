"""An answer to the records of the page that it holds. No I/O.

Three ways, the cheapest first: the records of a large answer are cut off a piece at a time while
other tasks run in between (`splitting`); what is left, or all of a small answer, is decoded at
once; and where it is not sound JSON, only the records that are not so are lost (`salvage`).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import attrs
import msgspec

from enkash_async._wire.envelope import (
    ABSENT,
    UNREADABLE,
    Outline,
    part_of,
    raise_for_error,
    says_success,
)
from enkash_async._wire.response import Response
from enkash_async._wire.salvage import PLACE_OF_ITEMS, salvaged
from enkash_async._wire.splitting import SplitAnswer, split_records
from enkash_async.errors import ResponseError


@attrs.frozen(eq=False)
class PagePayload:
    """The records of a page, undecoded, and the service's `recordsCount` if it sent one."""

    records: Sequence[msgspec.Raw] = attrs.field(repr=False)
    count: int | None


class _Payload(msgspec.Struct):
    data: list[msgspec.Raw] | None = None
    recordsCount: msgspec.Raw = ABSENT  # noqa: N815 - as on the wire


class _Envelope(Outline):
    payload: _Payload | None = None


_decode_page = msgspec.json.Decoder(_Envelope).decode


def payload_steps(response: Response) -> Generator[None, None, PagePayload]:
    """Return the page in *response*, with a pause after each piece of a large answer.

    Raises the APIError or ResponseError that the answer stands for, if it is not a page.
    """
    split = yield from split_records(response.pieces)
    if split is not None:
        rest = yield from _envelope_steps(attrs.evolve(response, pieces=split.rest))
        if rest is not None and _goes_on(split, rest):
            last = _checked_payload(response, rest)
            return PagePayload([*split.records, *last.records], last.count)
    return _checked_payload(response, (yield from _envelope_steps(response)))


def _goes_on(split: SplitAnswer, rest: _Envelope) -> bool:
    """Say whether the list that was cut is the payload's, and not another one of that name."""
    if rest.payload is None or not rest.payload.data:
        return False
    return split.rest.startswith(bytes(rest.payload.data[0]), split.next_record)


def _checked_payload(response: Response, envelope: _Envelope | None) -> PagePayload:
    if envelope is None or not says_success(envelope):
        raise_for_error(response)
    payload = None if envelope is None else envelope.payload
    count = None if payload is None else _whole_number(part_of(payload.recordsCount))
    if payload is None or (payload.data is None and count != 0):
        raise ResponseError(
            "the answer reads as a success but holds no payload with a list of records; it is"
            " not taken for an empty page. Check that base_url leads to Accounts Receivable",
            response.status,
        )
    return PagePayload(payload.data or [], count)


def _envelope_steps(response: Response) -> Generator[None, None, _Envelope | None]:
    if not 200 <= response.status < 300:
        return None
    body = response.body
    try:
        return _decode_page(body)
    except RecursionError:
        return None
    except msgspec.MsgspecError:
        return (yield from _despite_bad_records(body))


def _despite_bad_records(body: bytes) -> Generator[None, None, _Envelope | None]:
    """Read an answer in which only records are not sound JSON; each of them is then a bad one."""
    for candidate in (yield from salvaged(body)):
        try:
            envelope = _decode_page(candidate.rest)
        except UNREADABLE:
            continue
        if envelope.payload is not None and envelope.payload.data == [msgspec.Raw(PLACE_OF_ITEMS)]:
            envelope.payload.data = [msgspec.Raw(item) for item in candidate.items]
            return envelope
    return None


def _whole_number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if isinstance(value, int) and is_count else None
