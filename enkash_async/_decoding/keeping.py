"""Records that keep what the service sends and they do not declare. No I/O.

A record has room for its fields and nothing else, which costs nothing where nothing is kept. One
that came with more is of a class derived from its own, which has one field more: `extra`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, cast

import attrs
import msgspec

from enkash_async._decoding.declaration import RecordField, fields_of
from enkash_async._decoding.extra import NO_EXTRA, ExtraFields, frozen
from enkash_async._decoding.record_class import HOLDS_MORE, has_struct_storage, show_fields
from enkash_async._decoding.struct_lane import ReadMany

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_value = msgspec.json.Decoder(float_hook=Decimal).decode


def keeping(record: Any, read: ReadMany[Any]) -> ReadMany[Any]:
    """Return what *read* does, a lane of the class *record*, with `extra`."""
    keep = _keeper(record)
    return lambda raws, text=None: [*map(keep, read(raws, text), raws)]


@cache
def _keeper(record: Any) -> Callable[[Any, Any], Any]:
    """Return a function from a *record*, and the JSON it was read from, to one with its extra."""
    more: Any = class_with_extra(record)
    declared = {field.wire_name for field in fields_of(record)}
    nested = [(field, _keeper(field.kind)) for field in fields_of(record) if field.is_record]

    def keep(made: Any, source: Any) -> Any:
        parts = _parts(source)
        inside = {
            field.name: kept
            for field, keep_inside in nested
            if (value := getattr(made, field.name))
            and (kept := _kept_inside(field, keep_inside, value, parts)) is not value
        }
        extra = {name: _python(part) for name, part in parts.items() if name not in declared}
        if not inside and not extra:
            return made
        values = {field.name: getattr(made, field.name) for field in fields_of(record)} | inside
        if not extra:
            return record(**values)
        return more(**values, extra=ExtraFields(extra))

    return keep


def _kept_inside(
    field: RecordField, keep: Callable[[Any, Any], Any], value: Any, parts: Mapping[str, Any]
) -> Any:
    """Return *value*, the record or records in *field*, with what they have extra."""
    source = parts[field.wire_name]
    if not field.is_tuple:
        return keep(value, source)
    kept = tuple(map(keep, value, _items(source)))
    return value if all(one is other for one, other in zip(kept, value, strict=True)) else kept


# JSON of which no more is decoded than is needed; what was decoded otherwise is there already


def _parts(source: Any) -> Mapping[str, Any]:
    if isinstance(source, dict):
        return cast("dict[str, Any]", source)
    try:
        return _object(source)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # Not at the top: it brings cattrs, which takes a while to import.
        from enkash_async._decoding.reference_lane import json_value

        # Broken texts and depths that the record itself was read in spite of.
        found: Mapping[str, Any] = _with_sound_texts(json_value(source))
        return found


def _items(source: Any) -> Iterable[Any]:
    return cast("list[object]", source) if isinstance(source, list) else _list(source)


def _python(part: Any) -> Any:
    """Return the value of a field; one that cannot be read is the text of its JSON."""
    if not isinstance(part, msgspec.Raw):
        try:
            return frozen(part)
        except ValueError:
            return json.dumps(part, default=str)
    try:
        return frozen(_value(part))
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
        return bytes(part).decode(errors="replace")


def _with_sound_texts(value: Any) -> Any:
    if isinstance(value, str):
        # Half a character cannot be written again.
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_with_sound_texts(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {_with_sound_texts(name): _with_sound_texts(item) for name, item in fields.items()}
    return value


# The class


@cache
def class_with_extra(record: Any) -> Any:
    """Return the class of those of *record* that hold `extra`; TypeError if it has such a field."""
    if any(field.name == "extra" for field in fields_of(record)):
        raise TypeError(f"{record.__name__} has a field `extra`, which keep_unknown would need")
    made = _in_struct(record) if has_struct_storage(record) else _in_slots(record)
    # For who meets one it is a record of that class, with more in it.
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(made, name, getattr(record, name))
    made.__reduce__ = _reduced
    return made


def _in_struct(record: Any) -> Any:
    body = {HOLDS_MORE: record, "__annotations__": {"extra": Any}, "extra": NO_EXTRA}
    kind: Any = record.__class__
    made = kind("Kept", (record,), body, frozen=True, kw_only=True, gc=False)
    show_fields(made, {"extra": _field()})
    return made


def _in_slots(record: Any) -> Any:
    body = {HOLDS_MORE: record, "__annotations__": {"extra": Any}, "extra": _field()}
    made = type(record)("Kept", (record,), body)
    return attrs.frozen(made, kw_only=True, weakref_slot=False)


def _field() -> Any:
    return attrs.field(default=NO_EXTRA, repr=False, kw_only=True)


def _reduced(made: Any) -> tuple[Any, ...]:
    # Its class can be imported under no name.
    record = getattr(made, HOLDS_MORE)
    values = {field.name: getattr(made, field.name) for field in fields_of(record)}
    return _made_again, (record, values, made.extra)


def _made_again(record: Any, values: Mapping[str, Any], extra: ExtraFields) -> Any:
    return class_with_extra(record)(**values, extra=extra)
