"""Whatever a service writes, wherever: what the SDK says of it commands no terminal."""

from __future__ import annotations

import json
import logging
import traceback
from typing import Any

import pytest

from enkash_async import BearerToken, EnKashError, EnKashSession, OAuthPassword, RetryPolicy
from tests.support.raw_server import (
    TOKEN_PATH,
    Call,
    envelope,
    raw_server,
    reply,
    token_answer,
)

pytestmark = pytest.mark.anyio

HEADER = "\x1b]0;title\x07\x9b2J\x7f"
"""A title of a window, a cleared screen, and a character taken back: as far as headers take it."""

HARMFUL = HEADER + "\u202e\u2066\u200b\u2028\r\nsecond line"

LONG = HARMFUL + "A" * 100_000

MOST = 3_000
"""Characters of a line at most: several texts of the service, of 500 each, and words of ours."""


def of(*records: dict[str, Any], count: Any = 1) -> bytes:
    return envelope(payload={"data": list(records), "recordsCount": count})


FAULT = {"errorMessage": LONG, "errorType": LONG, "requestId": LONG, "timestamp": LONG}

ANSWERS: dict[str, bytes] = {
    "error": reply(envelope(errorResponse={**FAULT, "apiSubErrors": [LONG]}), 400),
    "known type": reply(envelope(errorResponse={**FAULT, "errorType": "VALIDATION_ERROR"}), 400),
    "code": reply(envelope(response_code=LONG, response_message=LONG)),
    "text": reply(LONG.encode(), 500),
    "redirect": reply(b"", 302, f"Location: https://elsewhere.example/{HEADER}"),
    "redirect to a host": reply(b"", 302, f"Location: https://{HEADER}.example/?{HEADER}"),
    "wait": reply(b"{}", 429, f"Retry-After: {HEADER}"),
    "type of content": reply(b"text", 200, f"Content-Type: text/{HEADER}"),
    "charset": reply(b"{}", 200, f"Content-Type: text/json; charset=utf-7{HEADER}"),
    "encoding": reply(b"{}", 200, f"Content-Encoding: gzip{HEADER}"),
    "long encoding": reply(b"{}", 200, "Content-Encoding: " + "x" * 4_000),
    "reason": f"HTTP/1.1 503 {HEADER}\r\nContent-Length: 0\r\n\r\n".encode("latin-1"),
    "status": b"HTTP/1.1 9\x1b99 x\r\nContent-Length: 0\r\n\r\n",
    "header": b"HTTP/1.1 200 x\r\n\x1b[2J: y\r\nContent-Length: 0\r\n\r\n",
    "no JSON": reply(f'{{"payload": {LONG}}}'.encode()),
    "id": reply(of({"customerId": LONG, "createdOn": HARMFUL, "legalName": 5})),
    "same ids": reply(of({"customerId": HARMFUL}, {"customerId": HARMFUL}, count=2)),
    "names": reply(of({"customerId": "1", HARMFUL: 1, LONG: 2, "email": 7})),
    "count": reply(of({"customerId": "1"}, count=LONG)),
    "payload": reply(envelope(payload=LONG)),
    "name in the payload": reply(envelope(payload={HARMFUL: 1})),
    "records": reply(envelope(payload={"data": [LONG, 5, None]})),
    "names of the envelope": reply(json.dumps({LONG: LONG}).encode()),
    "refused token": reply(envelope(errorResponse=FAULT), 401, f"WWW-Authenticate: {HEADER}"),
}


async def said_of(answer: bytes, auth: BearerToken | OAuthPassword) -> list[str]:
    """Return all texts of a session whose service answers so."""
    texts = list[str]()
    bad = list[Any]()

    async def answers(call: Call) -> bytes:
        is_login = call.path == TOKEN_PATH
        return reply(token_answer()) if is_login and isinstance(auth, BearerToken) else answer

    async with (
        raw_server(answers) as server,
        EnKashSession(server.base_url, auth, retry=RetryPolicy(attempts=1)) as session,
    ):
        customers = session.customers
        search = customers.search(on_bad_record=bad.append, max_records=3)
        try:
            texts += [repr(customer) async for customer in search]
        except EnKashError as error:
            texts += [str(error), repr(error), *traceback.format_exception(error)]
        texts += [str(search.report), repr(search.report), *search.report.reasons]
        texts += [text for one in bad for text in (str(one), repr(one))]
        try:
            texts.append(repr(await customers.count()))
            texts.append(repr(await customers.get("1")))
        except EnKashError as error:
            texts += [str(error), repr(error), *traceback.format_exception(error)]
    return texts


PASSWORD = OAuthPassword(
    client_id="client", client_secret="a-secret", username="user", password="a-password"
)


@pytest.mark.parametrize("auth", [BearerToken("a-token"), PASSWORD], ids=["search", "login"])
@pytest.mark.parametrize("name", ANSWERS)
async def test_words_of_the_service_command_no_terminal(
    name: str, auth: BearerToken | OAuthPassword, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "enkash_async")
    texts = await said_of(ANSWERS[name], auth)
    texts += [record.getMessage() for record in caplog.records]

    lines = [line for text in texts for line in text.split("\n")]
    assert len(lines) > 5
    assert [line for line in lines if not line.isprintable()] == []
    assert max(map(len, lines)) <= MOST
