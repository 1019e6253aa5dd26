"""Is an answer a success, or which error does it stand for? No I/O.

The service may report failure inside HTTP 200, so the envelope is read before the status.
Success is HTTP 2xx with an empty `errorResponse`, a `response_code` of none, 0 or 200, and a
`response_message` other than "FAILURE": the page of searchCustomer does not say which code means
success, and these are the ones that other EnKash products document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from enkash_async._wire.api_errors import api_error
from enkash_async._wire.response import Response
from enkash_async._wire.sealed import masked
from enkash_async.errors import ResponseError

MAX_ERROR_BYTES = 256 * 1024
"""The largest part of an answer that is decoded without a type, into dicts and lists. They take
up to forty times its bytes; an error, or anything beside the records, is much smaller."""

NO_CONTENT = frozenset({204, 205})
"""Successes without a body, by their meaning: asked again, they would say the same."""

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not sound JSON, or not of the type asked for."""

TOO_DEEP = (
    "the answer is nested deeper than this program's recursion limit"
    " (sys.getrecursionlimit()) allows to read; no answer of the service is"
)

# Decoded on their own, so that none of them can grow beyond that.
ABSENT = msgspec.Raw(b"null")


class Outline(msgspec.Struct):
    """What an envelope says beside its payload, undecoded."""

    errorResponse: msgspec.Raw = ABSENT  # noqa: N815 - as on the wire
    response_code: msgspec.Raw = ABSENT
    response_message: msgspec.Raw = ABSENT


_decode_outline = msgspec.json.Decoder(Outline).decode


def raise_for_error(response: Response) -> None:
    """Raise the error that *response* stands for; return if it is a success with an envelope."""
    status = response.status
    answer = None if 300 <= status < 400 else _json_object(response)
    if answer is None and 200 <= status < 400:
        raise _foreign_answer(response)
    if answer is None or not 200 <= status < 300 or not _is_success(answer):
        raise api_error(response, answer or {})


def says_success(outline: Outline) -> bool:
    """Say whether an envelope reads as a success, whatever the HTTP status."""
    return _is_success(_values(outline))


def part_of(raw: msgspec.Raw) -> Any:
    """Return a part of an answer; of one that is too large only that there is something."""
    text = memoryview(raw)
    if len(text) > MAX_ERROR_BYTES:
        return True
    try:
        return msgspec.json.decode(text)
    except UNREADABLE:
        return True


def _values(outline: Outline) -> dict[str, Any]:
    return {name: part_of(getattr(outline, name)) for name in Outline.__struct_fields__}


def _is_success(answer: Mapping[str, Any]) -> bool:
    code = answer.get("response_code")
    is_good_code = not isinstance(code, bool) and code in (None, 0, 200, "0", "200")
    is_failure = str(answer.get("response_message")).upper() == "FAILURE"
    return not answer.get("errorResponse") and is_good_code and not is_failure


def _json_object(response: Response) -> dict[str, Any] | None:
    """Return what the answer says beside its records, or None where it is no JSON object."""
    body = response.body
    try:
        if len(body) > MAX_ERROR_BYTES:
            answer: object = _values(_decode_outline(body))
        else:
            answer = msgspec.json.decode(body)
    except UNREADABLE:
        return None
    if not isinstance(answer, dict):
        return None
    known = cast("dict[str, Any]", answer)
    if isinstance(known.get("payload"), (dict, list)):
        # Records have no place in an error, nor in the frames that it comes from.
        del known["payload"]
    return cast("dict[str, Any]", masked(known, response.secrets.reveal()))


def _foreign_answer(response: Response) -> ResponseError:
    """Return the error for what does not come from the service, though no status says so."""
    is_too_deep = _is_too_deep(response.body)
    text = TOO_DEEP if is_too_deep else _description(response)
    error = ResponseError(text, response.status)
    # Asked again, both would be answered alike.
    error.final = is_too_deep or response.status >= 300 or response.status in NO_CONTENT
    return error


def _is_too_deep(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except RecursionError:
        return True
    except msgspec.MsgspecError:
        return False
    return False


def _description(response: Response) -> str:
    if 300 <= response.status < 400:
        return (
            "the service answered with a redirect, which is not followed because credentials"
            " would go with it; set base_url to the final address"
        )
    if response.status in NO_CONTENT:
        return (
            f"the answer was HTTP {response.status}, which has no content, where a list was asked"
            " for; a proxy, or a wrong base_url, answers like this"
        )
    if not response.body.strip():
        return "the answer was empty; a proxy, or a wrong base_url, answers like this"
    kind = _content_type(response)
    return (
        f"the answer was not the service's JSON envelope ({kind}, {len(response.body)} bytes);"
        " a proxy, or a wrong base_url, answers like this"
    )


def _content_type(response: Response) -> str:
    given = response.headers.get("content-type", "").split(";")[0].strip()
    kind: str = masked(given, response.secrets.reveal())
    return (
        kind if re.fullmatch(r"[\w.+-]{1,50}/[\w.+-]{1,50}", kind, re.ASCII) else "no content type"
    )
