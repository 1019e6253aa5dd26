"""Answers that mean what they should, and are written as few would write them. No I/O.

What becomes of each is in docs/what-may-come.md: they are read, as if nothing were odd.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

IST = timezone(timedelta(hours=5, minutes=30))

Written = tuple[bytes, dict[str, str]]
"""A body, and the headers that go with it."""

DEPTH = 3000

NOTHING = b'{"apiSubErrors":[],"errorMessage":null,"errorType":null,"more":{"x":["",null]}}'


def _in_each(record: bytes) -> Callable[[bytes], Written]:
    """Return what writes *record* before the name of each record."""
    return lambda body: (body.replace(b'"legalName":', record + b',"legalName":'), {})


def _declared(charset: str, codec: str) -> Callable[[bytes], Written]:
    def write(body: bytes) -> Written:
        try:
            text = body.decode().encode(codec)
        except UnicodeError:
            return body, {}
        return text, {"Content-Type": f"application/json; charset={charset}"}

    return write


def _labelled(encoding: str) -> Callable[[bytes], Written]:
    return lambda body: (body, {"Content-Encoding": encoding})


def _error_of_nothing(nothing: bytes) -> Callable[[bytes], Written]:
    return lambda body: (
        body.replace(b'"errorResponse":null', b'"errorResponse":' + nothing),
        {},
    )


ODD: Mapping[str, Callable[[bytes], Written]] = MappingProxyType(
    {
        "mark": lambda b: (b"\xef\xbb\xbf" + b, {}),
        "utf-16": _declared("utf-16", "utf-16"),
        "utf-16 undeclared": lambda b: (_declared("", "utf-16")(b)[0], {}),
        "latin-1": _declared("ISO-8859-1", "latin-1"),
        "windows-1252": _declared("windows-1252", "cp1252"),
        "latin-1 untrue": lambda b: (b, {"Content-Type": "application/json;charset=latin1"}),
        "no type": lambda b: (b, {"Content-Type": "text/html"}),
        **{
            f"encoding {name}": _labelled(name)
            for name in ("utf-8", "none", "binary", "aws-chunked", "identity, none")
        },
        "padded gzip": lambda b: (gzip.compress(b, 1) + bytes(9), {"Content-Encoding": "x-gzip"}),
        "deflate": lambda b: (zlib.compress(b, 1), {"Content-Encoding": "deflate"}),
        "raw deflate": lambda b: (zlib.compress(b, 1)[2:-4], {"Content-Encoding": "deflate"}),
        "blanks": lambda b: (b" \r\n\t" + b.replace(b",", b" ,\n ") + b"\n\n", {}),
        "error of nulls": _error_of_nothing(NOTHING),
        "error of a list": _error_of_nothing(b"[]"),
        "error of a text": _error_of_nothing(b'""'),
        "error twice": lambda b: (b'{"errorResponse":{"errorType":"SYSTEM_ERROR"},' + b[1:], {}),
        "payload twice": lambda b: (
            b.replace(b'"payload":', b'"payload":{"data":[],"recordsCount":7},"payload":', 1),
            {},
        ),
        "field twice": lambda b: (
            b.replace(b'{"customerId":', b'{"customerId":"KCx","customerId":'),
            {},
        ),
        "deep": lambda b: (b"%b,%b}" % (b[:-1], b'"more":' + b"[" * DEPTH + b"]" * DEPTH), {}),
        "deep field": _in_each(b'"more":' + b'{"a":' * 300 + b"1" + b"}" * 300),
        "new field": _in_each(b'"loyaltyTier":{"name":"gold","since":[1,2.5,null]}'),
        "half a character": _in_each(b'"nickname":"\\ud800"'),
        "no character": _in_each(b'"nickname":"\xff"'),
    }
)
"""How a whole answer is written. None changes what it says."""

NUMBERS: Mapping[str, Callable[[int], bytes]] = MappingProxyType(
    {
        "plain": lambda n: b"%d" % n,
        "fraction": lambda n: b"%d.0" % n,
        "exponent": lambda n: b"%d.00E0" % n,
        "text": lambda n: b'"%d"' % n,
    }
)
"""How a count, or the life of a token, is written."""

TIMES: Mapping[str, Callable[[datetime], bytes]] = MappingProxyType(
    {
        "z": lambda t: f'"{t:%Y-%m-%dT%H:%M:%SZ}"'.encode(),
        "offset": lambda t: f'"{t.astimezone(IST):%Y-%m-%dT%H:%M:%S}+0530"'.encode(),
        "zone": lambda t: f'"{t.astimezone(IST):%Y-%m-%dT%H:%M:%S}+05:30[Asia/Kolkata]"'.encode(),
        "blank": lambda t: f'"{t:%Y-%m-%d %H:%M:%S}"'.encode(),
        "compact": lambda t: f'"{t:%Y%m%d%H%M%S}"'.encode(),
        "seconds": lambda t: f"{t.timestamp():.0f}".encode(),
        "millis": lambda t: f"{1000 * t.timestamp():.0f}".encode(),
        "millis as text": lambda t: f'"{1000 * t.timestamp():.0f}"'.encode(),
        "seconds with a fraction": lambda t: f'"{t.timestamp():.1f}"'.encode(),
    }
)
"""How a time of a record is written; one without a zone is in UTC."""


def id_in(raw: bytes) -> Any:
    """Return the id of a record that may hold broken texts."""
    return json.loads(raw.decode("utf-8", "replace"))["customerId"]
