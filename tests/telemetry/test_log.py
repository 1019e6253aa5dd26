"""The log: the fields of the events, and nothing that somebody might mind."""

from __future__ import annotations

import ast
import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest

from enkash_async import (
    BearerToken,
    ConnectError,
    CustomerFilter,
    EnKashError,
    EnKashSession,
    OAuthPassword,
    RetryPolicy,
)
from enkash_async.events import RequestEnded, SearchEnded
from enkash_async.sandbox import Sandbox
from tests.support.events import Heard
from tests.support.raw_server import TOKEN_PATH, Call, envelope, raw_server, reply, token_answer
from tests.support.reading import read_into
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio

PACKAGE = Path(__file__).parent.parent.parent / "enkash_async"


class Records(logging.Handler):
    """Keeps all records."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def lines(self) -> list[str]:
        """Return the messages of our logger."""
        return [record.getMessage() for record in self.records if record.name == "enkash_async"]

    def everything(self) -> str:
        """Return all that any formatter could show of any logger's records."""
        shown = logging.Formatter("%(message)s")
        return "\n".join(shown.format(one) + repr(vars(one)) for one in self.records)


@contextmanager
def logged(level: int) -> Iterator[Records]:
    """Keep what all loggers log at *level* and above."""
    root, records = logging.getLogger(), Records()
    before = root.level
    root.setLevel(level)
    root.addHandler(records)
    try:
        yield records
    finally:
        root.removeHandler(records)
        root.setLevel(before)


async def test_each_event_is_a_line_with_its_values_beside_it(sandbox: Sandbox) -> None:
    heard = Heard()
    with logged(logging.DEBUG) as log:
        async with session_for(sandbox, hooks=heard.hooks) as session:
            await read_into([], session.customers.search())

    ours = [record for record in log.records if record.name == "enkash_async"]
    assert len(ours) == len(heard.events)
    names = [vars(record)["enkash_event"] for record in ours]
    assert names[0] == "search_started"
    assert set(names[1:-1]) == {"request", "page"}
    assert names[-1] == "search_ended"
    for record, event in zip(ours, heard.events, strict=True):
        extra = vars(record)
        assert extra["enkash_search_id"] == event.search_id
        assert record.getMessage().startswith(
            f"{extra['enkash_event']} search_id={event.search_id} "
        )
        if isinstance(event, RequestEnded):
            assert extra["enkash_seconds"] == event.seconds
            assert f" offset={event.offset} limit={event.limit} " in record.getMessage()
            sent = f"client_request_id={event.client_request_id}"
            assert f" status=200 {sent} bytes_received={event.bytes_received} " in (
                record.getMessage()
            )
        if isinstance(event, SearchEnded):
            assert extra["enkash_records_delivered"] == 250
            assert " outcome=completed " in record.getMessage()
            assert " verdict=COMPLETE records_delivered=250 " in record.getMessage()


async def test_the_values_beside_a_line_are_fit_for_json(sandbox: Sandbox) -> None:
    with logged(logging.DEBUG) as log:
        async with session_for(sandbox) as session:
            await read_into([], session.customers.search())

    for record in log.records:
        if record.name == "enkash_async":
            extra = {k: v for k, v in vars(record).items() if k.startswith("enkash_")}
            assert json.loads(json.dumps(extra)) == extra


async def test_nothing_is_made_of_events_that_nobody_reads(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    with logged(logging.INFO) as log:
        monkeypatch.setattr("enkash_async._telemetry.log.write", made.append)
        async with session_for(sandbox) as session:
            await read_into([], session.customers.search())

    assert (log.lines(), made) == ([], [])


SECRETS = {
    "client_id": "planted-client-id",
    "client_secret": "planted-client-secret",
    "username": "planted-user@example.in",
    "password": "planted-password",
    "company_id": "CEKPLANTED",
}
FETCHED = "planted-fetched-token"
CUSTOMER = {
    "customerId": "KCPLANTED0000001",
    "legalName": "Planted Legal Name",
    "contactEmail": "planted@example.in",
    "contactNumber": "9800004711",
    "accountNumber": "planted000111222",
    "panOrGstin": "PLANT4711P",
    "netAmount": "planted-amount",
    "customerKeyContacts": [{"name": "Planted Asha", "mobile": "9800004712"}],
}
WANTED = CustomerFilter(
    customer_ids=["KCPLANTED0000002"],
    legal_name="Planted Filter Name",
    account_number="planted000333444",
)
PLANTED = ("planted", "98000047", "plant4711p")


async def answer_with_secrets(call: Call) -> bytes | None:
    """Log in, break off, refuse in every field that there is, then send a page."""
    if call.path == TOKEN_PATH:
        return reply(token_answer(FETCHED, scope="planted-scope"))
    searches = call.number - 1
    if searches == 0:
        return None
    if searches == 1:
        error = {
            "errorType": "PLANTED TYPE",
            "errorMessage": f"Planted message {FETCHED}",
            "requestId": "planted request of planted@example.in",
            "apiSubErrors": [{"rejectedValue": "planted-filter@example.in"}],
        }
        body = envelope(errorResponse=error, payload="planted payload")
        return reply(body, 503, "Set-Cookie: planted=cookie", "X-Trace: planted-header")
    data = [CUSTOMER] if call.query["offset"] == "0" else []
    return reply(envelope(payload={"data": data, "recordsCount": 1}))


async def test_secrets_and_personal_data_are_in_no_log_line_and_no_event() -> None:
    heard = Heard()
    retry = RetryPolicy(first_delay=0, statuses=frozenset({503}))
    with logged(logging.NOTSET) as log:
        async with (
            raw_server(answer_with_secrets) as server,
            EnKashSession(
                server.base_url, OAuthPassword(**SECRETS), retry=retry, hooks=heard.hooks
            ) as session,
        ):
            set_aside: list[object] = []
            search = session.customers.search(WANTED, on_bad_record=set_aside.append)
            await read_into([], search)
            # The amount cannot be read, so this fails with the record in hand.
            with pytest.raises(EnKashError):
                await read_into([], session.customers.search(WANTED))

    assert len(set_aside) == 1
    assert {line.split(" ")[0] for line in log.lines()} == {
        *("search_started", "request", "retry", "page", "search_ended")
    }
    for shown in (log.everything(), repr(heard.events)):
        assert not [secret for secret in PLANTED if secret in shown.lower()]


async def test_an_address_that_cannot_be_reached_is_not_logged() -> None:
    with logged(logging.NOTSET) as log:
        session = EnKashSession(
            "http://127.0.0.1:9/planted-path",
            BearerToken("planted-token"),
            retry=RetryPolicy(attempts=1),
        )
        async with session:
            with pytest.raises(ConnectError):
                await session.customers.search(WANTED)

    assert any("error=ConnectError" in line for line in log.lines())
    assert "planted" not in log.everything().lower()


def test_one_module_logs() -> None:
    users = set[str]()
    calls = set[str]()
    for path in PACKAGE.rglob("*.py"):
        if "sandbox" in path.parts:
            continue  # A server, with an access log of its own.
        tree = ast.parse(path.read_text())
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        if any("logging" in ast.unparse(node) for node in names):
            users.add(path.name)
            calls |= {
                node.attr
                for node in ast.walk(tree)
                if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "_logger"
            }
    assert users == {"log.py"}
    assert calls == {
        *("addHandler", "removeHandler", "handlers", "isEnabledFor", "setLevel"),
        *("log", "warning"),
    }


async def test_fields_that_nobody_declared_are_counted_and_warned_of_once_a_session() -> None:
    rows = [
        {"customerId": f"KC{number}", "kycLevel": 1, "planted@example.com": 2}
        | ({"riskClass": 3} if number >= 4 else {})
        for number in range(6)
    ]

    async def send(call: Call) -> bytes:
        offset, limit = int(call.query["offset"]), int(call.query["limit"])
        data = {"data": rows[offset : offset + limit], "recordsCount": len(rows)}
        return reply(envelope(payload=data), keep_alive=True)

    kept = Records()
    logger = logging.getLogger("enkash_async")
    logger.addHandler(kept)
    try:
        async with (
            raw_server(send) as server,
            EnKashSession(server.base_url, BearerToken("t"), page_size=3) as session,
        ):
            for _ in range(2):
                search = session.customers.search()
                await read_into([], search)
                fields = search.report.undeclared_fields
                assert set(fields) == {"kycLevel", "riskClass"}
                assert fields["kycLevel"] == search.report.pages
    finally:
        logger.removeHandler(kept)
    lines = [record.getMessage() for record in kept.records if record.levelno > logging.DEBUG]
    assert lines == [
        f"undeclared_fields resource=customers names={name}: the service sends what this version"
        " does not know"
        for name in ("kycLevel", "riskClass")
    ]


def test_the_logger_is_quiet_by_itself() -> None:
    logger = logging.getLogger("enkash_async")

    assert logger.level == logging.NOTSET
    assert [type(handler) for handler in logger.handlers] == [logging.NullHandler]


@pytest.mark.parametrize(
    "of_application",
    [
        lambda folder: [],
        lambda folder: [logging.NullHandler()],
        lambda folder: [logging.FileHandler(folder / "app.log")],
        lambda folder: [logging.FileHandler(folder / "app.log", delay=True)],
        lambda folder: [RotatingFileHandler(folder / "app.log")],
        lambda folder: [logging.StreamHandler(io.StringIO())],
        lambda folder: [logging.StreamHandler(sys.stdout)],
        lambda folder: [logging.StreamHandler(sys.stderr)],
        lambda folder: [logging.FileHandler(folder / "app.log"), logging.StreamHandler()],
    ],
    ids=["none", "null", "file", "later", "rotating", "text", "stdout", "stderr", "both"],
)
def test_the_variable_shows_each_line_once_on_stderr(
    of_application: Callable[[Path], list[logging.Handler]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    logger = logging.getLogger("enkash_async")
    handlers = of_application(tmp_path)
    monkeypatch.setattr(logger, "handlers", [*logger.handlers, *handlers])
    monkeypatch.setattr(logger, "level", logger.level)
    monkeypatch.setenv("ENKASH_LOG", "info")
    for number in range(2):
        EnKashSession("https://api.example", BearerToken("t"))
        logger.info("said %s", number)
        # Another stderr, as under tools that capture it.
        with redirect_stderr(io.StringIO()) as other:
            EnKashSession("https://api.example", BearerToken("t"))
            logger.info("said elsewhere %s", number)
        assert other.getvalue().count("said elsewhere") == 1
    for handler in handlers:
        handler.close()

    shown = capsys.readouterr().err
    for number in range(2):
        assert shown.count(f"said {number}") == 1
