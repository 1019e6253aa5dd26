"""A resume token is plain text that tells nothing, and damaged ones are refused."""

import copy
import json
import pickle
from collections.abc import Iterator
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
from enkash_async.resume import MAX_COUNT, CrawlPoint, ListPoint

MOMENT = datetime(2019, 8, 24, 14, 15, 22, tzinfo=UTC)
IST = timezone(timedelta(hours=5, minutes=30))
LATER = MOMENT + timedelta(days=1)
LIST_TOKEN = ResumeToken(
    fingerprint="f" * 32,
    point=ListPoint(row=1200, delivered=1199, edge=("KC1", "KC2"), page_rows=100, total=5000),
)
CRAWL_TOKEN = ResumeToken(
    fingerprint="f" * 32,
    point=CrawlPoint(
        delivered=300,
        edge=("KC1", "KC2"),
        total=5000,
        after=MOMENT,
        edge_until=MOMENT + timedelta(hours=2),
        until=LATER,
        inside=ListPoint(row=20, delivered=20, edge=("KC7",)),
        inside_until=MOMENT + timedelta(hours=1),
        rest=MOMENT + timedelta(minutes=59),
        outside=3,
    ),
)
TOKENS = {"list": LIST_TOKEN, "crawl": CRAWL_TOKEN}
BOTH = pytest.mark.parametrize("token", [*TOKENS.values()], ids=[*TOKENS])

COUNTS = st.integers(0, MAX_COUNT)
EDGES = st.lists(st.text(max_size=8), max_size=4).map(tuple)
LIST_POINTS = st.builds(
    ListPoint,
    row=COUNTS,
    delivered=COUNTS,
    edge=EDGES,
    changed=st.booleans(),
    moved=st.booleans(),
    unproven=st.booleans(),
    page_rows=COUNTS,
    total=st.none() | COUNTS,
)
INSTANTS = st.datetimes(
    datetime(1970, 1, 1),
    datetime(9999, 12, 1),
    timezones=st.sampled_from([UTC, IST]),
)


@st.composite
def crawl_points(draw: st.DrawFn) -> CrawlPoint:
    begin, *middle, end = sorted(draw(INSTANTS) for _ in range(4))
    is_begun, is_inside = draw(st.booleans()), draw(st.booleans())
    if is_begun and not is_inside and draw(st.booleans()):
        return CrawlPoint(delivered=draw(COUNTS), after=end, until=end, finished=True)
    inner = draw(st.permutations(middle)) if is_begun else [None, None]
    return CrawlPoint(
        delivered=draw(COUNTS),
        edge=draw(EDGES),
        changed=draw(st.booleans()),
        unproven=draw(st.booleans()),
        total=draw(st.none() | COUNTS),
        after=begin if is_begun else None,
        edge_until=inner[0],
        until=end if is_begun else draw(st.none() | st.just(end)),
        inside=draw(LIST_POINTS) if is_begun and is_inside else None,
        inside_until=inner[1] if is_inside else None,
        rest=draw(st.none() | st.just(begin)) if is_begun and is_inside else None,
        outside=draw(COUNTS),
    )


ANY_TOKEN = st.builds(
    ResumeToken, fingerprint=st.text(max_size=8), point=LIST_POINTS | crawl_points()
)


def fields_of(token: ResumeToken) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(str(token))
    return fields


def replaced(token: ResumeToken, path: str, value: object) -> str:
    """Return the text of *token* with *value* at *path*, such as "point.inside.row"."""
    fields = fields_of(token)
    *parents, name = path.split(".")
    holder = fields
    for parent in parents:
        holder = holder[parent]
    holder[name] = value
    return json.dumps(fields)


# There and back


@settings(max_examples=300, deadline=None)
@given(ANY_TOKEN)
def test_a_token_is_the_same_after_its_way_through_text_and_pickle(token: ResumeToken) -> None:
    assert ResumeToken.parse(str(token)) == token
    assert pickle.loads(pickle.dumps(token)) == token
    assert copy.deepcopy(token) == token
    assert (token.row, token.delivered) == (token.point.row, token.point.delivered)


@BOTH
def test_the_text_is_json_on_one_line_with_version_fingerprint_and_point(
    token: ResumeToken,
) -> None:
    assert "\n" not in str(token)
    assert fields_of(token).keys() == {"version", "fingerprint", "point"}
    assert fields_of(token)["version"] == 2


@BOTH
@pytest.mark.parametrize("path", ["hint", "point.hint"])
def test_a_field_that_a_later_release_added_is_ignored(token: ResumeToken, path: str) -> None:
    assert ResumeToken.parse(replaced(token, path, [1])) == token


def test_a_point_of_the_other_kind_is_refused() -> None:
    assert LIST_TOKEN.point_of(ListPoint) is LIST_TOKEN.point
    assert CRAWL_TOKEN.point_of(CrawlPoint) is CRAWL_TOKEN.point
    with pytest.raises(ValueError, match=r"another search: to a search\(\)"):
        LIST_TOKEN.point_of(CrawlPoint)
    with pytest.raises(ValueError, match=r"another search: to a crawl\(\)"):
        CRAWL_TOKEN.point_of(ListPoint)


def test_a_token_never_changes() -> None:
    with pytest.raises(AttributeError):
        setattr(LIST_TOKEN, "fingerprint", "")  # noqa: B010
    with pytest.raises(AttributeError):
        setattr(LIST_TOKEN.point, "row", 0)  # noqa: B010
    assert attrs.evolve(LIST_TOKEN, fingerprint="g").point == LIST_TOKEN.point


# What is no token, or one of another release


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "null", "[]", "1", '"text"', "{", "{}", '{"row": 1}'),
        *('{"version": "1"}', '{"version": true}', '{"version": 2.5}'),
    ],
)
def test_other_text_is_refused_as_no_token(text: str) -> None:
    with pytest.raises(ValueError, match="not the text of a resume token"):
        ResumeToken.parse(text)


def test_a_token_of_the_first_format_is_refused_with_the_cure() -> None:
    text = '{"row":1200,"delivered":1199,"edge":["KC1"],"fingerprint":"f","version":1}'

    with pytest.raises(ValueError, match=r"version 1, which was never released.*Start .* anew"):
        ResumeToken.parse(text)


@BOTH
@pytest.mark.parametrize("version", [3, 99, 2**70])
def test_a_token_of_a_later_format_is_refused_with_the_cure(
    token: ResumeToken, version: int
) -> None:
    with pytest.raises(ValueError, match=rf"version {version}.*Upgrade enkash-async"):
        ResumeToken.parse(replaced(token, "version", version))


# What is damaged

NOT_TEXTS: list[Any] = [None, 1, [], {}]
NOT_POINTS: list[Any] = [1, [], {}, "list"]
NOT_KINDS: list[Any] = [None, 1, "other", []]
NOT_COUNTS: list[Any] = [-1, 2**31, 2**70, "1", 1.5, True, [], {}]
NOT_FLAGS: list[Any] = [None, 0, 1, "true", []]
NOT_EDGES: list[Any] = [None, 1, "KC1", [1], ["KC1", None], {"KC1": 1}]
NOT_INSTANTS: list[Any] = [
    *(0, 1.5, True, "", "yesterday", "2019-08-24", "2019-08-24T14:15:22", []),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2019-13-01T00:00:00Z"),
]


def damages() -> Iterator[tuple[str, str, object]]:
    """Walk over tokens, a part of each, and a value that this part cannot have."""
    for kind in TOKENS:
        yield from ((kind, "fingerprint", value) for value in NOT_TEXTS)
        yield from ((kind, "version", value) for value in (0, -1))
        yield from ((kind, "point", value) for value in [None, *NOT_POINTS])
        yield from ((kind, "point.of", value) for value in NOT_KINDS)
    lists = (("list", "point"), ("crawl", "point.inside"))
    for kind, holder in (*lists, ("crawl", "point")):
        counts = ["delivered", "total"] + ["row", "page_rows"] * ((kind, holder) in lists)
        yield from ((kind, f"{holder}.{n}", value) for n in counts for value in NOT_COUNTS)
        yield from ((kind, f"{holder}.{n}", None) for n in counts if n != "total")
        flags = ("changed", "unproven", "moved" if (kind, holder) in lists else "finished")
        yield from ((kind, f"{holder}.{n}", value) for n in flags for value in NOT_FLAGS)
        yield from ((kind, f"{holder}.edge", value) for value in NOT_EDGES)
    yield from (("crawl", "point.outside", value) for value in [*NOT_COUNTS, None])
    for name in ("after", "edge_until", "until", "inside_until", "rest"):
        yield from (("crawl", f"point.{name}", value) for value in NOT_INSTANTS)
    yield "crawl", "point.inside", fields_of(CRAWL_TOKEN)["point"]
    yield "crawl", "point.inside.of", "crawl"
    yield from (("crawl", "point.inside", value) for value in NOT_POINTS)


@pytest.mark.parametrize(("kind", "path", "value"), [*damages()])
def test_a_part_that_cannot_be_is_refused(kind: str, path: str, value: object) -> None:
    with pytest.raises(ValueError, match="damaged"):
        ResumeToken.parse(replaced(TOKENS[kind], path, value))


BEFORE = "2019-08-24T14:15:21Z"
AFTER = "2019-08-25T14:15:23Z"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *(("point.after", AFTER), ("point.after", None)),
        *(("point.until", BEFORE), ("point.until", None)),
        *(("point.edge_until", BEFORE), ("point.edge_until", AFTER)),
        *(("point.inside_until", BEFORE), ("point.inside_until", AFTER)),
        *(("point.inside_until", None), ("point.inside", None)),
        *(("point.rest", AFTER), ("point.finished", True)),
    ],
)
def test_times_that_do_not_go_together_are_refused(path: str, value: object) -> None:
    with pytest.raises(ValueError, match="damaged: its times"):
        ResumeToken.parse(replaced(CRAWL_TOKEN, path, value))


def parts_of(fields: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, value in fields.items():
        yield path + name
        if isinstance(value, dict):
            yield from parts_of(value, f"{path}{name}.")


PARTS = [(kind, path) for kind, token in TOKENS.items() for path in parts_of(fields_of(token))]
IMPLIED = ("crawl", "point.inside.of")
"""What stands inside a crawl can be a list only."""


@pytest.mark.parametrize(("kind", "path"), [part for part in PARTS if part != IMPLIED])
def test_a_token_without_one_of_its_parts_is_refused(kind: str, path: str) -> None:
    fields = fields_of(TOKENS[kind])
    *parents, name = path.split(".")
    holder = fields
    for parent in parents:
        holder = holder[parent]
    del holder[name]

    with pytest.raises(ValueError, match="resume token"):
        ResumeToken.parse(json.dumps(fields))


def test_every_cut_of_a_token_is_refused() -> None:
    for token in TOKENS.values():
        text = str(token)
        for size in range(len(text)):
            with pytest.raises(ValueError, match="resume token"):
                ResumeToken.parse(text[:size])


# Any damage at all

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | INSTANTS.map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def parse_or_refuse(text: str) -> None:
    try:
        token = ResumeToken.parse(text)
    except ValueError:
        return
    assert ResumeToken.parse(str(token)) == token


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PARTS), JSON)
def test_a_token_with_any_other_value_is_read_or_refused(
    part: tuple[str, str], value: object
) -> None:
    kind, path = part
    parse_or_refuse(replaced(TOKENS[kind], path, value))


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([*TOKENS]), st.integers(0, 600), st.integers(0, 5), st.text(max_size=3))
def test_a_token_with_any_other_characters_is_read_or_refused(
    kind: str, start: int, length: int, instead: str
) -> None:
    text = str(TOKENS[kind])
    parse_or_refuse(text[:start] + instead + text[start + length :])


@settings(max_examples=200, deadline=None)
@given(st.text() | JSON.map(json.dumps))
def test_any_text_is_read_or_refused(text: str) -> None:
    parse_or_refuse(text)


@pytest.mark.parametrize(
    "value", ["[" * 100_000 + "]" * 100_000, "9" * 5000, "1e999", "-0", "1.0", '"\\ud800"']
)
@pytest.mark.parametrize("path", ["point.hint", "point.row", "fingerprint", "version"])
def test_what_is_hard_to_read_is_read_or_refused(path: str, value: str) -> None:
    parse_or_refuse(replaced(LIST_TOKEN, path, "@").replace('"@"', value))


# What is not in it

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
        point=ListPoint(row=0),
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
