"""pydantic and FastAPI take records and pages as types, without a model of their own."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest

pydantic: Any = pytest.importorskip("pydantic", reason="nothing of ours needs pydantic")
fastapi: Any = pytest.importorskip("fastapi", reason="nothing of ours needs FastAPI")

from enkash_async import (  # noqa: E402
    Customer,
    CustomerKeyContact,
    CustomerReminder,
    Page,
    ReminderType,
)
from enkash_async._decoding.decoder import RecordDecoder  # noqa: E402
from enkash_async.sandbox import SandboxSettings, open_sandbox  # noqa: E402
from tests.support.second_list import Branch, BranchKind, Supplier  # noqa: E402
from tests.support.sessions import session_for  # noqa: E402

CUSTOMER = Customer(
    customer_id="KC1",
    legal_name="Kaveri Traders",
    net_amount=Decimal("12345678901234567.10"),
    created_on=datetime(2026, 1, 1, tzinfo=UTC),
    branch_codes=("MUM1",),
    customer_key_contacts=(CustomerKeyContact(name="Asha"),),
    customer_reminders=(
        CustomerReminder(reminder_type=ReminderType.ONCE),
        CustomerReminder(reminder_type="DAILY"),
    ),
)
SUPPLIER = Supplier(code="S1", open_balance=Decimal("0.10"), branches=(Branch(kind="SHOP"),))


VALUES = [
    (Customer, CUSTOMER),
    (list[Customer], [CUSTOMER]),
    (Page[Customer], Page((CUSTOMER,), 40, 400)),
    (list[Supplier], [SUPPLIER, Supplier(branches=(Branch(kind=BranchKind.DEPOT),))]),
    (Page[Supplier], Page((SUPPLIER,), 0, None, has_more=False)),
]


@pytest.mark.parametrize(("hint", "value"), VALUES)
def test_what_is_dumped_is_validated_as_the_same(hint: Any, value: Any) -> None:
    adapter = pydantic.TypeAdapter(hint)

    assert adapter.validate_python(value) == value
    assert adapter.validate_json(adapter.dump_json(value)) == value
    assert adapter.validate_python(adapter.dump_python(value)) == value
    assert adapter.validate_python(adapter.dump_python(value, mode="json")) == value


def as_dicts(value: Any, **form: bool) -> Any:
    if isinstance(value, list):
        return [one.to_dict(**form) for one in value]
    return value.to_dict(**form)


@pytest.mark.parametrize("form", [{}, {"json": True}, {"wire": True}, {"wire": True, "json": True}])
@pytest.mark.parametrize(("hint", "value"), VALUES)
def test_what_to_dict_writes_is_validated_as_the_same(hint: Any, value: Any, form: Any) -> None:
    adapter, written = pydantic.TypeAdapter(hint), as_dicts(value, **form)

    assert adapter.validate_python(written) == value
    if form.get("json"):
        assert adapter.validate_json(json.dumps(written)) == value


def test_json_of_the_service_is_validated_as_what_the_session_reads() -> None:
    adapter = pydantic.TypeAdapter(Customer)

    async def read() -> tuple[list[Any], list[Customer]]:
        settings = SandboxSettings(rows=60)
        async with open_sandbox(settings) as sandbox, session_for(sandbox) as session:
            [page] = [page async for page in session.customers.search(page_size=100).raw_pages()]
            return [*page], [customer async for customer in session.customers.search()]

    raws, customers = asyncio.run(read())
    assert [adapter.validate_json(raw) for raw in raws] == customers
    assert adapter.validate_json('{"branchCodes": null}') == Customer()


def test_fields_that_were_kept_come_back() -> None:
    kept = RecordDecoder(Customer, UTC, keep_unknown=True).decode(
        b'{"customerId": "KC1", "risk": [1, {"level": "high"}],'
        b' "customerKeyContacts": [{"name": "Asha", "role": "CFO"}]}'
    )
    adapter = pydantic.TypeAdapter(Customer)

    assert adapter.validate_json(kept.to_json()) == kept
    assert adapter.validate_python(kept.to_dict()) == kept
    assert kept.extra


@pytest.mark.parametrize(
    ("hint", "fields", "name"),
    [
        (Customer, {"customerid": "KC1"}, "customerid"),
        (Customer, {"customer_id": "KC1", "customerId": "KC2"}, "customerId"),
        (Customer, {"riskScore": 1}, "riskScore"),
        (Customer, {"customerKeyContacts": [{"mailEnabled": True}]}, "mailEnabled"),
        (Supplier, {"Branches": []}, "Branches"),
        (Page[Customer], {"offset": 0, "total": 0, "customers": []}, "customers"),
        (Page, {**Page((), 0, 0).to_dict(), "limit": 9}, "limit"),
    ],
)
def test_a_name_of_no_field_is_refused(hint: Any, fields: Any, name: str) -> None:
    adapter = pydantic.TypeAdapter(hint)
    refusals: list[Any] = [
        (adapter.validate_python, fields),
        (adapter.validate_json, json.dumps(fields)),
    ]
    for validate, given in refusals:
        with pytest.raises(pydantic.ValidationError) as caught:
            validate(given)
        found = {(error["type"], error["loc"][-1]) for error in caught.value.errors()}
        assert ("extra_forbidden", name) in found


def test_an_object_without_records_is_no_page() -> None:
    for hint, fields, missing in (
        (Page[Customer], {}, "offset, records, total"),
        (Page, {"offset": 0, "total": None}, "records"),
    ):
        with pytest.raises(pydantic.ValidationError, match=f"a page needs {missing}"):
            pydantic.TypeAdapter(hint).validate_python(fields)


def test_json_is_that_of_to_json() -> None:
    customers, pages = pydantic.TypeAdapter(list[Customer]), pydantic.TypeAdapter(Page[Customer])
    page = Page((CUSTOMER,), 40, 400)

    assert json.loads(customers.dump_json([CUSTOMER])) == [CUSTOMER.to_dict(json=True)]
    assert json.loads(pages.dump_json(page)) == page.to_dict(json=True)
    # Nothing says here what the records are.
    assert json.loads(pydantic.TypeAdapter(Page).dump_json(page)) == page.to_dict(json=True)


def test_a_member_stays_a_member_and_other_text_text() -> None:
    adapter = pydantic.TypeAdapter(Customer)
    once, daily = adapter.validate_json(adapter.dump_json(CUSTOMER)).customer_reminders

    assert once.reminder_type is ReminderType.ONCE
    assert daily.reminder_type == "DAILY"


@pytest.mark.parametrize(
    "fields",
    [
        {"net_amount": "much"},
        {"net_amount": "NaN"},
        {"netAmount": 12345678901234567.10},  # Python and JSON have cut it already
        {"created_on": "2026-01-01T00:00:00"},
        {"branch_codes": "MUM1"},
        {"customer_reminders": [{"due_date_difference": 1.5}]},
        "KC1",
    ],
)
def test_wrong_values_are_refused(fields: Any) -> None:
    with pytest.raises(pydantic.ValidationError):
        pydantic.TypeAdapter(Customer).validate_python(fields)


def test_the_schema_names_every_field() -> None:
    adapter = pydantic.TypeAdapter(list[Customer])
    for mode in ("validation", "serialization"):
        schema = adapter.json_schema(mode=mode)
        definition = schema["$defs"]["Customer"]
        assert list(definition["properties"]) == list(CUSTOMER.to_dict())
        assert set(schema["$defs"]) >= {"CustomerKeyContact", "CustomerReminder", "ReminderType"}
        assert definition["description"] == "A customer as searchCustomer answers it. 31 fields."


class Model(pydantic.BaseModel):  # type: ignore[misc, name-defined, unused-ignore]
    owner: Customer
    others: Page[Customer] | None = None


def test_a_record_is_a_field_of_a_model() -> None:
    model = Model(owner=CUSTOMER, others=Page((CUSTOMER,), 0, 1))

    assert Model.model_validate_json(model.model_dump_json()) == model
    assert "Kaveri" not in repr(model)


def make_app() -> Any:
    app = fastapi.FastAPI()

    async def as_list() -> list[Customer]:
        return [CUSTOMER]

    async def as_page() -> Page[Customer]:
        return Page((CUSTOMER,), 40, 400)

    async def as_any() -> Page:  # type: ignore[type-arg]
        return Page((CUSTOMER,), 40, 400)

    async def echo(customer: Annotated[Customer, fastapi.Body()]) -> Customer:
        return customer

    app.get("/list")(as_list)
    app.get("/page")(as_page)
    app.get("/any")(as_any)
    app.post("/echo")(echo)
    return app


async def ask(app: Any, method: str, path: str, body: bytes = b"", status: int = 200) -> Any:
    """Return what *app* answers with *status*, asked without a server."""
    sent: list[Any] = []
    scope = {
        **{"type": "http", "method": method, "path": path, "query_string": b""},
        "headers": [(b"content-type", b"application/json")],
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["status"] == status, sent
    return json.loads(b"".join(message.get("body", b"") for message in sent))


@pytest.mark.anyio
async def test_a_web_service_of_fastapi_answers_records_and_pages() -> None:
    app, page = make_app(), Page((CUSTOMER,), 40, 400).to_dict(json=True)

    assert await ask(app, "GET", "/list") == [CUSTOMER.to_dict(json=True)]
    assert await ask(app, "GET", "/page") == page
    assert await ask(app, "GET", "/any") == page
    body = CUSTOMER.to_json().encode()
    assert await ask(app, "POST", "/echo", body) == CUSTOMER.to_dict(json=True)
    of_service = CUSTOMER.to_json(wire=True).encode()
    assert await ask(app, "POST", "/echo", of_service) == CUSTOMER.to_dict(json=True)
    refused = await ask(app, "POST", "/echo", b'{"customerIdentity": "KC1"}', status=422)
    assert [error["loc"] for error in refused["detail"]] == [["body", "customerIdentity"]]
    schemas = app.openapi()["components"]["schemas"]
    names = {"Customer", "CustomerKeyContact", "CustomerReminder", "CustomerPage", "Page"}
    assert {name.partition("-")[0] for name in schemas} >= names
    assert [name for name in schemas if "__" in name] == []


def as_response() -> Any:
    return fastapi.Response(Page((CUSTOMER,), 0, 1).to_json(), media_type="application/json")


@pytest.mark.parametrize(
    ("declared", "answer", "works"),
    [
        ({}, lambda: Page((CUSTOMER,), 0, 1), False),
        ({}, lambda: CUSTOMER, False),
        ({"return": Any}, lambda: Page((CUSTOMER,), 0, 1), False),
        ({"return": dict[str, Any]}, lambda: {"records": [CUSTOMER]}, False),
        ({"return": Page[Customer]}, lambda: Page((CUSTOMER,), 0, 1), True),
        ({}, as_response, True),
    ],
)
def test_a_record_is_known_by_its_declared_type(declared: Any, answer: Any, works: bool) -> None:
    app = fastapi.FastAPI()

    async def endpoint() -> Any:
        return answer()

    endpoint.__annotations__ = declared
    app.get("/")(endpoint)
    if works:
        expected = Page((CUSTOMER,), 0, 1).to_dict(json=True)
        assert asyncio.run(ask(app, "GET", "/")) == expected
    else:
        # FastAPI and pydantic each have their own.
        with pytest.raises(
            ValueError, match=r"__dict__ attribute|Unable to serialize unknown type"
        ):
            asyncio.run(ask(app, "GET", "/"))


CHOSEN = {"customer_id", "legal_name"}


@pytest.mark.parametrize(
    ("hint", "value", "options", "expected"),
    [
        (Customer, CUSTOMER, {"include": CHOSEN}, CHOSEN),
        (
            Customer,
            Customer(customer_id="KC1"),
            {"exclude_none": True, "exclude": {"warnings"}},
            {*("branch_codes", "customer_id", "customer_key_contacts", "customer_reminders")},
        ),
        (Page[Customer], Page((CUSTOMER,), 0, 1), {"include": {"total"}}, {"total"}),
        (
            Page,
            Page((CUSTOMER,), 0, 1),
            {"exclude": {"records"}},
            {*("offset", "total", "next_offset", "has_more")},
        ),
    ],
)
def test_fields_that_are_chosen_or_left_out_are(
    hint: Any, value: Any, options: Any, expected: set[str]
) -> None:
    adapter = pydantic.TypeAdapter(hint)

    assert set(adapter.dump_python(value, **options)) == expected
    assert set(json.loads(adapter.dump_json(value, **options))) == expected


def test_fields_of_records_inside_too() -> None:
    adapter = pydantic.TypeAdapter(Page[Customer])
    include = {
        "records": {"__all__": {"customer_id": True, "customer_key_contacts": {0: {"name"}}}}
    }

    [record] = json.loads(adapter.dump_json(Page((CUSTOMER,), 0, 1), include=include))["records"]
    assert record == {"customer_id": "KC1", "customer_key_contacts": [{"name": "Asha"}]}
