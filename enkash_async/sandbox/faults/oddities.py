"""Right answers that few would write in this way; and answers with nothing in them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

import attrs
from aiohttp import hdrs, web

from enkash_async.sandbox.faults.exchange import Exchange
from enkash_async.sandbox.faults.kind import Delivery, Instead
from enkash_async.sandbox.knobs import KNOB, OneOf

OddForm = Literal[
    "byte_order_mark",
    "utf_16",
    "latin_1",
    "labelled_utf_8",
    "labelled_none",
    "labelled_aws_chunked",
    "padded_gzip",
    "blanks",
    "names_twice",
    "error_of_nulls",
    "deep",
    "new_fields",
]

NoContentStatus = Literal[204, 205]

_Written = tuple[bytes, dict[str, str]]

_DEPTH = 3000

_TYPE = "application/json"

_not_latin_1 = re.compile(r"[^\x00-\xff]")


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _latin_1(body: bytes) -> _Written:
    text = _not_latin_1.sub(_escaped, body.decode())
    return text.encode("latin-1"), {hdrs.CONTENT_TYPE: f"{_TYPE}; charset=ISO-8859-1"}


def _utf_16(body: bytes) -> _Written:
    return body.decode().encode("utf-16"), {hdrs.CONTENT_TYPE: f"{_TYPE}; charset=utf-16"}


def _padded_gzip(body: bytes) -> _Written:
    return gzip.compress(body, 1) + bytes(9), {hdrs.CONTENT_ENCODING: "gzip"}


def _labelled(encoding: str) -> Callable[[bytes], _Written]:
    return lambda body: (body, {hdrs.CONTENT_ENCODING: encoding})


def _replaced(what: bytes, by: bytes) -> Callable[[bytes], _Written]:
    return lambda body: (body.replace(what, by), {})


_FORMS: Mapping[OddForm, Callable[[bytes], _Written]] = MappingProxyType(
    {
        "byte_order_mark": lambda body: (b"\xef\xbb\xbf" + body, {}),
        "utf_16": _utf_16,
        "latin_1": _latin_1,
        "labelled_utf_8": _labelled("utf-8"),
        "labelled_none": _labelled("none"),
        "labelled_aws_chunked": _labelled("aws-chunked"),
        "padded_gzip": _padded_gzip,
        "blanks": lambda body: (b"\r\n\t " + body + b" \n", {}),
        "names_twice": _replaced(
            b'"errorResponse":null',
            b'"errorResponse":{"errorType":"SYSTEM_ERROR"},"errorResponse":null',
        ),
        "error_of_nulls": _replaced(
            b'"errorResponse":null',
            b'"errorResponse":{"apiSubErrors":[],"errorMessage":"","errorType":null}',
        ),
        "deep": lambda body: (body[:-1] + b',"more":' + b"[" * _DEPTH + b"]" * _DEPTH + b"}", {}),
        "new_fields": _replaced(
            b'"legalName":', b'"nickname":"\\ud800","tier":{"since":[null]},"legalName":'
        ),
    }
)


@attrs.frozen
class OddAnswer(Delivery):
    """The right answer, written as few would write it; no form changes what it says."""

    name = "odd_answer"
    form: OddForm = attrs.field(
        default="byte_order_mark", metadata={KNOB: OneOf(OddForm, "in which way")}
    )

    async def deliver(
        self, exchange: Exchange, answer: web.Response, body: bytes
    ) -> web.StreamResponse:
        if answer.content_type != _TYPE:
            return answer
        if answer.headers.get(hdrs.CONTENT_ENCODING) == "gzip":
            body = gzip.decompress(body)
        written, headers = _FORMS[self.form](body)
        return web.Response(
            body=written, status=answer.status, headers={hdrs.CONTENT_TYPE: _TYPE, **headers}
        )


@attrs.frozen
class NoContent(Instead):
    """A success that says that there is nothing to send."""

    name = "no_content"
    status: NoContentStatus = attrs.field(
        default=204, metadata={KNOB: OneOf(NoContentStatus, "HTTP status")}
    )

    async def answer(self, exchange: Exchange) -> web.StreamResponse:
        return web.Response(status=self.status)
