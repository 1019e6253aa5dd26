"""What pydantic, and by it FastAPI, makes of records and pages. pydantic alone has this imported.

Both stand in JSON under their Python names, with amounts as text and times as ISO 8601. What is
validated may be a record, or an object with its fields under their names in Python or those of the
service, each of which may be left out. Another name is refused: a record that lacks what came with
it would look like one of which nothing is known.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any

from pydantic import AliasChoices, AwareDatetime, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import core_schema
from typing_extensions import TypedDict

from enkash_async._decoding.declaration import fields_of, is_tuple
from enkash_async._decoding.extra import ExtraFields
from enkash_async._decoding.keeping import class_with_extra

_DIGITS_OF_FLOATS = 15
"""As many of a number with a fraction are what was written, once it was read as a float."""


def record_schema(record: Any, handler: Any) -> Any:
    """Return the schema of the class *record*; *handler* is pydantic's, which knows its fields."""
    hints = {name: _taken(hint) for name, hint in typing.get_type_hints(record).items()}
    names = [field.name for field in fields_of(record)]
    wire_names = tuple((field.name, field.wire_name) for field in fields_of(record))

    def as_dict(value: Any) -> dict[str, Any]:
        return {name: getattr(value, name) for name in names}

    if "extra" not in hints:
        # `to_dict` writes it; no schema can say what is in it.
        hints["extra"] = SkipJsonSchema[dict[str, Any]]
    return object_schema(
        record, hints, handler, build=_maker(record), as_dict=as_dict, wire_names=wire_names
    )


def object_schema(
    kind: Any,
    hints: dict[str, Any],
    handler: Any,
    *,
    build: Callable[[dict[str, Any]], Any],
    as_dict: Callable[[Any], dict[str, Any]],
    name: str | None = None,
    wire_names: tuple[tuple[str, str], ...] = (),
) -> Any:
    """Return the schema of the class *kind*, which stands in JSON as an object.

    *hints* are the types of its fields, *build* makes one of those that were given, and *as_dict*
    returns them all. The *name* in a schema is that of the class, unless it is given. A field may
    be given under its second name, of *wire_names*.
    """
    declared = _declared(kind, name or kind.__name__, tuple(hints.items()), wire_names)
    fields = handler.generate_schema(declared)
    given = core_schema.no_info_after_validator_function(build, fields)

    # No union, whose errors would say of every wrong field that the object is no instance as well.
    def instance_or(value: Any, validate: Callable[[Any], Any]) -> Any:
        return value if isinstance(value, kind) else validate(value)

    return core_schema.json_or_python_schema(
        json_schema=given,
        python_schema=core_schema.no_info_wrap_validator_function(instance_or, given),
        # What wraps the serializer of the fields leaves `include` and `exclude` to it.
        serialization=core_schema.wrap_serializer_function_ser_schema(
            lambda value, serialize: serialize(as_dict(value)), schema=fields
        ),
    )


# Once: two declarations of one name would be numbered in the schema of a web service.
@cache
def _declared(
    kind: Any,
    name: str,
    hints: tuple[tuple[str, Any], ...],
    wire_names: tuple[tuple[str, str], ...],
) -> Any:
    """Return the fields of the class *kind* as something that pydantic knows."""
    # As a value: type checkers take a call of the name for a declaration.
    declare: Any = TypedDict
    fields: dict[str, Any] = dict(hints)
    for own, wire in wire_names:
        # The first choice is the name in a schema.
        fields[own] = Annotated[fields[own], Field(validation_alias=AliasChoices(own, wire))]
    made = declare(name, fields, total=False)
    made.__pydantic_config__ = ConfigDict(extra="forbid")
    made.__module__ = kind.__module__
    made.__doc__ = (kind.__doc__ or "").partition("\n")[0]
    return made


def _taken(hint: Any) -> Any:
    """Return the type that a value of a field is validated as."""
    if is_tuple(hint):
        return Annotated[hint, BeforeValidator(_none_is_empty)]
    aware: Any = AwareDatetime
    amount: Any = Annotated[Decimal, BeforeValidator(_whole_amount)]
    return {datetime | None: aware | None, Decimal | None: amount | None}.get(hint, hint)


def _none_is_empty(value: Any) -> Any:
    return () if value is None else value


def _whole_amount(value: Any) -> Any:
    """Return *value*; ValueError for a float in place of an amount that had more digits."""
    if isinstance(value, float) and len(Decimal(repr(value)).as_tuple().digits) > _DIGITS_OF_FLOATS:
        raise ValueError("a number with so many digits is not exact; give the amount as text")
    return value


def _maker(record: Any) -> Callable[[dict[str, Any]], Any]:
    """Return what makes a *record* of validated values; text that names a member becomes it."""
    members = {
        field.name: {member.value: member for member in field.kind}
        for field in fields_of(record)
        if field.is_enumeration
    }
    keeps_extra = all(field.name != "extra" for field in fields_of(record))

    def make(values: dict[str, Any]) -> Any:
        for name in members.keys() & values.keys():
            values[name] = members[name].get(values[name], values[name])
        if keeps_extra and (extra := values.pop("extra", None)):
            return class_with_extra(record)(**values, extra=ExtraFields(extra))
        return record(**values)

    return make
