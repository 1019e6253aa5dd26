"""Fields of a row that a caller gives instead of having them invented. No I/O."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, cast

import msgspec

from enkash_async.sandbox.data.dates import date_writer, epoch_ms, read_instant
from enkash_async.sandbox.data.rows import money
from enkash_async.sandbox.data.table import Row, Table
from enkash_async.sandbox.settings import SandboxSettings

Fields = Mapping[str, Any]

_decode = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


class GivenFields:
    """Puts fields that are given into rows of a table.

    Their names are those of the wire or of Python; times are aware datetimes, texts, or days,
    which begin at midnight in UTC; amounts are whole numbers or Decimals of at most two digits
    after the point; what else there is, the table declares.
    """

    def __init__(self, table: Table, settings: SandboxSettings) -> None:
        self._table = table
        self._tick = settings.tick
        self._write_date = date_writer(settings.date_style, settings.clock_resolution)
        self._times = {table.created.column, *table.times}
        self._names = [*table.stored, *table.lists]

    def named(self, fields: Fields) -> dict[str, Any]:
        """Return *fields* under the names of the wire.

        ValueError for one that there is not, or that is given twice.
        """
        if not isinstance(fields, Mapping):
            raise TypeError(f"fields must be a mapping of names to values, got {fields!r}")
        return _under_names(self._names, fields)

    def stored(self, name: str, value: Any) -> Any:
        """Return *value* as the store keeps it; TypeError or ValueError if it cannot be kept."""
        if value is None:
            return None
        if name in self._times:
            return self._instant(name, value) // self._tick * self._tick
        if name in self._table.amounts:
            return _paise(name, value)
        return self._plain(name, value)

    def _plain(self, name: str, value: object) -> object:
        """Return a value that is neither a time nor an amount, as its column declares it."""
        table = self._table
        if name in table.flags:
            return _flag(name, value)
        if name in table.wholes or name == table.number:
            return _whole(name, value)
        if name in table.numbers:
            return _number(name, value)
        return _text(name, value, table.choices.get(name, ()))

    def applied(self, row: Row, fields: Fields) -> Row:
        """Return *row* with *fields*, named as on the wire, in place of what it held."""
        values = dict(zip(self._table.stored, row, strict=False))
        record = _decode(row[-1])
        values |= {name: self.stored(name, fields[name]) for name in values.keys() & fields.keys()}
        identity = values[self._table.identity]
        for name in record.keys() & fields.keys():
            if name in self._table.lists:
                record[name] = self._list(name, fields[name], identity)
            else:
                record[name] = self._sent(name, fields[name], values[name])
        return (*values.values(), _encode(record))

    def _sent(self, name: str, value: Any, stored: Any) -> Any:
        if stored is None:
            return None
        if name in self._times:
            return self._write_date(stored)
        return money(stored) if name in self._table.amounts else value

    def _list(self, name: str, value: object, identity: str) -> list[Any] | None:
        if value is None:
            return None
        if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
            raise TypeError(f"{name} must be a list, got {value!r}")
        names = self._table.lists[name]
        items = cast("Iterable[object]", value)
        return [
            self._item(name, item, names, identity) if names else _text(f"each of {name}", item)
            for item in items
        ]

    def _item(
        self, name: str, item: object, names: tuple[str, ...], identity: str
    ) -> dict[str, Any]:
        if not isinstance(item, Mapping):
            raise TypeError(f"each of {name} must be a mapping of fields, got {item!r}")
        inside = _under_names(names, cast("Mapping[object, object]", item))
        given = {key: self._inside(f"{key} in {name}", key, one) for key, one in inside.items()}
        of_whose = {self._table.identity: identity} if self._table.identity in names else {}
        return dict.fromkeys(names) | of_whose | given

    def _inside(self, title: str, name: str, value: object) -> object:
        if value is None:
            return None
        if name in self._times or isinstance(value, date):
            return self._write_date(self._instant(title, value))
        try:
            return self._plain(name, value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{title}{str(error).removeprefix(name)}") from None

    def _instant(self, name: str, value: object) -> int:
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time.min, UTC)
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise ValueError(f"{name} must be a time with a zone, got {value!r}")
            return self._writable(name, int(epoch_ms(value)))
        try:
            instant = int(read_instant(value))
        except ValueError as error:
            raise ValueError(f"{name} {error}, got {value!r}") from error
        return self._writable(name, instant)

    def _writable(self, name: str, instant: int) -> int:
        try:
            self._write_date(instant)
        except OverflowError:
            raise ValueError(f"{name} must lie within the years 1 to 9999") from None
        return instant


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be true or false, got {value!r}")
    return value


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"{name} must fit into 64 bits, got {value}")
    return value


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError(f"{name} must be a number, got {value!r}")
    # Decimals first: a NaN of theirs cannot be compared.
    is_finite = value.is_finite() if isinstance(value, Decimal) else value == value
    if not is_finite or not -(2**63) < value < 2**63:
        raise ValueError(f"{name} must be finite and fit into 64 bits, got {value}")
    return float(value) if isinstance(value, Decimal) else value


def _text(name: str, value: object, choices: tuple[str, ...] = ()) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a text, got {value!r}")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"{name} holds half of a character that UTF-8 cannot write, {value!r}")
    if choices and value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
    return value


def _paise(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError(f"{name} must be a whole number or a Decimal, got {value!r}")
    paise = Decimal(value) * 100
    if not paise.is_finite() or paise != paise.to_integral_value() or abs(paise) >= 2**63:
        raise ValueError(f"{name} must have at most two digits after the point, got {value!r}")
    return int(paise)


def _under_names(names: Iterable[str], given: Mapping[Any, Any]) -> dict[str, Any]:
    """Return *given* under the *names* that its own are spellings of."""
    found = dict[str, Any]()
    for spelling, value in given.items():
        name = _name_among(names, str(spelling))
        if name in found:
            raise ValueError(f"{name} is given twice")
        found[name] = value
    return found


def _name_among(names: Iterable[str], name: str) -> str:
    """Return the one of *names* that *name* is in any spelling; ValueError if it is none."""
    spelled: Callable[[str], str] = lambda text: text.replace("_", "").lower()  # noqa: E731
    by_letters = {spelled(one): one for one in names}
    found = by_letters.get(spelled(name))
    if found is None:
        close = difflib.get_close_matches(spelled(name), by_letters, 1)
        hint = f"did you mean {by_letters[close[0]]}?" if close else ", ".join(by_letters.values())
        raise ValueError(f"there is no field {name}: {hint}")
    return found
