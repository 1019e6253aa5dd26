"""Answers as a test wants them, and a page read from one in one go."""

from __future__ import annotations

import json
from typing import Any

from enkash_async._wire.page import PagePayload, payload_steps
from enkash_async._wire.response import Response

PAGE: dict[str, Any] = {"payload": {"data": [{"customerId": "KC1"}, {}], "recordsCount": 2}}
HTML = b"<!doctype html><html><body>502 Bad Gateway</body></html>"


def answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an answer with *body*, written as JSON unless it is bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, headers or {}, content)


def page_payload(response: Response) -> PagePayload:
    """Return the page in *response*; raise the error that it stands for."""
    steps = payload_steps(response)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            payload: PagePayload = end.value
            return payload
