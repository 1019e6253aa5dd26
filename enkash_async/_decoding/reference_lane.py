"""The reference lane of decoding: a dict, which a cattrs converter turns into a record. No I/O.

It is slow, strict, and names the field that cannot be read. What it does is what decoding means.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import cache, partial
from typing import Any

import attrs
import cattrs
import msgspec
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from enkash_async._decoding.amounts import amount, whole
from enkash_async._decoding.declaration import (
    enumeration_of,
    fields_of,
    identity_of,
    is_tuple,
    item_of,
)
from enkash_async._decoding.names import why_foreign
from enkash_async._patterns import Pattern
from enkash_async._wire.broken_texts import decode_despite_broken_texts
from enkash_async._wire.keys import wire_name
from enkash_async._wire.nesting import TooDeepError, decoded
from enkash_async._wire.numbers import from_digits
from enkash_async._wire.times import instant, iso_z
from enkash_async.errors import DecodeError

Structure = Callable[[Any, Any], Any]

MAX_BYTES = 1024 * 1024
"""Of a record that is read here: its values become dicts and lists, in one go."""

_decode_json = msgspec.json.Decoder(float_hook=from_digits).decode
_decode_broken_texts = partial(decode_despite_broken_texts, float_hook=from_digits)


def reference_lane(record: Any, zone: tzinfo) -> Callable[[bytes | msgspec.Raw], Any]:
    """Return a function from the bytes of a *record* to the record.

    It raises a DecodeError, which names the field, for all that it cannot read.
    """
    converter = reference_converter(zone)
    identity = identity_of(record)

    def read(raw: bytes | msgspec.Raw) -> Any:
        value = json_value(raw)
        try:
            result = converter.structure(value, record)
        except Exception as error:
            path, reason = _first_reason(error)
            raise DecodeError(path, reason) from error
        if identity is not None and getattr(result, identity.name) is None:
            why = why_foreign(record, value)
            if why is not None:
                raise DecodeError("$", why)
        return result

    return read


def json_value(raw: bytes | msgspec.Raw) -> Any:
    """Return what *raw* holds in spite of broken texts and depths; DecodeError if that is no JSON.

    In fields that nobody declared these do no harm, and in others they can be named.
    """
    text = bytes(raw)
    if len(text) > MAX_BYTES:
        raise DecodeError("$", "cannot be read, and is too large to find out which field cannot")
    try:
        # No record is declared as deep, so that what may be left out can be no field of it.
        return decoded(text, _decode_json)
    except (RecursionError, TooDeepError) as error:
        raise DecodeError("$", "is nested too deep") from error
    except (msgspec.MsgspecError, ValueError, ArithmeticError) as error:
        try:
            # In fields that nobody declared they do no harm, and in others they can be named.
            return decoded(text, _decode_broken_texts)
        except (ValueError, RecursionError, TooDeepError):
            raise DecodeError("$", "is not valid JSON") from error


@cache
def reference_converter(zone: tzinfo) -> cattrs.Converter:
    """Return the converter between wire dicts and records of any class, strict about scalars.

    Times without a zone are taken to be in *zone*.
    """
    converter = cattrs.Converter(detailed_validation=True)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(bool, _exactly)
    converter.register_structure_hook(int, lambda value, _: whole(value))
    converter.register_structure_hook(Decimal, lambda value, _: amount(value))
    converter.register_structure_hook(datetime, lambda value, _: instant(value, zone))
    converter.register_structure_hook_factory(_is_open_enumeration, _enumeration_hook)
    converter.register_structure_hook_factory(is_tuple, partial(_tuple_hook, converter))
    converter.register_structure_hook_factory(attrs.has, partial(_record_hook, converter))
    converter.register_unstructure_hook(datetime, iso_z)
    converter.register_unstructure_hook_factory(attrs.has, partial(_wire_hook, converter))
    return converter


def _exactly(value: Any, scalar: type[Any]) -> Any:
    # cattrs on its own would call str(None), int(1.9) and bool("false").
    if type(value) is not scalar:
        raise ValueError(f"expected {scalar.__name__}, got {type(value).__name__}")
    return value


def _text(value: Any, _: Any) -> str:
    text: str = _exactly(value, str)
    # Only what is read despite broken texts holds any, see `json_value`.
    if not text.isascii() and _SURROGATE.search(text):
        raise ValueError("holds half a character, or is not UTF-8")
    return text


_SURROGATE = Pattern(r"[\ud800-\udfff]")


def _is_open_enumeration(hint: Any) -> bool:
    return enumeration_of(hint) is not None


def _enumeration_hook(hint: Any) -> Structure:
    kind = enumeration_of(hint)
    assert kind is not None
    members = {member.value: member for member in kind}

    def structure(value: Any, _: Any) -> Any:
        if value is None:
            return None
        text = _text(value, str)
        return members.get(text, text)

    return structure


def _tuple_hook(converter: cattrs.Converter, hint: Any) -> Structure:
    items: Any = list[item_of(hint)]  # type: ignore[misc]
    structure_list = converter.get_structure_hook(items)

    def structure(value: Any, _: Any) -> Any:
        if value is None:
            return ()
        if not isinstance(value, list):
            raise ValueError(f"expected a list, got {type(value).__name__}")
        return tuple(structure_list(value, list))

    return structure


def _record_hook(converter: cattrs.Converter, record: Any) -> Structure:
    return _objects_only(make_dict_structure_fn(record, converter, **_renames(record)))


def _objects_only(structure: Structure) -> Structure:
    # The generated function would look for field names inside a text.
    def checked(value: Any, record: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"expected an object, got {type(value).__name__}")
        return structure(value, record)

    return checked


def _wire_hook(converter: cattrs.Converter, record: Any) -> Callable[[Any], dict[str, Any]]:
    return make_dict_unstructure_fn(record, converter, **_renames(record))


def _renames(record: Any) -> Any:
    return {field.name: override(rename=field.wire_name) for field in fields_of(record)}


def _first_reason(error: BaseException) -> tuple[str, str]:
    """Return the path of the first field that failed, in wire names, and why."""
    path = ""
    while isinstance(error, cattrs.BaseValidationError):
        group = error
        error = group.exceptions[0]
        for note in getattr(error, "__notes__", ()):
            if isinstance(note, cattrs.AttributeValidationNote):
                path += "." + wire_name(getattr(attrs.fields(group.cl), note.name))
            elif isinstance(note, cattrs.IterableValidationNote):
                path += f"[{note.index}]"
    # Our hooks raise ValueError; the text of any other error might quote the value.
    reason = str(error) if type(error) is ValueError else "is not of the declared type"
    return path.lstrip(".") or "$", reason
