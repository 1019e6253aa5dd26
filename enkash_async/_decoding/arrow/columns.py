"""Decoded records to a record batch. No I/O."""

from __future__ import annotations

import typing
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import cache
from operator import attrgetter
from typing import Any

import attrs
import pyarrow

from enkash_async._decoding.arrow.schema import AMOUNT, INSTANT, customer_type
from enkash_async._decoding.arrow.untyped import pa
from enkash_async._wire.keys import wire_name
from enkash_async.customers.records import Customer
from enkash_async.errors import DecodeError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_STEP = Decimal(1).scaleb(-AMOUNT.scale)
_EXACT = Context(prec=AMOUNT.precision, traps=[Inexact, InvalidOperation])


def record_batch(customers: Sequence[Customer]) -> pyarrow.RecordBatch:
    """Return *customers*, which all must fit, as a batch."""
    return batch_of(column(customers, customer_type()))


def batch_of(structs: Any) -> pyarrow.RecordBatch:
    """Return an array of structs as a batch."""
    batch: pyarrow.RecordBatch = pa.RecordBatch.from_struct_array(structs)
    return batch


def joined(batches: Sequence[pyarrow.RecordBatch]) -> pyarrow.RecordBatch:
    """Return the rows of *batches* in one."""
    batch: pyarrow.RecordBatch = pa.concat_batches(batches)
    return batch


def column(values: Sequence[Any], target: Any) -> Any:
    """Return an array of *target* with these values of record fields."""
    if pa.types.is_list(target):
        return _lists(values, target)
    if pa.types.is_struct(target):
        fields = list(target)
        columns = [
            column(list(map(attrgetter(field.name), values)), field.type) for field in fields
        ]
        return pa.StructArray.from_arrays(columns, fields=fields)
    if target == INSTANT:
        # By arithmetic, as an instant may lie in year 0 or 10000 when told in UTC.
        values = [None if moment is None else microseconds(moment) for moment in values]
    elif target == AMOUNT:
        values = [None if amount is None else _to_scale(amount) for amount in values]
    return pa.array(values, target)


def _lists(values: Sequence[tuple[Any, ...]], target: Any) -> Any:
    offsets, items = [0], list[Any]()
    for value in values:
        items += value
        offsets.append(len(items))
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), column(items, target.value_type), type=target
    )


def microseconds(moment: datetime) -> int:
    """Return the microseconds from 1970 to an aware *moment*."""
    return (moment - _EPOCH) // _MICROSECOND


def _to_scale(amount: Decimal) -> Decimal:
    return amount.quantize(_STEP, context=_EXACT)


# What a record may hold and a column cannot.

Check = Callable[[Any, str], None]


def check_fits(customer: Customer) -> None:
    """Raise a DecodeError that names the field if a value does not fit into its column."""
    check = _check(Customer)
    assert check is not None
    check(customer, "")


@cache
def _check(hint: Any) -> Check | None:
    """Return what checks a value of type *hint*, None if any fits."""
    kinds = typing.get_args(hint)
    if attrs.has(hint):
        return _record_check(hint)
    if typing.get_origin(hint) is tuple:
        return _items_check(_check(kinds[0]))
    if Decimal in kinds:
        return _check_amount
    return _check_whole if int in kinds else None


def _record_check(record: Any) -> Check | None:
    hints = typing.get_type_hints(record)
    checks = [
        (attrgetter(attribute.name), wire_name(attribute), check)
        for attribute in attrs.fields(record)
        if (check := _check(hints[attribute.name])) is not None
    ]

    def check_record(value: Any, path: str) -> None:
        for get, name, check in checks:
            check(get(value), f"{path}.{name}" if path else name)

    return check_record if checks else None


def _items_check(check: Check | None) -> Check | None:
    def check_items(value: Any, path: str) -> None:
        for index, item in enumerate(value):
            typing.cast("Check", check)(item, f"{path}[{index}]")

    return None if check is None else check_items


def _check_amount(amount: Decimal | None, path: str) -> None:
    try:
        if amount is not None:
            _to_scale(amount)
    except (Inexact, InvalidOperation):
        reason = f"has more digits than an Arrow {AMOUNT} holds; other views can read it"
        raise DecodeError(path, reason) from None


def _check_whole(number: int | None, path: str) -> None:
    if number is not None and not -(2**63) <= number < 2**63:
        raise DecodeError(path, "does not fit into an Arrow int64; other views can read it")
