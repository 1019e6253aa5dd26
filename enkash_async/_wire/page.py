"""An answer to the records of the page that it holds. No I/O.

Three ways, the cheapest first: the records of a large answer are cut off a piece at a time while
other tasks run in between (`splitting`); what is left, or all of a small answer, is decoded at
once; and where it is not sound JSON, only the records that are not so are lost (`salvage`).

Of a name that stands twice in an object, the last counts.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import msgspec

from enkash_async._wire.broken_texts import decode_despite_broken_texts, mended
from enkash_async._wire.charset import unreadable_charset, utf8_steps
from enkash_async._wire.diagnosis import unreadable_page
from enkash_async._wire.envelope import (
    ABSENT,
    MAX_ERROR_BYTES,
    UNREADABLE,
    Outline,
    part_of,
    raise_for_error,
    says_success,
)
from enkash_async._wire.nesting import MAX_ERROR_DEPTH, decoded, is_sound_json, pruned
from enkash_async._wire.numbers import from_digits, row_count
from enkash_async._wire.response import Response
from enkash_async._wire.salvage import TooLongToSalvageError, salvaged
from enkash_async._wire.splitting import MARK, PIECE, split_records
from enkash_async.errors import ResponseError


class PagePayload(msgspec.Struct, frozen=True, eq=False):
    """The records of a page, undecoded, and the service's `recordsCount` if it sent one.

    Where they *are_parsed*, a parser of JSON has gone through all of them. Those of a large page
    are `CutRecords`.
    """

    records: Sequence[msgspec.Raw]
    count: int | None
    are_parsed: bool = True

    def __repr__(self) -> str:
        return f"<PagePayload of {len(self.records)} records, count {self.count}>"


class _Payload(msgspec.Struct):
    data: list[msgspec.Raw] | None = None
    recordsCount: msgspec.Raw = ABSENT  # noqa: N815 - as on the wire


class _SalvagedPayload(_Payload):
    """Holds items that may be anything."""


class _Envelope(Outline):
    payload: _Payload | None = None


_decode_page = msgspec.json.Decoder(_Envelope).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode

MAX_AT_ONCE = 8 * 1024 * 1024
MAX_COMMAS = PIECE
"""Bytes and commas of an answer, or of its end, that are read at once: some 25 ms' work at worst.

One of no more than a piece holds no more commas, and need not be counted, which takes as long as
finding its records.
"""

_BLANKS = b" \t\r\n"

_HAS_CONTENT = {*range(200, 300)} - {204, 205}


def payload_steps(response: Response) -> Generator[None, None, PagePayload]:
    """Return the page in *response*, with a pause after each piece of a large answer.

    Raises the APIError or ResponseError that the answer stands for, if it is not a page.
    """
    if response.status not in _HAS_CONTENT:
        return _checked_payload(response, None)
    if unreadable_charset(response) is not None:
        return _checked_payload(response, None)
    response = yield from utf8_steps(response)
    split = yield from split_records(response.pieces)
    if split is not None:
        rest = yield from _envelope_steps(response.with_body(split.rest))
        if rest is not None and _goes_on(rest):
            last = _checked_payload(response, rest)
            split.records.extend(last.records[1:])
            return PagePayload(split.records, last.count, last.are_parsed)
    # Once, as it takes a while to join a large one.
    response = response.with_body(response.body)
    if response.nbytes > PIECE:
        yield
    return _checked_payload(response, (yield from _envelope_steps(response)))


def _goes_on(rest: _Envelope) -> bool:
    """Say whether the list that was cut is the payload's, and not another one of that name."""
    return bool(rest.payload and rest.payload.data and rest.payload.data[0] == msgspec.Raw(MARK))


def _checked_payload(response: Response, envelope: _Envelope | None) -> PagePayload:
    if envelope is None or not says_success(envelope):
        raise_for_error(response)
    payload = None if envelope is None else envelope.payload
    count = None if payload is None else row_count(part_of(payload.recordsCount))
    if payload is None or (payload.data is None and count != 0):
        error = ResponseError(
            "the answer reads as a success but holds no payload with a list of records; it is"
            " not taken for an empty page",
            response.status,
        )
        error.final = True
        raise error
    return PagePayload(payload.data or [], count, not isinstance(payload, _SalvagedPayload))


def _envelope_steps(response: Response) -> Generator[None, None, _Envelope | None]:
    body = response.body
    if _is_read_fast(body):
        try:
            return _decode_page(body)
        except msgspec.ValidationError:
            if is_sound_json(body):
                # Another envelope than that of a page.
                return None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
    if not body.lstrip(_BLANKS).startswith(b"{"):
        return None
    yield
    try:
        envelope = yield from _despite_bad_records(body)
    except TooLongToSalvageError as error:
        # Asked again, it would take as long again.
        raise unreadable_page(response, is_sound=error.is_sound) from None
    yield
    return envelope


def _envelope_of(rest: bytes) -> _Envelope | None:
    """Return what stands around the records, though texts in it be broken."""
    try:
        return decoded(rest, _decode_page)
    except UNREADABLE:
        if len(rest) > MAX_ERROR_BYTES:
            return None
    try:
        text = pruned(rest, MAX_ERROR_DEPTH)
        value = mended(decode_despite_broken_texts(text, from_digits))
        return _decode_page(_encode(value))
    except (ValueError, *UNREADABLE):
        return None


def _is_read_fast(body: bytes) -> bool:
    """Say whether *body* may be read at once.

    A page may, if it is written in an ordinary way and of the size of others. What takes long is
    to make an object of each item of a list.
    """
    if len(body) <= MAX_COMMAS:
        return True
    return len(body) <= MAX_AT_ONCE and body.count(b",") <= MAX_COMMAS


def _despite_bad_records(body: bytes) -> Generator[None, None, _Envelope | None]:
    """Read an answer in which only records are not sound JSON; each of them is then a bad one.

    Those that are nested too deep for a parser are among them.
    """
    for candidate in (yield from salvaged(body)):
        envelope = _envelope_of(candidate.rest)
        if envelope is None:
            continue
        if envelope.payload is not None and envelope.payload.data == [msgspec.Raw(MARK)]:
            items = [msgspec.Raw(item) for item in candidate.items]
            envelope.payload = _SalvagedPayload(items, envelope.payload.recordsCount)
            return envelope
    return None
