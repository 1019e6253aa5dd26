"""What `get` and `count` say of answers that are not as they should be."""

from __future__ import annotations

import sys

import pytest
from anyio.from_thread import start_blocking_portal

from enkash_async import (
    BearerToken,
    DecodeError,
    EnKashError,
    EnKashSession,
    IncompleteSearchError,
    RecordNotFoundError,
    RetryPolicy,
)
from enkash_async.cli import main
from tests.support.raw_server import Answer, Call, raw_server, reply

pytestmark = pytest.mark.anyio

WANTED = b'{"customerId":"KC1"}'
BAD = b'{"customerId":"KC1","netAmount":true}'
OTHER_BAD = b'{"customerId":"KC2","netAmount":true}'
NAMELESS_BAD = b'{"legalName":"x","customerStatus":"ACTIVE","netAmount":true}'
NAMELESS = b'{"legalName":"x"}'


def always(raw: bytes) -> Answer:
    async def answer(_: Call) -> bytes:
        return raw

    return answer


def page(*rows: bytes, count: bytes = b"2") -> bytes:
    body = b'{"payload":{"data":[%b],"recordsCount":%b}}' % (b",".join(rows), count)
    return reply(body)


@pytest.mark.parametrize(
    "rows", [(WANTED,), (OTHER_BAD, WANTED), (WANTED, OTHER_BAD), (NAMELESS_BAD, WANTED)]
)
async def test_get_returns_the_record_whatever_stands_beside_it(rows: tuple[bytes, ...]) -> None:
    async with (
        raw_server(always(page(*rows))) as server,
        EnKashSession(server.base_url, BearerToken("t"), retry=0) as session,
    ):
        assert (await session.customers.get("KC1")).customer_id == "KC1"


@pytest.mark.parametrize(
    ("rows", "kind", "says"),
    [
        ((BAD,), DecodeError, "netAmount: expected a number, got bool"),
        ((OTHER_BAD, BAD), DecodeError, "at row 1 cannot be read: netAmount"),
        ((NAMELESS_BAD,), DecodeError, "netAmount: expected a number, got bool"),
        ((OTHER_BAD,), RecordNotFoundError, "no customer has the id 'KC1'"),
        ((), RecordNotFoundError, "no customer has the id 'KC1'"),
    ],
)
async def test_an_error_of_get_says_what_was_sent(
    rows: tuple[bytes, ...], kind: type[DecodeError | RecordNotFoundError], says: str
) -> None:
    async with (
        raw_server(always(page(*rows, count=b"%d" % len(rows)))) as server,
        EnKashSession(server.base_url, BearerToken("t"), retry=0) as session,
    ):
        with pytest.raises(kind, match=says) as caught:
            await session.customers.get("KC1")
    [*_, call] = server.calls
    assert caught.value.client_request_id == call.headers["x-request-id"]
    assert caught.value.attempts == len(server.calls)


LONG_ID = "K" * 300


@pytest.mark.parametrize(
    ("record_id", "rows", "status", "said"),
    [
        ("KC1", (WANTED,), 0, WANTED.decode()),
        ("KC1", (OTHER_BAD, WANTED), 0, WANTED.decode()),
        ("KC1", (NAMELESS, WANTED), 0, WANTED.decode()),
        # The SDK has no use for it, and JSON has.
        ("KC1", (BAD,), 0, BAD.decode()),
        (LONG_ID, (b'{"customerId":"%b"}' % LONG_ID.encode(),), 0, LONG_ID),
        ("KC1", (NAMELESS_BAD,), 1, "record at row 0 cannot be read: netAmount"),
        ("KC1", (OTHER_BAD, NAMELESS_BAD), 1, "record at row 1 cannot be read: netAmount"),
        ("KC1", (NAMELESS,), 1, "no customer has the id 'KC1'"),
        ("KC1", (OTHER_BAD,), 1, "no customer has the id 'KC1'"),
        ("KC1", (), 1, "no customer has the id 'KC1'"),
    ],
)
def test_the_command_finds_what_get_finds(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    record_id: str,
    rows: tuple[bytes, ...],
    status: int,
    said: str,
) -> None:
    """By as many requests, and it says the same where there is nothing to print."""
    answered = raw_server(always(page(*rows, count=b"%d" % max(1, len(rows)))))

    async def get(base_url: str) -> str:
        async with EnKashSession(base_url, BearerToken("t"), retry=0) as session:
            try:
                return (await session.customers.get(record_id)).customer_id or ""
            except EnKashError as error:
                return f"error: {error}"

    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(answered) as server,
    ):
        found = portal.call(get, server.base_url)
        asked = len(server.calls)
        monkeypatch.setenv("ENKASH_BASE_URL", server.base_url)
        monkeypatch.setenv("ENKASH_TOKEN", "t")
        monkeypatch.setattr(sys, "argv", ["enkash-async", "customers", "get", record_id])
        assert main() == status
    out, err = capsys.readouterr()
    assert said in (err if status else out)
    if status:
        assert err.partition(" (")[0].strip() == found.partition(" (")[0]
    else:
        assert found.startswith("error: " if rows == (BAD,) else record_id)
    assert len(server.calls) == 2 * asked == 2


@pytest.mark.parametrize(
    "count", [b'"five"', b"-1", b"true", b"2147483648", b"null", b"1e400", b"9" * 5001]
)
async def test_what_is_no_count_is_not_said_to_be_missing(count: bytes) -> None:
    async with (
        raw_server(always(page(WANTED, count=count))) as server,
        EnKashSession(server.base_url, BearerToken("t"), retry=RetryPolicy(attempts=1)) as session,
    ):
        with pytest.raises(IncompleteSearchError) as caught:
            await session.customers.count()
    assert caught.value.client_request_id == server.calls[-1].headers["x-request-id"]
    assert caught.value.attempts == 1
    assert "sent no recordsCount that is a count (a whole number" in str(caught.value)


@pytest.mark.parametrize(
    ("count", "fault"),
    [
        (b"null", "sent no recordsCount that is a count"),
        (b"2", "counts the records of each page, not all that match"),
    ],
)
@pytest.mark.parametrize(
    ("method", "advice"),
    [
        ("count", "shows only when search() has read them all"),
        ("windows", "nothing proves that parts are the whole, so read it with search()"),
    ],
)
async def test_without_a_count_the_advice_is_for_what_was_asked(
    count: bytes, fault: str, method: str, advice: str
) -> None:
    async def answer(call: Call) -> bytes:
        rows = (WANTED, b'{"customerId":"KC2"}')[: int(call.query["limit"])]
        return page(*rows, count=b"%d" % len(rows) if count == b"2" else count)

    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, BearerToken("t"), retry=0) as session,
    ):
        with pytest.raises(IncompleteSearchError) as caught:
            await getattr(session.customers, method)()
    assert fault in str(caught.value)
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    ("there", "counted", "says"),
    [
        ([1, 2, 2], 2, None),
        ([1, 3], 3, None),
        ([1, 1], 1, None),
        ([1, 0], 0, None),
        ([1, 2, 0], 0, None),
        ([1, 2, 5], 5, None),
        ([0], 0, None),
        ([5], 0, "recordsCount is 0 in an answer that held more"),
        ([1, 2], 1, "recordsCount is 1 in an answer that held more"),
        ([1, 2, 2], None, "counts the records of each page"),
    ],
)
@pytest.mark.parametrize("method", ["count", "windows"])
async def test_a_list_that_grows_while_it_is_counted(
    there: list[int], counted: int | None, says: str | None, method: str
) -> None:
    """*there* are as many at each request, the last for all that follow."""
    asked = 0

    async def answer(call: Call) -> bytes:
        nonlocal asked
        rows, asked = there[min(asked, len(there) - 1)], asked + 1
        shown = min(rows, int(call.query["limit"]))
        total = shown if counted is None else counted if says else rows
        return page(*(b'{"customerId":"KC%d"}' % row for row in range(shown)), count=b"%d" % total)

    async with (
        raw_server(answer) as server,
        EnKashSession(server.base_url, BearerToken("t"), max_concurrency=1, retry=0) as session,
    ):
        if says:
            with pytest.raises(IncompleteSearchError, match=says):
                await getattr(session.customers, method)()
        elif method == "count":
            assert await session.customers.count() == counted
            assert len(server.calls) == len(there)
        else:
            assert len(await session.customers.windows()) == 1


async def test_the_largest_count_is_one() -> None:
    async with (
        raw_server(always(page(WANTED, count=b"2147483647"))) as server,
        EnKashSession(server.base_url, BearerToken("t"), retry=0) as session,
    ):
        assert await session.customers.count() == 2**31 - 1
