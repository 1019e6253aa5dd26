"""What comes back for a request, as it goes over the wire, and what can become of it. No I/O."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from types import MappingProxyType
from typing import Any, Literal

import attrs

from tests.promises.simulation.odd import ODD
from tests.promises.simulation.plan import Fault, FaultKind

Way = Literal["answers", "no_connection", "refused_connection", "disconnected", "silent"]
End = Literal["whole", "broken_off", "stalls"]

HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


@attrs.frozen(kw_only=True)
class Answer:
    """What becomes of one request: an answer in *chunks*, or less than that."""

    status: int = 200
    headers: Mapping[str, str] = MappingProxyType({})
    chunks: tuple[bytes, ...] = ()
    way: Way = "answers"
    end: End = "whole"
    seconds: float = 0.0
    """Until the head of the answer is there."""
    between: float = 0.0
    """Seconds between two chunks."""
    rows: int = 0
    is_token: bool = False
    """It holds a token, and nothing has been made of it that could not be read."""

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    def with_body(self, body: bytes, **others: Any) -> Answer:
        """Return the same with another body, which says nothing of a token unless *others* do."""
        return attrs.evolve(self, chunks=(body,), **{"is_token": False, **others})


def page_answer(records: list[bytes], count: bytes | None, *, success_code: int | None) -> Answer:
    """Return the answer with a page of the list."""
    code = b"" if success_code is None else b',"response_code":%d' % success_code
    counted = b"" if count is None else b',"recordsCount":%b' % count
    body = b'{"errorResponse":null,"payload":{"data":[%s]%s}%s,"response_message":"SUCCESS"}' % (
        b",".join(records),
        counted,
        code,
    )
    return Answer(chunks=(body,), rows=len(records))


def zipped(answer: Answer) -> Answer:
    """Return *answer* compressed, unless it is encoded already."""
    if "Content-Encoding" in answer.headers:
        return answer
    headers = {**answer.headers, "Content-Encoding": "gzip"}
    return answer.with_body(gzip.compress(answer.body, 1, mtime=0), headers=headers)


def written(answer: Answer, odd: str | None) -> Answer:
    """Return *answer* written in an odd way, unless it is encoded already."""
    if odd is None or "Content-Encoding" in answer.headers:
        return answer
    body, headers = ODD[odd](answer.body)
    # Two odd ways together, as a mark and another key before all others, make no sound JSON.
    is_token = answer.is_token and answer.body.startswith(b"{")
    return answer.with_body(body, headers={**answer.headers, **headers}, is_token=is_token)


def error_answer(status: int, error_type: str | None, text: str, **headers: str) -> Answer:
    """Return an error in the envelope of the service."""
    said = {"errorType": error_type, "errorMessage": text, "requestId": "r1"}
    body = {"errorResponse": said, "payload": None, "response_code": 1}
    return Answer(
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        chunks=(json.dumps(body).encode(),),
    )


Spoil = Callable[[Fault, Answer, datetime], Answer]


def _rate_limit(fault: Fault, answer: Answer, now: datetime) -> Answer:
    wait, form = fault.amount
    said = {}
    if wait is not None:
        theirs = now - timedelta(days=400 if form == "date of another clock" else 0)
        until = format_datetime(theirs + timedelta(seconds=wait), usegmt=True)
        said = {"Retry_After": _wait_in(form, wait, until)}
        if form.startswith("date"):
            said["Date"] = format_datetime(theirs, usegmt=True)
    return error_answer(429, None, "too many requests", **said)


def _wait_in(form: str, seconds: int, until: str) -> str:
    forms = {"seconds": str(seconds), "fraction": f"{seconds}.25", "words": "soon"}
    return forms.get(form, until)


def _http_error(fault: Fault, answer: Answer, now: datetime) -> Answer:
    status, wait = fault.amount
    said = {} if wait is None else {"Retry-After": str(wait)}
    return Answer(status=status, headers={"Content-Type": "text/html", **said}, chunks=(HTML,))


def _in_pieces(body: bytes, number: int) -> tuple[bytes, ...]:
    size = max(1, len(body) // number)
    return tuple(body[at : at + size] for at in range(0, len(body), size))


def _cut(answer: Answer, share: float) -> bytes:
    return answer.body[: int(share * len(answer.body))]


SPOIL: Mapping[FaultKind, Spoil] = MappingProxyType(
    {
        "no_connection": lambda f, a, now: attrs.evolve(a, way="no_connection"),
        "refused_connection": lambda f, a, now: attrs.evolve(a, way="refused_connection"),
        "disconnected": lambda f, a, now: attrs.evolve(a, way="disconnected"),
        "silent": lambda f, a, now: attrs.evolve(a, way="silent"),
        "stall": lambda f, a, now: a.with_body(_cut(a, f.amount), end="stalls"),
        "broken_off": lambda f, a, now: a.with_body(_cut(a, f.amount), end="broken_off"),
        "trickle": lambda f, a, now: attrs.evolve(
            a, chunks=_in_pieces(a.body, f.amount[0]), between=f.amount[1]
        ),
        "cut_json": lambda f, a, now: a.with_body(_cut(a, f.amount)),
        "garbage": lambda f, a, now: a.with_body(b"\x00\xff{]" * 9),
        "html": lambda f, a, now: a.with_body(HTML, headers={"Content-Type": "text/html"}),
        "empty": lambda f, a, now: a.with_body(b""),
        "wrong_gzip": lambda f, a, now: attrs.evolve(
            a.with_body(b"\x1f\x8b\x08" + a.body[3:]), headers={"Content-Encoding": "gzip"}
        ),
        "error_in_200": lambda f, a, now: error_answer(200, f.amount, "something is wrong"),
        "http_error": _http_error,
        "rate_limit": _rate_limit,
        "no_content": lambda f, a, now: attrs.evolve(a.with_body(b""), status=f.amount),
        "odd": lambda f, a, now: written(a, f.amount),
        "refuse_login": lambda f, a, now: attrs.evolve(
            a.with_body(b'{"error":"invalid_grant","error_description":"no"}'), status=401
        ),
    }
)
"""What a fault makes of the answer that would have come; the other kinds are the service's."""
