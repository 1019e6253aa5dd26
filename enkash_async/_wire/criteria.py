"""What a filter is made of: fields that are checked when they are given. No I/O.

A filter is an attrs class derived from `Criteria` whose fields are declared with `criterion`. Each
field is given one of the checks below, and may be told how it is written on the wire.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Context, Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Self, TypeVar, cast

import attrs

from enkash_async._arguments import wrong_type
from enkash_async._patterns import Pattern
from enkash_async._wire.keys import WIRE_NAME, wire_name
from enkash_async._wire.times import iso_z
from enkash_async.errors import InvalidArgumentError

E = TypeVar("E", bound=StrEnum)

Check = Callable[[str, Any], Any]
"""Returns a value as it is kept, or raises an error that names the field."""

Write = Callable[[Any], Any]
"""Returns what stands on the wire for a value."""

MAX_DIGITS = 100
"""Digits of an amount before its point, and after it: a short text may stand for a million."""

_EXACT = Context(prec=2 * MAX_DIGITS)

WRITTEN = "enkash_async.written"

IS_END = "enkash_async.is_end"


def enum_member(kind: type[E], value: Any, name: str) -> E:
    """Return the member that *value* is or spells, in any case; the error names what is allowed."""
    if not isinstance(value, str):
        raise wrong_type(name, f"a {kind.__name__} or its text", value)
    member = {member.upper(): member for member in kind}.get(value.upper())
    if member is None:
        allowed = ", ".join(kind)
        raise InvalidArgumentError(f"{name} must be one of {allowed}, not {value!r}")
    return member


_CONTROL_CHARACTER = Pattern(r"[\x00-\x1f\x7f-\x9f]")


def utf8_text(name: str, value: str) -> str:
    """Return text that UTF-8 can write, which no half of a character can."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"{name} must be text that can be written as UTF-8") from None
    return value


def text(name: str, value: Any) -> str:
    """Return text that can be sent."""
    if not isinstance(value, str):
        raise wrong_type(name, "a str", value)
    utf8_text(name, value)
    if not value.isprintable() and _CONTROL_CHARACTER.search(value):
        raise InvalidArgumentError(
            f"{name} must be text without control characters, such as line breaks"
        )
    return value


def int32(name: str, value: Any) -> int:
    """Return an int that fits into 32 bits."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(name, "an int", value)
    if not -(2**31) <= value < 2**31:
        raise InvalidArgumentError(f"{name} must fit into 32 bits, as the service declares it")
    return value


def flag(name: str, value: Any) -> bool:
    """Return a bool."""
    if not isinstance(value, bool):
        raise wrong_type(name, "a bool", value)
    return value


def amount(name: str, value: Any) -> Decimal:
    """Return a finite amount."""
    if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
        # A float has lost its digits already.
        raise wrong_type(name, "a Decimal or an int", value)
    if isinstance(value, int) and value.bit_length() > 4 * MAX_DIGITS:
        raise InvalidArgumentError(f"{name} must have at most {MAX_DIGITS} digits")
    number = Decimal(value)
    if not number.is_finite():
        raise InvalidArgumentError(f"{name} must be a finite amount")
    exponent = number.as_tuple().exponent
    if number.adjusted() >= MAX_DIGITS or (isinstance(exponent, int) and -exponent > MAX_DIGITS):
        raise InvalidArgumentError(
            f"{name} must have at most {MAX_DIGITS} digits before and after the point"
        )
    return number


def instant(name: str, value: Any) -> datetime:
    """Return an aware instant, from a datetime or the ISO text of one."""
    if isinstance(value, str):
        value = _instant_in(name, value)
    if not isinstance(value, datetime):
        raise wrong_type(name, "a datetime with a zone, or the ISO text of one", value)
    if value.tzinfo is None or value.utcoffset() is None:
        raise InvalidArgumentError(f"{name} must be aware: give it a tzinfo, such as datetime.UTC")
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise InvalidArgumentError(f"{name} must lie within the years 1 to 9999 in UTC") from None
    return value


def instant_or_day(name: str, value: Any) -> datetime | date:
    """Return an aware instant, or a day that becomes one where its zone is known."""
    if isinstance(value, str):
        value = _day_in(name, value) or _instant_in(name, value)
    if not isinstance(value, date):
        raise wrong_type(name, "a datetime with a zone, a date, or the ISO text of one", value)
    return instant(name, value) if isinstance(value, datetime) else value


_DAY = Pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _day_in(name: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        if _DAY.fullmatch(text):
            raise InvalidArgumentError(f"{name} must be a day that exists") from None
    return None


def _instant_in(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None:
        raise InvalidArgumentError(
            f"{name} must be a time in ISO 8601 with its zone, such as 2026-01-31T09:30:00+05:30"
        )
    if moment.tzinfo is None:
        raise InvalidArgumentError(f"{name} has no zone: write one after it, such as Z or +05:30")
    return moment


def in_zone(value: Any, zone: tzinfo, *, is_end: bool) -> Any:
    """Return the instant at which a day begins in *zone*, or its last one; all else as it is."""
    if not isinstance(value, date) or isinstance(value, datetime):
        return value
    return datetime.combine(value, time.max if is_end else time.min, zone)


def texts(name: str, value: Any) -> tuple[str, ...]:
    """Return at least one text, from any iterable of them."""
    if isinstance(value, (str, bytes)):
        raise wrong_type(name, "several ids, such as a list of str", value)
    try:
        items: tuple[str, ...] = tuple(value)
    except TypeError:
        raise wrong_type(name, "an iterable of str", value) from None
    for item in items:
        text(name, item)
    if not items:
        raise InvalidArgumentError(f"{name} is empty; leave it out to search without it")
    return items


def member_of(kind: type[StrEnum]) -> Check:
    """Return the check of a field that holds a member of *kind*, or its text."""
    return lambda name, value: enum_member(kind, value, name)


def criterion(
    check: Check,
    *,
    written: Write | None = None,
    name: str | None = None,
    shown: bool = False,
    is_end: bool = False,
) -> Any:
    """Declare a field that is not sent unless it is given, and checked if it is.

    *written* turns its value into what is sent: without it instants are ISO text with `Z`. *name*
    is its name on the wire where that is not the camelCase of the Python name. Only *shown* fields
    stand in the `repr`. *is_end*: it ends a range of time, so that a day counts as a whole.
    """

    def checked(value: Any, _: Any, field: attrs.Attribute[Any]) -> Any:
        return None if value is None else check(field.name, value)

    metadata: dict[str, object] = {WRITTEN: written or _as_wire, IS_END: is_end}
    if name is not None:
        metadata[WIRE_NAME] = name
    return attrs.field(  # pyright: ignore[reportUnknownVariableType]
        default=None,
        repr=shown,
        converter=attrs.Converter(checked, takes_self=True, takes_field=True),
        metadata=metadata,
    )


def _as_wire(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso_z(value)
    if isinstance(value, tuple):
        return list(cast("tuple[str, ...]", value))
    if isinstance(value, StrEnum):
        return value.value
    return value


class Criteria:
    """Base of filters. A field that is None asks for nothing, and is not sent."""

    __slots__ = ()

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        # attrs takes what a converter is declared to take, which here is anything: `help()` and
        # notebooks would show nothing else.
        kind = cast("Any", cls)
        kind.__init__.__annotations__.update({one.name: one.type for one in attrs.fields(kind)})

    def as_wire(self) -> dict[str, Any]:
        """Return the request body: wire names, and no unset fields.

        Amounts stay `Decimal`; whoever writes the JSON must write them as numbers. Days that are
        no instants yet are those of UTC.
        """
        return {
            on_wire: write(in_zone(value, UTC, is_end=is_end))
            for name, on_wire, write, is_end in self._layout()
            if (value := getattr(self, name)) is not None
        }

    def with_days_in(self, zone: tzinfo) -> Self:
        """Return this filter with the days in it as instants of *zone*.

        A day that is the end of a range stands for its last instant, and for its first elsewhere.
        """
        days = {
            name: in_zone(value, zone, is_end=is_end)
            for name, _, _, is_end in self._layout()
            if isinstance(value := getattr(self, name), date) and not isinstance(value, datetime)
        }
        return attrs.evolve(cast("Any", self), **days) if days else self

    @classmethod
    @cache
    def _layout(cls) -> tuple[tuple[str, str, Write, bool], ...]:
        """Return name, name on the wire, writer of each field, and whether it ends a range."""
        return tuple(
            (field.name, wire_name(field), field.metadata[WRITTEN], bool(field.metadata[IS_END]))
            for field in attrs.fields(cast("type[attrs.AttrsInstance]", cls))
        )

    def canonical(self) -> dict[str, Any]:
        """Return the body in a form that is the same for all filters that ask for the same.

        Lists are sorted, and amounts are text without the zeros that end them.
        """
        return {name: _canonical(value) for name, value in self.as_wire().items()}


def _canonical(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(cast("list[str]", value))
    if isinstance(value, Decimal):
        # Not in the caller's context, in which amounts of many digits may become the same.
        return str(value.normalize(_EXACT)) if value else "0"
    return value


def check_range(low_name: str, low: Any, high_name: str, high: Any) -> None:
    """Raise a ValueError if both ends of a range are given and lie the wrong way round."""
    # A day and an instant are compared once the day is an instant, too: `with_days_in`.
    is_alike = isinstance(low, datetime) == isinstance(high, datetime)
    if low is not None and high is not None and is_alike and low > high:
        raise InvalidArgumentError(f"{low_name} must not lie after {high_name}")
