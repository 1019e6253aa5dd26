"""Fields that the service sends and no record declares, as a record holds them. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from enkash_async._decoding.names import is_plain
from enkash_async._decoding.text import TextForPeople

_NAMES_SHOWN = 5

MAX_LEVELS = 32
"""Of a value: whoever gets it walks through them by functions that recurse."""


class ExtraFields(TextForPeople, Mapping[str, Any]):
    """Undeclared fields under the names of the service. They cannot be changed.

    A number with a fraction is a `Decimal`, a list a tuple, and an object inside is like this one.
    The `repr` shows names and no values, which may be personal data; `to_dict()` has them.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = {name: frozen(value) for name, value in fields.items()}

    def to_dict(self, *, json: bool = False) -> dict[str, Any]:
        """Return them as dicts and lists; with *json* a number with a fraction is text."""
        return {name: _thawed(value, json) for name, value in self._fields.items()}

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __hash__(self) -> int:
        return hash(frozenset(self._fields.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return ExtraFields, (self._fields,)

    def __repr__(self) -> str:
        if not self:
            return "<no extra fields>"
        # A name may be data too, where an object is a table.
        names = [name for name in self if is_plain(name)][:_NAMES_SHOWN]
        if others := len(self) - len(names):
            names.append(f"{others} other{'' if others == 1 else 's'}")
        return f"<extra fields {', '.join(names)}; values hidden>"

    def _lacks(self) -> str | None:
        return "the values" if self else None


NO_EXTRA = ExtraFields({})
"""What a record holds that has no undeclared fields, or was read without a look at them."""


def frozen(value: Any, levels: int = MAX_LEVELS) -> Any:
    """Return *value*, of JSON, so that it cannot be changed; ValueError if it is nested deeper."""
    if not levels:
        raise ValueError(f"nested deeper than {MAX_LEVELS} levels")
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return ExtraFields({name: frozen(inside, levels - 1) for name, inside in fields.items()})
    if isinstance(value, list):
        return tuple([frozen(item, levels - 1) for item in cast("list[object]", value)])
    return value


def _thawed(value: Any, json: bool) -> Any:
    if isinstance(value, ExtraFields):
        return value.to_dict(json=json)
    if isinstance(value, tuple):
        return [_thawed(item, json) for item in cast("tuple[object, ...]", value)]
    return str(value) if json and isinstance(value, Decimal) else value
