"""Is an answer a success, or which error does it stand for? No I/O.

The service may report failure inside HTTP 200, so the envelope is read before the status.
Success is HTTP 2xx with an empty `errorResponse`, a `response_code` of none, 0 or 200, and a
`response_message` other than "FAILURE": the page of searchCustomer does not say which code means
success, and these are the ones that other EnKash products document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from enkash_async._wire.api_errors import api_error
from enkash_async._wire.broken_texts import decode_despite_broken_texts, mended
from enkash_async._wire.charset import in_utf8, unreadable_charset
from enkash_async._wire.diagnosis import (
    IN_BETWEEN,
    foreign_answer,
    refusal_in_between,
    unreadable_text,
)
from enkash_async._wire.nesting import MAX_ERROR_DEPTH, TooDeepError, check_json, decoded, pruned
from enkash_async._wire.numbers import whole_number
from enkash_async._wire.response import Response
from enkash_async._wire.sealed import scrubbed
from enkash_async.errors import APIError, ResponseError

MAX_ERROR_BYTES = 256 * 1024
"""The largest part of an answer that is decoded without a type, into dicts and lists. They take
up to forty times its bytes; an error, or anything beside the records, is much smaller."""

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TooDeepError)
"""What is raised for bytes that are not sound JSON, or not of the type asked for."""

# Decoded on their own, so that none of them can grow beyond that.
ABSENT = msgspec.Raw(b"null")


class Outline(msgspec.Struct):
    """What an envelope says beside its payload, undecoded."""

    errorResponse: msgspec.Raw = ABSENT  # noqa: N815 - as on the wire
    response_code: msgspec.Raw = ABSENT
    response_message: msgspec.Raw = ABSENT


_decode_outline = msgspec.json.Decoder(Outline).decode
# With infinity for an exponent beyond all bounds, which msgspec refuses.
_decode_any = msgspec.json.Decoder(float_hook=float).decode


def raise_for_error(response: Response) -> None:
    """Raise the error that *response* stands for; return if it is a success with an envelope."""
    # What the service wrote stays in frames that end before: secrets are masked in the error only.
    error = _error_in(response)
    if error is not None:
        raise error


def _error_in(response: Response) -> APIError | ResponseError | None:
    status = response.status
    if 300 <= status < 400:
        return foreign_answer(response, None)
    answer: dict[str, Any] | None = None
    cause: BaseException | None = None
    response = in_utf8(response)
    try:
        answer = answer_in(response.body)
    except UNREADABLE as error:
        cause = scrubbed(error)
    if status in IN_BETWEEN and _says_nothing((answer or {}).get("errorResponse")):
        return refusal_in_between(response)
    if 200 <= status < 300 and (charset := unreadable_charset(response)) is not None:
        return unreadable_text(charset, response)
    if answer is None and 200 <= status < 400:
        return foreign_answer(response, cause)
    if answer is None or not 200 <= status < 300 or not _is_success(answer):
        return api_error(response, answer or {})
    return None


def says_success(outline: Outline) -> bool:
    """Say whether an envelope reads as a success, whatever the HTTP status."""
    return _is_success(_values(outline))


def part_of(raw: bytes | msgspec.Raw) -> Any:
    """Return a part of an answer; of one that is too large only that there is something.

    Of what is nested deeper than an error may be, the upper levels are kept.
    """
    text = bytes(raw)
    if len(text) > MAX_ERROR_BYTES:
        return True
    try:
        return _decoded_upper_levels(text)
    except UNREADABLE:
        return True


def answer_in(body: bytes, *, mend: bool = True) -> dict[str, Any] | None:
    """Return what an answer in UTF-8 says, of a large one only what it says beside its records.

    With *mend* halves of characters are question marks. None if it is JSON, but no object. Raises
    one of `UNREADABLE` for all else.
    """
    if len(body) > MAX_ERROR_BYTES:
        try:
            return _values(decoded(body, _decode_outline))
        except msgspec.ValidationError:
            # It says so at the first byte, whatever follows.
            decoded(body, check_json)
            return None
    answer = _decoded_upper_levels(body, mend=mend)
    return cast("dict[str, Any]", answer) if isinstance(answer, dict) else None


def _decoded_upper_levels(text: bytes, *, mend: bool = True) -> Any:
    if len(text) > MAX_ERROR_DEPTH:
        text = pruned(text, MAX_ERROR_DEPTH)
    try:
        return _decode_any(text)
    except UNREADABLE as error:
        # What an error says is of use though a character of it is broken.
        try:
            value = decode_despite_broken_texts(text, float)
            return mended(value) if mend else value
        except ValueError:
            raise error from None


def _values(outline: Outline) -> dict[str, Any]:
    return {name: part_of(getattr(outline, name)) for name in Outline.__struct_fields__}


def _is_success(answer: Mapping[str, Any]) -> bool:
    code = answer.get("response_code")
    message = answer.get("response_message")
    is_good_code = code is None or whole_number(code) in (0, 200)
    is_failure = isinstance(message, str) and message.strip().upper() == "FAILURE"
    return _says_nothing(answer.get("errorResponse")) and is_good_code and not is_failure


def _says_nothing(value: Any) -> bool:
    """Say whether there is nothing in *value*: it is empty, or holds what is."""
    inside = [value]
    while inside:
        item = inside.pop()
        if isinstance(item, dict):
            inside += cast("dict[str, Any]", item).values()
        elif isinstance(item, list):
            inside += item
        elif item.strip() if isinstance(item, str) else item:
            return False
    return True
