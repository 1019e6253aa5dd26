"""A sandbox holds what a test puts into it, serves https, and logs what it is asked."""

from __future__ import annotations

import logging
import os
import ssl
import stat
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from enkash_async import Customer, CustomerFilter, EnKashSession
from enkash_async.sandbox import Sandbox, SandboxSettings, command, open_sandbox
from enkash_async.sandbox.service import certificate
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with open_sandbox(SandboxSettings(rows=5)) as sandbox:
        yield sandbox


@pytest.fixture
async def session(sandbox: Sandbox) -> AsyncIterator[EnKashSession]:
    async with session_for(sandbox) as session:
        yield session


async def read(session: EnKashSession, customer_id: str) -> Customer:
    return await session.customers.get(customer_id)


# Customers of one's own


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("legal_name", "Kaveri Traders", "Kaveri Traders"),
        ("net_amount", Decimal("-10.50"), Decimal("-10.50")),
        ("net_amount", 7, Decimal(7)),
        ("net_amount", None, None),
        ("active", False, False),
        ("created_on", CREATED, CREATED),
        ("created_on", "2026-01-02T03:04:05Z", CREATED),
        ("created_on", date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC)),
        ("modified_on", date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC)),
        ("modified_on", None, None),
        ("dso_median", Decimal("1.5"), Decimal("1.5")),
        ("branch_codes", ["MUM1", "MUM2"], ("MUM1", "MUM2")),
        ("warnings", (), ()),
        ("warnings", None, ()),
        ("customer_id", "KC1", "KC1"),
        ("id", 77, 77),
    ],
)
async def test_a_field_that_is_given_is_what_the_client_reads(
    sandbox: Sandbox, session: EnKashSession, name: str, given: Any, expected: Any
) -> None:
    made = sandbox.make_customer(**{name: given})
    [inserted] = sandbox.insert([{name: given}]) if name not in ("customer_id", "id") else [None]
    changed = sandbox.update(sandbox.customer_ids()[0], {name: given}) if inserted else made

    for customer_id in {made["customerId"], changed["customerId"], inserted} - {None}:
        assert getattr(await read(session, customer_id), name) == expected


async def test_names_are_those_of_the_wire_or_of_python(sandbox: Sandbox) -> None:
    [first] = sandbox.insert({"legalName": "Kaveri Traders", "pan_or_gstin": "AAAAA0000A"})
    record = next(one for one in sandbox.records() if one["customerId"] == first)

    assert (record["legalName"], record["panOrGstin"]) == ("Kaveri Traders", "AAAAA0000A")
    assert len(record) == 31
    # What is invented around it agrees with it.
    assert record["customerKeyContacts"][0]["customerName"] == "Kaveri Traders"


async def test_contacts_and_reminders_are_given_in_part(
    sandbox: Sandbox, session: EnKashSession
) -> None:
    made = sandbox.make_customer(
        customer_key_contacts=[
            {"name": "Asha", "mail_enabled": True, "createdOn": CREATED},
            {"modified_on": CREATED.date()},
        ],
        customer_reminders=[{"reminder_type": "ONCE"}],
    )
    customer = await read(session, made["customerId"])
    [contact, other], [reminder] = customer.customer_key_contacts, customer.customer_reminders

    assert (contact.name, contact.mail_enabled, contact.email) == ("Asha", True, None)
    assert (contact.created_on, contact.customer_id) == (CREATED, customer.customer_id)
    assert other.modified_on == datetime(2026, 1, 2, tzinfo=UTC)
    assert (reminder.reminder_type, reminder.customer_id) == ("ONCE", customer.customer_id)


async def test_a_customer_is_the_newest_or_stands_where_its_time_says(sandbox: Sandbox) -> None:
    newest = sandbox.make_customer()["customerId"]
    oldest = sandbox.make_customer(created_on=datetime(2001, 1, 1, tzinfo=UTC))["customerId"]
    without = sandbox.make_customer(created_on=None)["customerId"]

    assert sandbox.customer_ids()[:2] == [without, oldest]
    assert sandbox.customer_ids()[-1] == newest


async def test_filters_and_counts_see_what_was_given(
    sandbox: Sandbox, session: EnKashSession
) -> None:
    kept, other = sandbox.insert([{"legal_name": "Zebra", "level": "LEVEL_3"}] * 2)
    wanted = CustomerFilter(legal_name="zebra", level="LEVEL_3")
    assert await session.customers.count(wanted) == 2

    sandbox.update(other, {"level": "LEVEL_1", "net_amount": 5})
    assert [one.customer_id async for one in session.customers.search(wanted)] == [kept]
    found = session.customers.search(CustomerFilter(balance_amount=5))
    assert [one.customer_id async for one in found] == [other]


async def test_an_update_leaves_the_rest_as_it_was(sandbox: Sandbox) -> None:
    before = sandbox.records()
    changed = sandbox.update(before[2]["customerId"], {"state": "Kerala", "warnings": ["late"]})

    assert changed == before[2] | {"state": "Kerala", "warnings": ["late"]}
    assert sandbox.records() == [*before[:2], changed, *before[3:]]


async def test_one_customer_is_deleted_or_several(sandbox: Sandbox) -> None:
    first, second, third, *others = sandbox.customer_ids()

    given: list[str | tuple[str, ...]] = [first, (second, third, first), "KC-nobody"]
    assert [sandbox.delete(ids) for ids in given] == [1, 2, 0]
    assert sandbox.customer_ids() == others


async def test_a_sandbox_may_hold_nothing_but_ones_own() -> None:
    async with open_sandbox(SandboxSettings(rows=0, until=date(2026, 3, 1))) as sandbox:
        made = sandbox.make_customer(net_amount=Decimal("1.00"))
        assert sandbox.records() == [made]
        assert made["createdOn"].startswith("2026-03-01T00:00:00")


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"legal_nam": "x"}, ValueError, "no field legal_nam: did you mean legalName"),
        ({"zzz": 1}, ValueError, "no field zzz: accountNumber, active"),
        ({"net_amount": 1.5}, TypeError, "netAmount must be a whole number or a Decimal"),
        ({"net_amount": Decimal("0.001")}, ValueError, "netAmount must have at most two"),
        ({"net_amount": Decimal("Infinity")}, ValueError, "netAmount must have at most two"),
        ({"created_on": datetime(2026, 1, 1)}, ValueError, "createdOn must be a time with a zone"),
        ({"created_on": "yesterday"}, ValueError, "createdOn must be a date-time"),
        ({"legal_name": ["x"]}, TypeError, "legalName must be a text"),
        ({"warnings": "late"}, TypeError, "warnings must be a list"),
        ({"customer_reminders": ["x"]}, TypeError, "each of customerReminders must be a mapping"),
        ({"customer_reminders": [{"kind": 1}]}, ValueError, "no field kind"),
        ({"active": "yes"}, TypeError, "active must be true or false, got 'yes'"),
        ({"active": 1}, TypeError, "active must be true or false"),
        ({"legal_name": 5}, TypeError, "legalName must be a text, got 5"),
        ({"legal_name": True}, TypeError, "legalName must be a text"),
        ({"legal_name": "\ud800"}, ValueError, "legalName holds half of a character"),
        ({"customer_id": 7}, TypeError, "customerId must be a text"),
        ({"id": "5"}, TypeError, "id must be a whole number"),
        ({"id": 2**70}, ValueError, "id must fit into 64 bits"),
        ({"dso_median": "5"}, TypeError, "dsoMedian must be a number"),
        ({"dso_median": float("nan")}, ValueError, "dsoMedian must be finite"),
        ({"dso_median": Decimal("sNaN")}, ValueError, "dsoMedian must be finite"),
        ({"dso_median": 10**400}, ValueError, "dsoMedian must be finite"),
        ({"level": "x"}, ValueError, "level must be one of LEVEL_1, LEVEL_2, LEVEL_3"),
        ({"legalName": "a", "legal_name": "b"}, ValueError, "legalName is given twice"),
        ({"branch_codes": ["MUM1", 2]}, TypeError, "each of branchCodes must be a text"),
        ({"warnings": ["\udfff"]}, ValueError, "each of warnings holds half of a character"),
        (
            {"customer_key_contacts": [{"mail_enabled": "no"}]},
            TypeError,
            "mail_enabled in customerKeyContacts must be true or false",
        ),
        (
            {"customer_key_contacts": [{"createdOn": "yesterday"}]},
            ValueError,
            "createdOn in customerKeyContacts must be a date-time",
        ),
        (
            {"customer_reminders": [{"reminder_interval": 1.5}]},
            TypeError,
            "reminderInterval in customerReminders must be a whole number",
        ),
        (
            {"customer_reminders": [{"stage": "a", "Stage": "b"}]},
            ValueError,
            "stage is given twice",
        ),
        (
            {"created_on": "0001-01-01T00:00:00+05:30"},
            ValueError,
            "createdOn must lie within the years 1 to 9999",
        ),
        ({"modified_on": 10**18}, ValueError, "modifiedOn must lie within the years 1 to 9999"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    sandbox: Sandbox, fields: dict[str, Any], error: type[Exception], said: str
) -> None:
    before = sandbox.records()
    with pytest.raises(error, match=said):
        sandbox.make_customer(**fields)
    with pytest.raises(error, match=said):
        sandbox.update(before[0]["customerId"], fields)
    assert sandbox.records() == before


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda sandbox: sandbox.insert(-1), ValueError, "count must be at least 0, got -1"),
        (lambda sandbox: sandbox.insert(True), TypeError, "count must be a whole number"),
        (lambda sandbox: sandbox.insert(1.5), TypeError, "customers must be a number, or fields"),
        (lambda sandbox: sandbox.insert("x"), TypeError, "fields must be a mapping"),
        (lambda sandbox: sandbox.insert([5]), TypeError, "fields must be a mapping"),
        (lambda sandbox: sandbox.insert({5: 1}), ValueError, "there is no field 5"),
        (lambda sandbox: sandbox.insert_at(-1, 1), ValueError, "position must be at least 0"),
        (lambda sandbox: sandbox.insert_at("0", 1), TypeError, "position must be a whole number"),
        (lambda sandbox: sandbox.insert_at(0, -1), ValueError, "count must be at least 0"),
        (lambda sandbox: sandbox.insert_at(6, 1), ValueError, "no position 6 among 5 rows"),
        (lambda sandbox: sandbox.delete(5), TypeError, "an id, or several in a list, got 5"),
        (lambda sandbox: sandbox.delete(b"KC1"), TypeError, "an id, or several"),
        (lambda sandbox: sandbox.delete([5]), TypeError, "each id to delete must be a str"),
        (
            lambda sandbox: sandbox.update(sandbox.customer_ids()[0], None),
            TypeError,
            "fields must be a mapping",
        ),
    ],
)
async def test_a_change_that_cannot_be_is_refused(
    sandbox: Sandbox, change: Any, error: type[Exception], said: str
) -> None:
    before = sandbox.records()
    with pytest.raises(error, match=said):
        change(sandbox)
    assert sandbox.records() == before


@pytest.mark.parametrize("until", [date(10, 1, 1), date(9999, 12, 31)])
async def test_the_newest_customer_may_be_of_any_year_that_times_reach(until: date) -> None:
    async with (
        open_sandbox(SandboxSettings(rows=5, until=until)) as sandbox,
        session_for(sandbox) as session,
    ):
        newest = [one async for one in session.customers.search()][-1].created_on
    assert newest is not None
    assert 0 <= (until - newest.date()).days <= 1


def test_the_newest_customer_is_not_of_a_year_that_times_do_not_reach() -> None:
    with pytest.raises(ValueError, match="until must be 0010-01-01 or later"):
        SandboxSettings(until=date(1, 1, 1))


async def test_no_two_customers_share_an_id(sandbox: Sandbox) -> None:
    first, second = sandbox.customer_ids()[:2]
    with pytest.raises(ValueError, match="same customerId or id"):
        sandbox.make_customer(customer_id=first)
    with pytest.raises(ValueError, match="same customerId or id"):
        sandbox.update(second, {"customer_id": first})
    with pytest.raises(KeyError, match="no row has the customerId 'KC-nobody'"):
        sandbox.update("KC-nobody", {})
    several: Any = [first]
    with pytest.raises(TypeError, match="customerId must be a str, not list"):
        sandbox.update(several, {})
    assert len(sandbox.customer_ids()) == 5


# https and the access log


async def test_it_serves_https_to_those_who_trust_its_certificate(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    settings = SandboxSettings(rows=3, tls=True, ca_file=str(ca_file))
    async with open_sandbox(settings) as sandbox, aiohttp.ClientSession() as http:
        assert sandbox.base_url.startswith("https://127.0.0.1:")
        assert sandbox.environ["SSL_CERT_FILE"] == sandbox.ca_file == str(ca_file)
        trusting = ssl.create_default_context(cafile=sandbox.ca_file)
        port = sandbox.base_url.rpartition(":")[2]
        for host in ("127.0.0.1", "localhost"):
            async with http.get(f"https://{host}:{port}/healthz", ssl=trusting) as response:
                assert await response.text() == "ok\n"
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await http.get(f"{sandbox.base_url}/healthz")
    # The key was never beside it.
    assert os.listdir(tmp_path) == ["ca.pem"]
    assert "PRIVATE" not in ca_file.read_text()


async def test_a_certificate_in_no_place_of_its_own_goes_with_the_sandbox() -> None:
    async with open_sandbox(SandboxSettings(rows=0, tls=True)) as sandbox:
        ca_file = Path(str(sandbox.ca_file))
        folder = ca_file.parent.stat()
        assert stat.S_IMODE(folder.st_mode) == 0o700
        assert {path.name for path in ca_file.parent.iterdir()} == {"ca.pem", "openssl.cnf"}
    assert not os.path.exists(ca_file)  # noqa: ASYNC240


def test_without_openssl_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="needs the program openssl"):
        certificate.make_certificate("127.0.0.1", tmp_path, "")
    assert command.run(["--rows", "0", "--tls"]) == 1
    assert "needs the program openssl, which is not on the PATH" in capsys.readouterr().err


def test_what_openssl_cannot_write_is_said(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="openssl could not make a certificate"):
        certificate.make_certificate("sandbox", tmp_path, str(tmp_path / "nowhere" / "ca.pem"))


async def test_each_request_is_a_line_of_the_log_without_the_token(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "enkash_async.sandbox")
    settings = SandboxSettings(rows=3, access_log=True)
    async with open_sandbox(settings) as sandbox, session_for(sandbox) as session:
        await session.customers.count()
        lines = [one.message for one in caplog.records if one.name == "enkash_async.sandbox"]

        assert len(lines) == len(sandbox.searches)
        assert all('"POST /api/v0/customer/search?' in line and " 200, " in line for line in lines)
        assert not [line for line in lines if sandbox.token in line]


@pytest.mark.parametrize("prog", ["python -m enkash_async.sandbox", "enkash-async sandbox"])
def test_usage_errors_name_the_command_that_was_run(
    prog: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for wrong in (["--rows", "many"], ["--until", "today"], ["--nowhere"]):
        with pytest.raises(SystemExit):
            command.run(wrong, prog=prog)
        assert f"{prog}: error: " in capsys.readouterr().err
