"""A field's name on the wire."""

from __future__ import annotations

import attrs
import pytest

from enkash_async._wire.keys import wire, wire_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [("id", "id"), ("customer_id", "customerId"), ("pan_or_gstin", "panOrGstin"), ("a_1", "a1")],
)
def test_a_name_is_camel_case_on_the_wire(name: str, expected: str) -> None:
    record = attrs.make_class("Record", {name: wire()})

    assert wire_name(attrs.fields(record)[0]) == expected


def test_a_name_that_is_given_is_taken_as_it_is() -> None:
    record = attrs.make_class("Record", {"mail_enabled": wire("mail_enabled")})

    assert wire_name(attrs.fields(record)[0]) == "mail_enabled"


def test_a_field_without_metadata_has_a_name_too() -> None:
    record = attrs.make_class("Record", ["customer_id"])

    assert wire_name(attrs.fields(record)[0]) == "customerId"


def test_only_what_is_shown_is_in_the_repr() -> None:
    record = attrs.make_class("Record", {"hidden": wire(), "seen": wire(default=1, shown=True)})

    assert repr(record()) == "Record(seen=1)"
    assert (record().hidden, record().seen) == (None, 1)
