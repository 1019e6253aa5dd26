"""Decoded records to a record batch. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import cache
from itertools import count
from operator import attrgetter
from typing import Any

from enkash_async._decoding.arrow.kinds import RecordBatch
from enkash_async._decoding.arrow.schema import AMOUNT, INSTANT, struct_of
from enkash_async._decoding.arrow.untyped import pa
from enkash_async._decoding.declaration import RecordField, fields_of, identity_of
from enkash_async.errors import DecodeError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_STEP = Decimal(1).scaleb(-AMOUNT.scale)
_EXACT = Context(prec=AMOUNT.precision, traps=[Inexact, InvalidOperation])


def record_batch(record: Any, values: Sequence[Any]) -> RecordBatch:
    """Return *values*, which are of the class *record* and all must fit, as a batch."""
    return batch_of(_structs(values, struct_of(record)))


def batch_of(structs: Any) -> RecordBatch:
    """Return an array of structs as a batch."""
    batch: RecordBatch = pa.RecordBatch.from_struct_array(structs)
    return batch


def joined(batches: Sequence[RecordBatch]) -> RecordBatch:
    """Return the rows of *batches* in one."""
    batch: RecordBatch = pa.concat_batches(batches)
    return batch


def column(values: Sequence[Any], target: Any) -> Any:
    """Return an array of *target* with the values of a field."""
    if pa.types.is_list(target):
        return _lists(values, target)
    if pa.types.is_struct(target):
        return _structs_or_null(values, target)
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
    # No item is None, so nobody need look for it.
    of_items = _structs if pa.types.is_struct(target.value_type) else column
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), of_items(items, target.value_type), type=target
    )


def _structs(records: Sequence[Any], target: Any) -> Any:
    fields = list(target)
    columns = [column(list(map(attrgetter(field.name), records)), field.type) for field in fields]
    return pa.StructArray.from_arrays(columns, fields=fields)


def _structs_or_null(values: Sequence[Any], target: Any) -> Any:
    places = count()
    indices = [None if value is None else next(places) for value in values]
    present = [value for value in values if value is not None]
    return _structs(present, target).take(pa.array(indices, pa.int64()))


def microseconds(moment: datetime) -> int:
    """Return the microseconds from 1970 to an aware *moment*."""
    return (moment - _EPOCH) // _MICROSECOND


def _to_scale(amount: Decimal) -> Decimal:
    return amount.quantize(_STEP, context=_EXACT)


# What a record may hold and a column cannot.

Check = Callable[[Any, str], None]


def check_fits(record: Any) -> None:
    """Raise a DecodeError that names the field if a value of *record* does not fit its column."""
    kind: Any = record.__class__
    check = _record_check(kind)
    if check is not None:
        check(record, "")
    identity = identity_of(kind)
    if identity is not None and getattr(record, identity.name) is None:
        reason = "is missing, and each Arrow row has one; other views can read the record"
        raise DecodeError(identity.wire_name, reason)


@cache
def _record_check(record: Any) -> Check | None:
    """Return what checks a *record*, None if any fits."""
    checks = [
        (attrgetter(field.name), field.wire_name, check)
        for field in fields_of(record)
        if (check := _field_check(field)) is not None
    ]

    def check_record(value: Any, path: str) -> None:
        for get, name, check in checks:
            check(get(value), f"{path}.{name}" if path else name)

    return check_record if checks else None


def _field_check(field: RecordField) -> Check | None:
    """Return what checks the value of a field, None if any fits."""
    check = _record_check(field.kind) if field.is_record else _SCALAR_CHECKS.get(field.kind)
    if check is None:
        return None
    if field.is_tuple:
        return _items_check(check)
    return _optional_check(check) if field.is_record else check


def _optional_check(check: Check) -> Check:
    def check_optional(value: Any, path: str) -> None:
        if value is not None:
            check(value, path)

    return check_optional


def _items_check(check: Check) -> Check:
    def check_items(value: Any, path: str) -> None:
        for index, item in enumerate(value):
            check(item, f"{path}[{index}]")

    return check_items


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


_SCALAR_CHECKS: dict[Any, Check] = {Decimal: _check_amount, int: _check_whole}
