"""By which field a search is ordered: the name on the wire for what a caller calls it. No I/O."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

import attrs

from enkash_async._wire.criteria import text
from enkash_async._wire.keys import wire_name
from enkash_async.errors import InvalidArgumentError

ALIKE = 0.8
"""How much a name must be like that of a field to be taken for a slip, from 0 to 1."""


@cache
def names_of(record: type) -> dict[str, str]:
    """Return the name on the wire for each name of a field, Python's or the service's."""
    fields = attrs.fields(cast("type[attrs.AttrsInstance]", record))
    return {name: wire_name(field) for field in fields for name in (field.name, wire_name(field))}


def ordered_by(given: Any, record: type, example: str) -> str:
    """Return the name on the wire of the field *given*.

    The service documents no names, so one that is like none of a record is sent as it is; one that
    is nearly that of a field is an error, which names the field.
    """
    name = text("order_by", given)
    if not name:
        raise InvalidArgumentError(f'order_by must be the name of a field, such as "{example}"')
    if not given.isprintable():
        # Half a character could not be sent, and what cannot be seen is in no name.
        raise InvalidArgumentError("order_by must not hold control characters, or half a character")
    names = names_of(record)
    if name in names:
        return names[name]
    # Not at the top: who mistakes no name need not have it loaded.
    from difflib import get_close_matches

    lowered = {name.lower(): name for name in names}
    if alike := get_close_matches(name.lower(), lowered, 1, ALIKE):
        raise InvalidArgumentError(
            f"order_by: there is no field {name!r}; did you mean {lowered[alike[0]]!r}?"
            " What is no field at all is sent as it is"
        )
    return name
