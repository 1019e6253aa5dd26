"""Under which name a field stands on the wire. No I/O."""

from __future__ import annotations

from typing import Any

import attrs

WIRE_NAME = "enkash_async.wire_name"
IDENTITY = "enkash_async.identity"


def wire(
    name: str | None = None,
    *,
    default: Any = None,
    shown: bool = False,
    identity: bool = False,
) -> Any:
    """Declare a field; *name* where the wire name is not the camelCase of the Python name.

    Fields hold personal or bank data more often than not, so only *shown* ones are in the `repr`.
    One field is the *identity* of the records of a list: pages are compared by it, `get` asks for
    it, it is never null in Arrow, and where it is missing, it is made sure that the object is a
    record at all.
    """
    metadata: dict[str, Any] = {} if name is None else {WIRE_NAME: name}
    if identity:
        metadata[IDENTITY] = True
    return attrs.field(default=default, repr=shown, metadata=metadata)


def wire_name(attribute: attrs.Attribute[Any]) -> str:
    """Return the name under which the service knows *attribute*."""
    explicit: str | None = attribute.metadata.get(WIRE_NAME)
    if explicit is not None:
        return explicit
    head, *tail = attribute.name.split("_")
    return head + "".join(word.capitalize() for word in tail)
