"""What pydantic, and by it FastAPI, makes of records and pages. pydantic alone has this imported.

Both stand in JSON under their Python names, with amounts as text and times as ISO 8601. What is
validated may be a record, or an object with such fields, each of which may be left out.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import AwareDatetime
from pydantic_core import core_schema
from typing_extensions import TypedDict

from enkash_async._decoding.declaration import fields_of


def record_schema(record: Any, handler: Any) -> Any:
    """Return the schema of the class *record*; *handler* is pydantic's, which knows its fields."""
    hints = {name: _aware(hint) for name, hint in typing.get_type_hints(record).items()}
    names = [field.name for field in fields_of(record)]

    def as_dict(value: Any) -> dict[str, Any]:
        return {name: getattr(value, name) for name in names}

    return object_schema(record, hints, handler, build=_maker(record), as_dict=as_dict)


def object_schema(
    kind: Any,
    hints: dict[str, Any],
    handler: Any,
    *,
    build: Callable[[dict[str, Any]], Any],
    as_dict: Callable[[Any], dict[str, Any]],
    name: str | None = None,
) -> Any:
    """Return the schema of the class *kind*, which stands in JSON as an object.

    *hints* are the types of its fields, *build* makes one of those that were given, and *as_dict*
    returns them all. The *name* in a schema is that of the class, unless it is given.
    """
    fields = handler.generate_schema(_declared(kind, name or kind.__name__, tuple(hints.items())))
    given = core_schema.no_info_after_validator_function(build, fields)
    return core_schema.json_or_python_schema(
        json_schema=given,
        python_schema=core_schema.union_schema([core_schema.is_instance_schema(kind), given]),
        # What wraps the serializer of the fields leaves `include` and `exclude` to it.
        serialization=core_schema.wrap_serializer_function_ser_schema(
            lambda value, serialize: serialize(as_dict(value)), schema=fields
        ),
    )


# Once: two declarations of one name would be numbered in the schema of a web service.
@cache
def _declared(kind: Any, name: str, hints: tuple[tuple[str, Any], ...]) -> Any:
    """Return the fields of the class *kind* as something that pydantic knows."""
    # As a value: type checkers take a call of the name for a declaration.
    declare: Any = TypedDict
    made = declare(name, dict(hints), total=False)
    made.__module__ = kind.__module__
    made.__doc__ = (kind.__doc__ or "").partition("\n")[0]
    return made


def _aware(hint: Any) -> Any:
    aware: Any = AwareDatetime
    return aware | None if hint == datetime | None else hint


def _maker(record: Any) -> Callable[[dict[str, Any]], Any]:
    """Return what makes a *record* of validated values; text that names a member becomes it."""
    members = {
        field.name: {member.value: member for member in field.kind}
        for field in fields_of(record)
        if field.is_enumeration
    }

    def make(values: dict[str, Any]) -> Any:
        for name in members.keys() & values.keys():
            values[name] = members[name].get(values[name], values[name])
        return record(**values)

    return make
