"""Fields of a row that a caller gives instead of having them invented. No I/O."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
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

    Their names are those of the wire or of Python; times are aware datetimes or texts, amounts
    whole numbers or Decimals of at most two digits after the point.
    """

    def __init__(self, table: Table, settings: SandboxSettings) -> None:
        self._table = table
        self._tick = settings.tick
        self._write_date = date_writer(settings.date_style, settings.clock_resolution)
        self._times = {table.created.column, *table.times}
        self._names = [*table.stored, *table.lists]

    def named(self, fields: Fields) -> dict[str, Any]:
        """Return *fields* under the names of the wire; ValueError for one that there is not."""
        return {_name_among(self._names, name): value for name, value in fields.items()}

    def stored(self, name: str, value: Any) -> Any:
        """Return *value* as the store keeps it; TypeError or ValueError if it cannot be kept."""
        if value is None:
            return None
        if name in self._times:
            return self._instant(name, value) // self._tick * self._tick
        if name in self._table.amounts:
            return _paise(name, value)
        if not isinstance(value, str | int | float | Decimal):
            raise TypeError(f"{name} must be a text, a number or a flag, got {value!r}")
        return float(value) if isinstance(value, Decimal) else value

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

    def _list(self, name: str, value: object, identity: str) -> list[Any]:
        if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
            raise TypeError(f"{name} must be a list, got {value!r}")
        names = self._table.lists[name]
        items = cast("Iterable[object]", value)
        return [self._item(name, item, names, identity) if names else item for item in items]

    def _item(
        self, name: str, item: object, names: tuple[str, ...], identity: str
    ) -> dict[str, Any]:
        if not isinstance(item, Mapping):
            raise TypeError(f"each of {name} must be a mapping of fields, got {item!r}")
        given = {
            _name_among(names, str(key)): self._inside(one)
            for key, one in cast("Mapping[object, object]", item).items()
        }
        of_whose = {self._table.identity: identity} if self._table.identity in names else {}
        return dict.fromkeys(names) | of_whose | given

    def _inside(self, value: object) -> object:
        return self._write_date(self._instant("a time", value)) if _is_time(value) else value

    def _instant(self, name: str, value: object) -> int:
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise ValueError(f"{name} must be a time with a zone, got {value!r}")
            return int(epoch_ms(value))
        try:
            return int(read_instant(value))
        except ValueError as error:
            raise ValueError(f"{name} {error}, got {value!r}") from error


def _is_time(value: object) -> bool:
    return isinstance(value, datetime)


def _paise(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError(f"{name} must be a whole number or a Decimal, got {value!r}")
    paise = Decimal(value) * 100
    if not paise.is_finite() or paise != paise.to_integral_value() or abs(paise) >= 2**63:
        raise ValueError(f"{name} must have at most two digits after the point, got {value!r}")
    return int(paise)


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
