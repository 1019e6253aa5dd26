"""The text of the functions with which the fast lane turns structs into records. No I/O.

There are two kinds, by how a record is stored: one puts right what msgspec left in the struct,
which then becomes the record; the other moves the fields into an attrs class with slots.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from enkash_async._decoding.declaration import RecordField, fields_of, identity_of
from enkash_async._decoding.record_class import has_struct_storage

Times = Literal["aware", "iso", "any"]
"""How a lane reads times and whole numbers: as msgspec does, or in every notation known.

"aware" is the same as "iso" but for what would have to be put right: a time without a zone, and
null where a list belongs, are refused.
"""

OF_MANY_NOTATIONS = (datetime, int)

AMOUNT_CHECK = "if value is not None and not (value.__class__ is Decimal and value.is_finite()):"
"""Is an amount to be read that did not come as a number with a fraction?"""


def source_in_place(record: Any, times: Times, *, from_bytes: bool) -> str:
    """Return the text of a function that turns a struct, or the bytes of several, into *record*.

    For a record with a field of each kind, from bytes and with ISO times, it is

        def read(raws, text=None):
            records = [*map(decode, raws)] if text is None else decode_list(text)
            for raw, record in zip(raws, records):
                if record.customer_id is None:
                    check_names(raw)
                if record.branch_codes is None:
                    record.branch_codes = ()
                value = record.status
                if value is not None:
                    record.status = known_status(value, value)
                value = record.due
                if value is not None and value.tzinfo is None:
                    record.due = value.replace(tzinfo=zone)
                value = record.net_amount
                if value is not None and not (value.__class__ is Decimal and value.is_finite()):
                    record.net_amount = amount(value)
                address = record.address
                if address is not None:
                    address.__class__ = Record_address
                reminders = record.reminders
                if reminders is None:
                    record.reminders = reminders = ()
                for reminders in reminders:
                    reminders.__class__ = Record_reminders
                record.__class__ = Record
            return records

    What is left of it with times that are aware is what no type can say. A function for one record
    would have to be called for each, which takes a sixth of the time that is spent here.
    """
    corrections = _corrections(record, times, "")
    if not from_bytes:
        return _text(["def read(record):"], _indented([*corrections, "return record"]))
    made = "records = [*map(decode, raws)] if text is None else decode_list(text)"
    loop = [made, "for raw, record in zip(raws, records):"]
    body = [*_name_check(record, "record"), *corrections]
    return _of_several(loop, body)


def _corrections(record: Any, times: Times, path: str) -> list[str]:
    """Return the lines that put all fields right and make the struct the *record* it is.

    *path* is empty for the record itself, and else the names of the fields that lead to it, which
    is what its variable is called then.
    """
    variable, suffix = path or "record", f"_{path}" if path else ""
    lines = [line for one in fields_of(record) for line in _correction(one, times, variable, path)]
    return [*lines, f"{variable}.__class__ = Record{suffix}"]


def _correction(field: RecordField, times: Times, variable: str, path: str) -> list[str]:
    """Return the lines that put one field right, none for what msgspec leaves ready."""
    name, inner = f"{variable}.{field.name}", joined(path, field.name)
    read = f"value = {name}"
    if field.is_record:
        return _nested_correction(field, times, name, inner)
    if field.is_tuple:
        return [] if times == "aware" else [f"if {name} is None:", f"    {name} = ()"]
    if field.is_enumeration:
        return [read, "if value is not None:", f"    {name} = known_{inner}(value, value)"]
    if field.kind is Decimal:
        return [read, AMOUNT_CHECK, f"    {name} = amount(value)"]
    if field.kind not in OF_MANY_NOTATIONS:
        return []
    if times == "any":
        notation = "instant" if field.kind is datetime else "whole"
        return [read, "if value is not None:", f"    {name} = {notation}(value)"]
    if field.kind is int or times == "aware":
        return []
    check = "if value is not None and value.tzinfo is None:"
    return [read, check, f"    {name} = value.replace(tzinfo=zone)"]


def _nested_correction(field: RecordField, times: Times, name: str, inner: str) -> list[str]:
    read = f"{inner} = {name}"
    if not has_struct_storage(field.kind):
        if field.is_tuple:
            moved = f"tuple([read_{inner}(item) for item in {inner}]) if {inner} else ()"
            return [read, f"{name} = {moved}"]
        return [read, f"if {inner} is not None:", f"    {name} = read_{inner}({inner})"]
    lines = _indented(_corrections(field.kind, times, inner))
    if not field.is_tuple:
        return [read, f"if {inner} is not None:", *lines]
    nothing = [f"if {inner} is None:", f"    {name} = {inner} = ()"]
    return [read, *([] if times == "aware" else nothing), f"for {inner} in {inner}:", *lines]


def joined(path: str, name: str) -> str:
    """Return what stands in the text for the field *name* of what *path* leads to."""
    return f"{path}_{name}" if path else name


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def source_moving(record: Any, times: Times, *, from_bytes: bool) -> str:
    """Return the text of a function that makes a *record* of a struct, or of the bytes of several.

    For a record with a field of each kind, from bytes and with ISO times, it is

        def read(raws, text=None):
            records = []
            structs = map(decode, raws) if text is None else decode_list(text)
            for raw, struct in zip(raws, structs):
                if struct.customer_id is None:
                    check_names(raw)
                record = new(Twin)
                record.customer_id = struct.customer_id
                record.branch_codes = struct.branch_codes or ()
                value = struct.status
                record.status = known_status(value, value)
                value = struct.due
                record.due = value if value is None or value.tzinfo else value.replace(tzinfo=zone)
                value = struct.net_amount
                if value is not None and not (value.__class__ is Decimal and value.is_finite()):
                    value = amount(value)
                record.net_amount = value
                value = struct.address
                record.address = None if value is None else read_address(value)
                value = struct.reminders
                record.reminders = tuple([read_reminders(item) for item in value]) if value else ()
                record.__class__ = Record
                records.append(record)
            return records

    Filling a frozen attrs record goes through one call of `object.__setattr__` a field. The
    function fills a twin without that instead and then changes the class, at half the cost.
    """
    assignments = [line for field in fields_of(record) for line in _assignment(field, times)]
    made = ["record = new(Twin)", *assignments, "record.__class__ = Record"]
    if not from_bytes:
        return _text(["def read(struct):"], _indented([*made, "return record"]))
    structs = "structs = map(decode, raws) if text is None else decode_list(text)"
    loop = ["records = []", structs, "for raw, struct in zip(raws, structs):"]
    body = [*_name_check(record, "struct"), *made, "records.append(record)"]
    return _of_several(loop, body)


def _assignment(field: RecordField, times: Times) -> list[str]:
    """Return the lines that set one field, with no more work than its type asks for."""
    source = f"struct.{field.name}"
    if field.kind is Decimal and not field.is_tuple:
        check = [f"value = {source}", AMOUNT_CHECK, "    value = amount(value)"]
        return [*check, f"record.{field.name} = value"]
    expression = _expression(field, times)
    if expression is None:
        return [f"record.{field.name} = {source}" + (" or ()" if field.is_tuple else "")]
    return [f"value = {source}", f"record.{field.name} = {expression}"]


def _expression(field: RecordField, times: Times) -> str | None:
    """Return what becomes of `value`, None for what msgspec leaves ready."""
    if field.is_record and field.is_tuple:
        return f"tuple([read_{field.name}(item) for item in value]) if value else ()"
    if field.is_record:
        return f"None if value is None else read_{field.name}(value)"
    if field.is_enumeration:
        return f"known_{field.name}(value, value)"
    if field.is_tuple or field.kind not in OF_MANY_NOTATIONS:
        return None
    if times == "any":
        read = "instant" if field.kind is datetime else "whole"
        return f"None if value is None else {read}(value)"
    if field.kind is int or times == "aware":
        return None
    return "value if value is None or value.tzinfo else value.replace(tzinfo=zone)"


def _name_check(record: Any, variable: str) -> list[str]:
    identity = identity_of(record)
    if identity is None:
        return []
    return [f"if {variable}.{identity.name} is None:", "    check_names(raw)"]


def _of_several(loop: list[str], body: list[str]) -> str:
    """Return the text of a function that reads several records, *body* for each in a *loop*."""
    lines = [*loop, *_indented(body), "return records"]
    return _text(["def read(raws, text=None):"], _indented(lines))


def _text(*parts: list[str]) -> str:
    return "\n".join(line for lines in parts for line in lines) + "\n"
