"""Which record it is, and its time, though something else in it is broken."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from enkash_async._wire.fields import identity_reader, time_reader

identify = identity_reader("customerId")
read_times = time_reader("createdOn", UTC)

TIME = b'"createdOn":"2025-03-01T00:00:00Z"'


@pytest.mark.parametrize(
    "other",
    [
        b"1",
        b'"\\ud800"',
        b'"\xff"',
        b'{"a":["\\udc00"]}',
        b"[" * 3000 + b"]" * 3000,
    ],
    ids=["sound", "half a character", "no UTF-8", "within", "deep"],
)
@pytest.mark.parametrize(
    "layout", [b'{"x":%b,"customerId":"KC1",%b}', b'{"customerId":"KC1","x":%b,%b}']
)
def test_what_is_broken_elsewhere_hides_neither_id_nor_time(layout: bytes, other: bytes) -> None:
    raw = msgspec.Raw(layout % (other, TIME))

    assert identify(raw) == "KC1"
    assert read_times([raw]) == [datetime(2025, 3, 1, tzinfo=UTC)]


@pytest.mark.parametrize(
    "id_", [b'"KC\\ud800"', b'"KC\xff"', b"7", b"null", b'""', b"NaN", b'"KC', b'["KC1"]']
)
def test_an_id_that_is_broken_or_none_is_the_hash_of_the_record(id_: bytes) -> None:
    raws = [msgspec.Raw(b'{"customerId":%b,"n":%d}' % (id_, number)) for number in range(2)]

    ids = [identify(raw) for raw in raws]
    assert all(one.startswith("sha256:") for one in ids)
    assert ids[0] != ids[1]


@pytest.mark.parametrize("id_", [b"K" * 257, b"\\u20ac" * 257, b"K" * 300_000])
def test_an_id_too_long_to_be_remembered_by_thousands_is_its_hash(id_: bytes) -> None:
    raws = [msgspec.Raw(b'{"customerId":"%b","n":%d}' % (id_, number)) for number in range(2)]

    ids = [identify(raw) for raw in raws]
    assert ids[0] == ids[1] != identify(msgspec.Raw(b'{"customerId":"%b."}' % id_))
    assert len(ids[0]) < 100


def test_an_id_of_any_length_that_services_use_is_kept_as_it_is() -> None:
    assert identify(msgspec.Raw(b'{"customerId":"%b"}' % (b"K" * 256))) == "K" * 256
