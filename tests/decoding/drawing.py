"""Records and their JSON, drawn at random.

JSON is drawn as text, since a Python object would not keep how a number is written.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

import attrs
from hypothesis import strategies as st

from enkash_async import Customer, CustomerKeyContact, CustomerReminder, ReminderType

R = TypeVar("R")

IST = timezone(timedelta(hours=5, minutes=30))

# As enkash-old.apidog.io/api-8993801 names them.
TEXTS = (
    *("accountNumber", "address", "assignedAgent", "bankName", "companyId", "contactEmail"),
    *("contactNumber", "createdBy", "createdByName", "customerId", "customerLogo", "ifsc"),
    *("legalName", "modifiedBy", "modifiedByName", "panOrGstin", "parentCompanyId"),
    *("parentLegalName", "pinCode", "state", "uniqueRefNo"),
)
CONTACT_TEXTS = (
    *("createdBy", "customerId", "customerName", "deleted", "email", "keyContactPersonId"),
    *("mobile", "modifiedBy", "name"),
)
REMINDER_TEXTS = ("customerId", "customerReminderId", "reminderTime", "stage")


def json_object(fields: dict[str, str]) -> str:
    return "{" + ",".join(f"{json.dumps(name)}:{token}" for name, token in fields.items()) + "}"


def json_list(items: list[str]) -> str:
    return "[" + ",".join(items) + "]"


def moment_text(moment: datetime, separator: str, digits: int, zone: str) -> str:
    fraction = f".{moment.microsecond:06}"[: digits + 1] if digits else ""
    return f'"{moment:%Y-%m-%d}{separator}{moment:%H:%M:%S}{fraction}{zone}"'


NULL = st.just("null")
TEXT = st.text(max_size=8).map(json.dumps)
RAW_TEXT = st.text(max_size=8).map(lambda text: json.dumps(text, ensure_ascii=False))
FLAG = st.sampled_from(["true", "false"])
WHOLE = st.integers().map(str) | st.integers(-(10**100), 10**100).map(str)
DIGITS = st.decimals(allow_nan=False, allow_infinity=False).map(str)
MONEY = WHOLE | DIGITS | DIGITS.map(json.dumps) | st.sampled_from(["0.10", "-0.0", '"1e3"', "1E+3"])
EPOCH = st.integers(10**9, 10**10 - 1) | st.integers(10**12, 10**13 - 1)
INSTANT = st.builds(
    moment_text,
    st.datetimes(min_value=datetime(1000, 1, 1)),
    st.sampled_from(["T", " "]),
    st.integers(0, 6),
    st.sampled_from(["", "Z", "+05:30", "+0530", "-00:00", "-0800", "+23:59"]),
) | st.builds(
    lambda number, fraction, form: form.format(f"{number}{fraction}"),
    EPOCH,
    st.sampled_from(["", "", ".0", ".25", ".123456789"]),
    st.sampled_from(["{}", '"{}"']),
)
ODD = st.sampled_from(
    [
        *("true", "false", "null", "0", "-1", "1.0", "1.5", "1e2", "-0", "1e400", str(2**64)),
        *('""', '"NaN"', '"sNaN"', '"Infinity"', '"-inf"', '"1,000"', '"true"', '"0"', '"١٢"'),
        *('" 1 "', '"1_000"', '"\\ud800"', '"\\u0000"', '"12345678901234567.89"'),
        *('"2019-08-24"', '"2019-08-24T14:15"', '"20190824T141522Z"', '"2019-W34-6"'),
        *('"2019-02-30T00:00:00Z"', '"24/08/2019"', '"2019-08-24T14:15:60Z"', '"never"'),
        *('"20240102120000"', '"2024010212000+0530"', "20240102120000", '"202401021200"', "1e12"),
        *("12.0", "1E3", "1e400", "100000000000000000000.0", '"12.0"', '"\\udc00x"', '"a\\ud83d"'),
        *('"0001-01-01T00:00:00"', '"9999-12-31T23:59:59-05:30"', '"2019-08-24 14:15:22 +0530"'),
        *("[]", "{}", "[null]", "[[]]", "[{}]", "[1]", '["a",null]', '{"createdOn":1}'),
        *('[{"customerId":[null]}]', '[{"mail_enabled":"true"}]', '[{"dueDateDifference":1.0}]'),
        *("NaN", "Infinity", "-Infinity", "01", "1.", "undefined", "'a'", "[1,]", ""),
    ]
)
NESTED = st.recursive(
    NULL | FLAG | WHOLE | DIGITS | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3).map(json_list)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3).map(json_object)
    ),
    max_leaves=6,
)
ANYTHING = ODD | NESTED | st.text("0123456789-:+.TZ ", max_size=26).map(json.dumps)


def record(
    fields: dict[str, st.SearchStrategy[str]],
    always: dict[str, st.SearchStrategy[str]] | None = None,
) -> st.SearchStrategy[str]:
    """Draw an object with some of the *fields*, *always* some, and others that nobody knows."""
    always = always or {}
    optional = {name: kind for name, kind in fields.items() if name not in always}
    known = st.fixed_dictionaries(always, optional=optional)
    unknown = st.dictionaries(st.text(max_size=4).map("x-{}".format), NESTED, max_size=2)
    return st.builds(lambda some, more: json_object(more | some), known, unknown)


def customers(
    or_else: st.SearchStrategy[str], one_in: int = 2, *, has_id: bool = False
) -> st.SearchStrategy[str]:
    """Draw a record as it stands on the wire; about *one_in* so many values is *or_else*.

    Without *has_id* it may be without an id, and so be none.
    """

    def fields(kind: st.SearchStrategy[str], *names: str) -> dict[str, st.SearchStrategy[str]]:
        return dict.fromkeys(names, st.one_of(*[kind] * (one_in - 1), or_else))

    contact = record(
        fields(TEXT, *CONTACT_TEXTS)
        | fields(INSTANT, "createdOn", "modifiedOn")
        | fields(FLAG, "mail_enabled", "sms_enabled", "whatsapp_enabled")
    )
    reminder = record(
        fields(TEXT, *REMINDER_TEXTS)
        | fields(WHOLE, "dueDateDifference", "reminderInterval")
        | fields(st.sampled_from(['"ONCE"', '"RECURRING"', '"DAILY"']), "reminderType")
    )
    return record(
        fields(TEXT | RAW_TEXT, *TEXTS)
        | fields(FLAG, "active")
        | fields(WHOLE, "id")
        | fields(MONEY, "netAmount", "dsoMedian")
        | fields(INSTANT, "createdOn", "modifiedOn")
        | fields(st.lists(TEXT | or_else, max_size=2).map(json_list), "branchCodes", "warnings")
        | fields(st.lists(contact | or_else, max_size=2).map(json_list), "customerKeyContacts")
        | fields(st.lists(reminder | or_else, max_size=2).map(json_list), "customerReminders"),
        {"customerId": TEXT} if has_id else None,
    )


# Nulls, wrong values all over the record, and few wrong ones among good ones.
MUTATED = customers(NULL) | customers(ANYTHING) | customers(ANYTHING, one_in=40)

# Records


def made(record: type[R], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[R]:
    """Draw records in which any field may be None."""
    return st.builds(record, **{name: st.none() | kind for name, kind in fields.items()})


MOMENTS = st.datetimes(
    datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.sampled_from([UTC, IST])
)
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False)
INT64 = st.integers(-(2**63), 2**63 - 1)
CONTACTS = made(
    CustomerKeyContact,
    **{name: st.text(max_size=5) for name in ("created_by", "customer_name", "deleted", "email")},
    **{name: st.booleans() for name in ("mail_enabled", "sms_enabled", "whatsapp_enabled")},
    created_on=MOMENTS,
    modified_on=MOMENTS,
)
REMINDERS = made(
    CustomerReminder,
    due_date_difference=INT64,
    reminder_interval=INT64,
    reminder_time=st.just("10:30"),
    reminder_type=st.sampled_from(ReminderType) | st.just("DAILY"),
    stage=st.text(max_size=5),
)
CUSTOMERS = st.builds(
    attrs.evolve,
    made(
        Customer,
        **{name: st.text(max_size=5) for name in ("account_number", "legal_name", "pan_or_gstin")},
        active=st.booleans(),
        id=INT64,
        net_amount=AMOUNTS,
        dso_median=AMOUNTS,
        created_on=MOMENTS,
        modified_on=MOMENTS,
    ),
    branch_codes=st.lists(st.text(max_size=3), max_size=2).map(tuple),
    warnings=st.lists(st.text(max_size=3), max_size=2).map(tuple),
    customer_key_contacts=st.lists(CONTACTS, max_size=2).map(tuple),
    customer_reminders=st.lists(REMINDERS, max_size=2).map(tuple),
)
