"""What a record may declare, and that all else is refused before anything is read."""

from __future__ import annotations

import enum
import typing
from datetime import date, datetime
from decimal import Decimal
from types import GenericAlias
from typing import Any

import attrs
import pytest

from enkash_async import Customer, CustomerKeyContact, CustomerReminder, ReminderType
from enkash_async._decoding.declaration import RecordField, fields_of
from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._wire.keys import IDENTITY, wire
from tests.decoding.drawing import IST
from tests.decoding.made_up import Branch, Colour, Leaf, Season


def record_with(hint: Any, **options: Any) -> Any:
    return attrs.make_class(
        "Made", {"the_field": attrs.field(type=hint, **options)}, slots=True, weakref_slot=False
    )


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        *[(kind | None, kind) for kind in (str, bool, int, Decimal, datetime, Leaf)],
        (typing.Optional[int], int),  # noqa: UP045
        (None | Leaf, Leaf),
        (Colour | str | None, Colour),
        (None | str | Colour, Colour),
        (typing.Union[str, Colour, None], Colour),  # noqa: UP007
    ],
)
def test_a_field_that_may_be_none(hint: Any, kind: Any) -> None:
    record = record_with(hint, default=None)

    assert fields_of(record) == (RecordField("the_field", "theField", kind, is_tuple=False),)


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        *[(tuple[str, ...], str), (tuple[bool, ...], bool), (tuple[int, ...], int)],
        *[(tuple[Leaf, ...], Leaf), (tuple[Branch, ...], Branch)],
    ],
)
def test_a_field_of_any_number_of_items(hint: Any, kind: Any) -> None:
    record = record_with(hint, default=())

    assert fields_of(record) == (RecordField("the_field", "theField", kind, is_tuple=True),)


@pytest.mark.parametrize(
    ("hint", "options"),
    [
        *[(hint, {"default": None}) for hint in (str, float | None, date | None, int | str | None)],
        *[(hint, {"default": None}) for hint in (Any, object, dict[str, str] | None, list[str])],
        # Closed: a member of tomorrow would make every record that has it a bad one.
        (Colour | None, {"default": None}),
        (Colour | Season | str | None, {"default": None}),
        (enum.Enum | str | None, {"default": None}),
        *[
            (GenericAlias(tuple, (kind, ...)), {"default": ()})
            for kind in (Decimal, datetime, Colour, float)
        ],
        (tuple[int | None, ...], {"default": ()}),
        (tuple[str, str], {"default": ()}),
        (tuple[str, ...] | None, {"default": None}),
        (str | None, {}),
        (str | None, {"default": ""}),
        (tuple[str, ...], {"default": None}),
        (str | None, {"default": None, "converter": str}),
        (str | None, {"default": None, "validator": attrs.validators.min_len(1)}),
    ],
)
def test_what_the_lanes_would_not_read_alike_is_refused_with_the_name_of_the_field(
    hint: Any, options: dict[str, Any]
) -> None:
    with pytest.raises(TypeError, match=r"Made\.the_field"):
        RecordDecoder(record_with(hint, **options), IST)


@attrs.frozen(weakref_slot=False)
class Counted:
    name: str | None = None

    def __attrs_post_init__(self) -> None:
        raise NotImplementedError


def test_a_record_that_does_something_when_it_is_made_is_refused() -> None:
    with pytest.raises(TypeError, match="Counted must not have __attrs_post_init__"):
        RecordDecoder(Counted, IST)


def test_a_nested_record_is_looked_at_too() -> None:
    inner = record_with(float | None, default=None)

    for hint, nothing in [(inner | None, None), (GenericAlias(tuple, (inner, ...)), ())]:
        with pytest.raises(TypeError, match=r"Made\.the_field is declared as float"):
            RecordDecoder(record_with(hint, default=nothing), IST)


@pytest.mark.parametrize(
    ("hint", "nothing"),
    [
        *[(kind | None, None) for kind in (int, bool, Decimal, datetime, Leaf)],
        (Colour | str | None, None),
        (tuple[str, ...], ()),
    ],
)
def test_an_identity_that_is_no_text_is_refused(hint: Any, nothing: Any) -> None:
    # Pages would be compared by hashes of the whole records, and `get` would find none.
    record = record_with(hint, default=nothing, metadata={IDENTITY: True})

    with pytest.raises(TypeError, match=r"Made\.the_field is the identity, and is declared as"):
        RecordDecoder(record, IST)


@attrs.frozen(weakref_slot=False)
class TwiceNamed:
    code: str | None = wire(identity=True)
    name: str | None = wire()
    number: str | None = wire(identity=True)


def test_a_second_identity_is_refused() -> None:
    with pytest.raises(TypeError, match="TwiceNamed has several identities, code and number"):
        RecordDecoder(TwiceNamed, IST)


def test_the_fields_of_a_customer() -> None:
    fields = {field.name: field for field in fields_of(Customer)}

    assert [*fields] == [field.name for field in attrs.fields(Customer)]
    assert {field.kind for field in fields.values() if field.is_record} == {
        CustomerKeyContact,
        CustomerReminder,
    }
    assert [field.name for field in fields.values() if field.is_tuple] == [
        *("branch_codes", "customer_key_contacts", "customer_reminders", "warnings")
    ]
    assert [field.kind for field in fields_of(CustomerReminder) if field.is_enumeration] == [
        ReminderType
    ]
