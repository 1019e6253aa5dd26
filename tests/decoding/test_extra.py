"""Undeclared fields are kept where they are asked for, at every depth, and shown to nobody."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Mapping
from datetime import UTC
from decimal import Decimal
from typing import Any

import attrs
import pytest

from enkash_async import Customer, HiddenFieldsWarning, Page
from enkash_async._decoding import record_class
from enkash_async._decoding.decoder import RESCUES_TO_SWITCH, RecordDecoder
from enkash_async._decoding.extra import NO_EXTRA, ExtraFields
from enkash_async._decoding.record import Record
from enkash_async._wire.keys import wire

DECODER = RecordDecoder(Customer, UTC, keep_unknown=True)


def read(fields: str, decoder: RecordDecoder[Any] = DECODER) -> Any:
    return decoder.decode(('{"customerId":"KC1"' + fields + "}").encode())


@record_class.record(kw_only=True)
class Coin(Record):
    name: str | None = wire(shown=True)
    value: Decimal | None = wire()


@attrs.frozen(kw_only=True, weakref_slot=False)
class Purse(Record):
    """In slots of attrs, with a record in a struct inside."""

    coins: tuple[Coin, ...] = wire(default=())
    best: Coin | None = attrs.field(default=None)
    count: int | None = wire(shown=True)


VALUES: list[tuple[str, Any]] = [
    ("null", None),
    ("true", True),
    ('"high"', "high"),
    ("7", 7),
    ("1.10", Decimal("1.10")),
    ("[1,[2]]", (1, (2,))),
    ('{"a":{"b":[1.5]}}', {"a": {"b": (Decimal("1.5"),)}}),
    (str(2**70), 2**70),
    # What cannot be read as a value is the text of its JSON.
    ("1e9999999999999999999", "1e9999999999999999999"),
    ("[" * 40 + "]" * 40, "[" * 40 + "]" * 40),
    # Half a character, and bytes that are no UTF-8, cannot be written again.
    ('{"a":"\\ud800"}', {"a": "\ufffd"}),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_a_value_is_that_of_its_json(text: str, value: Any) -> None:
    extra = read(f',"riskScore":{text}').extra

    assert dict(extra) == {"riskScore": value}
    assert extra == {"riskScore": value}
    assert extra["riskScore"] == value


READ: list[tuple[str, str, Any]] = [
    ("in the first lane", ',"riskScore":1', {"riskScore": 1}),
    ("in the second", ',"createdOn":"2026-01-01 05:30:00+0530","riskScore":1', {"riskScore": 1}),
    ("in the reference lane", ',"riskScore":1,"kyc":"\\ud800"', {"riskScore": 1, "kyc": "\ufffd"}),
    ("with names as texts", ',"legal_name":"x","":2', {"legal_name": "x", "": 2}),
    ("under the name of the attribute", ',"extra":{"a":1}', {"extra": {"a": 1}}),
    ("twice", ',"riskScore":1,"riskScore":2', {"riskScore": 2}),
    ("with half a character in a name", ',"a\\ud800":1', {"a\ufffd": 1}),
    ("nested too deep for parsers", f',"deep":{"[" * 5000}{"]" * 5000},"a":1', None),
]


@pytest.mark.parametrize(("fields", "extra"), [pytest.param(*row[1:], id=row[0]) for row in READ])
def test_whatever_lane_reads_the_record(fields: str, extra: Mapping[str, Any] | None) -> None:
    made = read(fields)

    assert made.customer_id == "KC1"
    if extra is None:
        assert made.extra["a"] == 1
        assert "deep" in made.extra
    else:
        assert made.extra == extra


def test_a_lane_that_took_over_keeps_too() -> None:
    decoder = RecordDecoder(Customer, UTC, keep_unknown=True)
    for _ in range(RESCUES_TO_SWITCH + 1):
        made = read(',"createdOn":"2026-01-01 05:30:00+0530","riskScore":1', decoder)
        assert made.extra == {"riskScore": 1}


def test_records_inside_keep_theirs() -> None:
    made = read(
        ',"customerKeyContacts":[{"name":"a"},{"name":"b","role":"CFO"}]'
        ',"customerReminders":[{"stage":"x"}]'
    )

    assert made.extra is NO_EXTRA
    assert [contact.extra for contact in made.customer_key_contacts] == [{}, {"role": "CFO"}]
    assert [contact.name for contact in made.customer_key_contacts] == ["a", "b"]
    assert made.customer_reminders[0].extra is NO_EXTRA
    assert type(made) is Customer


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('{"count":1}', [{}]),
        ('{"count":1,"colour":"red"}', [{"colour": "red"}]),
        ('{"coins":[{"name":"a","year":1}],"best":{"year":2}}', [{}, {"year": 1}, {"year": 2}]),
        ('{"coins":[{"name":"a"}],"best":null,"x":1}', [{"x": 1}, {}]),
    ],
)
def test_records_of_any_class(text: str, kept: list[Any]) -> None:
    made = RecordDecoder(Purse, UTC, keep_unknown=True).decode(text.encode())

    inside = [*made.coins, *([] if made.best is None else [made.best])]
    assert [record.extra for record in (made, *inside)] == kept
    assert isinstance(made, Purse)
    assert pickle.loads(pickle.dumps(made)) == made


def test_nothing_is_kept_unless_it_is_asked_for() -> None:
    plain = read(',"riskScore":1', RecordDecoder(Customer, UTC))

    assert plain.extra is NO_EXTRA
    assert len(plain.extra) == 0
    assert type(plain) is type(read("")) is Customer
    assert len(attrs.fields(Customer)) == 31


KEPT = read(',"legalName":"Kaveri","netAmount":1.50,"riskScore":2.50,"tags":["a",{"b":1}]')


def test_a_record_that_keeps_is_one_of_its_class() -> None:
    assert isinstance(KEPT, Customer)
    assert type(KEPT).__qualname__ == "Customer"
    assert read(',"legalName":"Kaveri","netAmount":1.50') != KEPT
    assert attrs.evolve(KEPT, legal_name="Tapi") != KEPT
    for change in ("extra", "legal_name"):
        with pytest.raises(AttributeError):
            setattr(KEPT, change, None)
    extra: Any = KEPT.extra
    with pytest.raises(TypeError):
        extra["riskScore"] = 1


COPIES: list[Callable[[Any], Any]] = [
    copy.copy,
    copy.deepcopy,
    lambda record: pickle.loads(pickle.dumps(record)),
    lambda record: attrs.evolve(record, legal_name="Kaveri"),
]


@pytest.mark.parametrize("copied", COPIES)
def test_copies_keep_it(copied: Callable[[Any], Any]) -> None:
    made = copied(KEPT)

    assert (made, hash(made), made.extra) == (KEPT, hash(KEPT), KEPT.extra)
    assert isinstance(made.extra, ExtraFields)


def test_it_comes_back_under_the_names_of_the_service() -> None:
    wired = KEPT.to_dict(wire=True)
    assert (wired["riskScore"], wired["tags"]) == (Decimal("2.50"), ["a", {"b": 1}])
    assert "extra" not in wired
    assert read("").to_dict().keys() == {field.name for field in attrs.fields(Customer)}
    assert KEPT.to_dict()["extra"] == {"riskScore": Decimal("2.50"), "tags": ["a", {"b": 1}]}
    assert json.loads(KEPT.to_json())["extra"] == {"riskScore": "2.50", "tags": ["a", {"b": 1}]}
    assert Page((KEPT,), 0, 1).to_dict(wire=True)["records"] == [wired]
    again = DECODER.decode(KEPT.to_json(wire=True).encode())
    assert again.extra == {"riskScore": "2.50", "tags": ("a", {"b": 1})}


def test_it_is_shown_to_nobody() -> None:
    made = read(',"riskScore":"planted","tags":{"planted@example.com":1},"9 lives":1')

    assert f"{made!r}".endswith("… 23 more fields hidden)")
    assert repr(made.extra) == "<extra fields riskScore, tags, 1 other; values hidden>"
    assert repr(made.extra["tags"]) == "<extra fields 1 other; values hidden>"
    assert repr(NO_EXTRA) == str(NO_EXTRA) == "<no extra fields>"
    assert "planted" not in repr(made) + Page((made,), 0, 1)._repr_html_()
    with pytest.warns(HiddenFieldsWarning, match=r"lacks the values: to_dict\(\)"):
        assert str(made.extra) == repr(made.extra)


def test_a_field_of_that_name_leaves_no_room_for_it() -> None:
    @record_class.record(kw_only=True)
    class Taken(Record):
        extra: str | None = wire()  # type: ignore[assignment]

    assert RecordDecoder(Taken, UTC).decode(b'{"extra":"x","a":1}').to_dict() == {"extra": "x"}
    with pytest.raises(TypeError, match="has a field `extra`, which keep_unknown would need"):
        RecordDecoder(Taken, UTC, keep_unknown=True)


def test_pydantic_takes_such_a_record_and_leaves_out_what_no_schema_declares() -> None:
    pydantic = pytest.importorskip("pydantic", reason="an extra of the tests")
    customers = pydantic.TypeAdapter(list[Customer])

    assert customers.validate_python([KEPT]) == [KEPT]
    assert json.loads(customers.dump_json([KEPT]))[0].keys() == {
        field.name for field in attrs.fields(Customer)
    }
