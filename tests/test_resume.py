"""A resume token is plain text that tells nothing, and damaged ones are refused."""

import json
import pickle
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enkash_async import CustomerFilter, Direction, ResumeToken
from enkash_async._search.query import Query
from enkash_async.customers.resource import CUSTOMERS

MOMENT = datetime(2019, 8, 24, 14, 15, 22, tzinfo=UTC)
IST = timezone(timedelta(hours=5, minutes=30))
TOKEN = ResumeToken(fingerprint="f" * 32, row=1200, delivered=1199, edge=("KC1", "KC2"))
COUNTS = st.integers(0, 2**31)
TOKENS = st.builds(
    ResumeToken,
    fingerprint=st.text(max_size=8),
    row=COUNTS,
    delivered=COUNTS,
    edge=st.lists(st.text(max_size=8), max_size=4).map(tuple),
)


@settings(max_examples=200, deadline=None)
@given(TOKENS)
def test_a_token_is_the_same_after_its_way_through_json_text(token: ResumeToken) -> None:
    assert ResumeToken.parse(str(token)) == token
    assert json.loads(str(token))["row"] == token.row
    assert pickle.loads(pickle.dumps(token)) == token


def test_the_text_is_json_on_one_line_with_its_format_version() -> None:
    assert "\n" not in str(TOKEN)
    assert json.loads(str(TOKEN))["version"] == 1


def test_a_field_that_a_later_release_added_is_ignored() -> None:
    assert ResumeToken.parse(json.dumps({**json.loads(str(TOKEN)), "hint": [1]})) == TOKEN


@pytest.mark.parametrize(
    "text", ["", "x", "null", "[]", "1", '"text"', "{", "{}", '{"row": 1}', '{"version": "1"}']
)
def test_other_text_is_refused_as_no_token(text: str) -> None:
    with pytest.raises(ValueError, match="not the text of a resume token"):
        ResumeToken.parse(text)


@pytest.mark.parametrize("version", [2, 99])
def test_a_token_of_a_later_format_is_refused_with_the_cure(version: int) -> None:
    text = json.dumps({**json.loads(str(TOKEN)), "version": version})

    with pytest.raises(ValueError, match=rf"version {version}.*Upgrade enkash-async"):
        ResumeToken.parse(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("row", None), ("row", "1"), ("row", 1.5), ("row", True), ("row", [])),
        *(("delivered", None), ("delivered", "x"), ("fingerprint", 1), ("fingerprint", None)),
        *(("edge", None), ("edge", 1), ("edge", [1]), ("edge", ["KC1", None])),
    ],
)
def test_a_damaged_token_is_refused(name: str, value: object) -> None:
    text = json.dumps({**json.loads(str(TOKEN)), name: value})

    with pytest.raises(ValueError, match="damaged"):
        ResumeToken.parse(text)


@pytest.mark.parametrize("name", ["row", "fingerprint", "edge"])
def test_a_token_without_one_of_its_parts_is_refused(name: str) -> None:
    fields = json.loads(str(TOKEN))
    del fields[name]

    with pytest.raises(ValueError, match="damaged"):
        ResumeToken.parse(json.dumps(fields))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def parse_or_refuse(text: str) -> None:
    try:
        token = ResumeToken.parse(text)
    except ValueError:
        return
    assert ResumeToken.parse(str(token)) == token


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([*json.loads(str(TOKEN))]), JSON)
def test_a_token_with_any_other_value_is_read_or_refused(name: str, value: object) -> None:
    parse_or_refuse(json.dumps({**json.loads(str(TOKEN)), name: value}))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 200), st.integers(0, 5), st.text(max_size=3))
def test_a_token_with_any_other_characters_is_read_or_refused(
    start: int, length: int, instead: str
) -> None:
    text = str(TOKEN)
    parse_or_refuse(text[:start] + instead + text[start + length :])


@settings(max_examples=200, deadline=None)
@given(st.text() | JSON.map(json.dumps))
def test_any_text_is_read_or_refused(text: str) -> None:
    parse_or_refuse(text)


def test_every_cut_of_a_token_is_refused() -> None:
    text = str(TOKEN)
    for size in range(len(text)):
        with pytest.raises(ValueError, match="resume token"):
            ResumeToken.parse(text[:size])


SECRETS: dict[str, Any] = {
    **{name: f"planted-{name}" for name in ("account_number", "assigned_agent", "company_id")},
    **{name: f"planted-{name}" for name in ("contact_number", "created_by_name", "ifsc")},
    **{name: f"planted-{name}" for name in ("legal_name", "modified_by_name", "pan_or_gstin")},
    **{name: f"planted-{name}" for name in ("parent_company_id", "unique_ref_no")},
    "balance_amount": Decimal("98765.43"),
    "customer_ids": ["planted-id"],
    "modified_on": MOMENT,
}


def fingerprint(
    criteria: CustomerFilter, order_by: str | None, direction: Direction | None, offset: int
) -> str:
    query = Query(endpoint=CUSTOMERS, criteria=criteria, order_by=order_by, direction=direction)
    return query.fingerprint("search", offset)


def token_for(criteria: CustomerFilter) -> ResumeToken:
    return ResumeToken(
        fingerprint=fingerprint(criteria, "createdOn", Direction.ASC, 0),
        row=0,
        delivered=0,
        edge=(),
    )


def test_no_filter_value_is_in_the_text() -> None:
    token = token_for(CustomerFilter(**SECRETS))

    assert "planted" not in f"{token} {token!r}"
    assert "98765" not in f"{token} {token!r}"
    assert "2019" not in f"{token} {token!r}"


@pytest.mark.parametrize("name", SECRETS)
def test_every_field_of_the_filter_counts_in_the_fingerprint(name: str) -> None:
    fields: dict[str, Any] = {name: SECRETS[name]}

    assert token_for(CustomerFilter(**fields)) != token_for(CustomerFilter())


def test_queries_that_differ_have_fingerprints_that_differ() -> None:
    criteria = CustomerFilter(level="LEVEL_1")
    queries = [
        (CustomerFilter(), None, None, 0),
        (criteria, None, None, 0),
        (CustomerFilter(level="LEVEL_2"), None, None, 0),
        (criteria, "createdOn", None, 0),
        (criteria, "legalName", None, 0),
        (criteria, "createdOn", Direction.ASC, 0),
        (criteria, "createdOn", Direction.DESC, 0),
        (criteria, "createdOn", Direction.DESC, 10),
    ]

    assert len({fingerprint(*query) for query in queries}) == len(queries)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"level": "LEVEL_1"}, {"level": "LEVEL_1"}),
        ({"modified_on": MOMENT}, {"modified_on": MOMENT.astimezone(IST)}),
        ({"customer_ids": ["KC1", "KC2"]}, {"customer_ids": ("KC1", "KC2")}),
        ({"legal_name": None}, {}),
        ({"balance_amount": 10}, {"balance_amount": Decimal(10)}),
    ],
)
def test_equal_filters_have_equal_fingerprints(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert token_for(CustomerFilter(**one)) == token_for(CustomerFilter(**other))


def test_a_token_never_changes() -> None:
    with pytest.raises(AttributeError):
        setattr(TOKEN, "row", 0)  # noqa: B010
    assert attrs.evolve(TOKEN, row=0).edge == TOKEN.edge
