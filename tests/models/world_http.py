"""A modelled service behind the public API: it stands for an aiohttp session. No sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Protocol

from multidict import CIMultiDict

from enkash_async import BearerToken, EnKashSession, RetryPolicy
from tests.models.answers import Answer, Ask


class Answers(Protocol):
    """What answers requests."""

    def answer(self, ask: Ask) -> Answer: ...


class WorldHttp:
    """Answers from a modelled service, each after a turn of the event loop."""

    auth = None
    trust_env = False

    def __init__(self, service: Answers) -> None:
        self._service = service

    def post(self, url: object, **given: Any) -> _Response:
        params, body = given["params"], json.loads(given["data"])
        begin, end = body.get("createdOnFrom"), body.get("createdOnTo")
        ask = Ask(
            int(params["offset"]),
            int(params["limit"]),
            None if begin is None else datetime.fromisoformat(begin),
            None if end is None else datetime.fromisoformat(end),
        )
        return _Response(self._service, ask)


class _Response:
    """An answer, and the stream that its body is read from."""

    status = 200
    content_length = None

    def __init__(self, service: Answers, ask: Ask) -> None:
        self._service = service
        self._ask = ask
        self.headers = CIMultiDict({"Content-Type": "application/json"})
        self.content = self
        self._body = b""

    async def __aenter__(self) -> _Response:
        await asyncio.sleep(0)
        answer = self._service.answer(self._ask)
        self.status = 400 if answer.is_error else 200
        self._body = _error() if answer.is_error else _envelope(answer)
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    def close(self) -> None:
        pass

    def iter_any(self) -> AsyncIterator[bytes]:
        return self.iter_chunked(65_536)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), size):
            yield self._body[start : start + size]


def _envelope(answer: Answer) -> bytes:
    rows = b",".join(bytes(row.raw) for row in answer.rows)
    count = json.dumps(answer.count).encode()
    payload = b'{"data":[%s],"recordsCount":%s}' % (rows, count)
    return b'{"errorResponse":null,"payload":%s,"response_code":0}' % payload


def _error() -> bytes:
    error = {"errorType": "VALIDATION_ERROR", "errorMessage": "offset is past the end"}
    return json.dumps({"errorResponse": error, "payload": None}).encode()


def session_with(service: Answers, **options: Any) -> EnKashSession:
    """Return a session with a modelled service, which waits for nothing between attempts."""
    return EnKashSession(
        "https://model.example",
        BearerToken("t"),
        retry=RetryPolicy(attempts=2, first_delay=0),
        http=WorldHttp(service),  # type: ignore[arg-type]
        **options,
    )
