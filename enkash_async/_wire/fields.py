"""Single fields of records that are not decoded: which record it is, and its time. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import Any, cast

import msgspec

from enkash_async._wire.broken_texts import decode_despite_broken_texts
from enkash_async._wire.nesting import TooDeepError, pruned
from enkash_async._wire.numbers import from_digits
from enkash_async._wire.times import instant

Written = str | int | Decimal
"""A time as it stands on the wire."""


MAX_ID = 256
"""Characters of an id that are kept as they are. Thousands are remembered, and stand in tokens."""


@cache
def identity_reader(name: str) -> Callable[[msgspec.Raw], str]:
    """Return a function from a record to its field *name*, which tells it from all others.

    For a record without one it is a hash of the whole text. Neighbouring pages are compared by
    it, so that a record that cannot be decoded still has an identity. The text itself would take
    personal data into resume tokens. A long one is hashed, too.
    """
    field = _Field(name, str)

    def identify(raw: msgspec.Raw) -> str:
        identity: str | None = field.of(raw)
        # An empty one tells no record from another.
        return as_identity(identity) if identity else hash_of(raw)

    return identify


def as_identity(record_id: str) -> str:
    """Return what tells the record with this id: the id, or what stands for a long one."""
    if len(record_id) > MAX_ID:
        return f"id-sha256:{sha256(record_id.encode(errors='surrogatepass')).hexdigest()}"
    return record_id


def hash_of(raw: bytes | msgspec.Raw) -> str:
    """Return what stands for the id of a record that has none."""
    return f"sha256:{sha256(raw).hexdigest()}"


def time_reader(
    name: str, naive_timezone: tzinfo
) -> Callable[[Sequence[msgspec.Raw]], list[datetime | None]]:
    """Return a function from records to the instants in their field *name*.

    None stands for one that cannot be read.
    """
    field = _Field(name, Any)

    def written(raw: msgspec.Raw) -> Written | None:
        value = field.of(raw)
        return value if isinstance(value, (str, int, Decimal)) else None

    def read(records: Sequence[msgspec.Raw]) -> list[datetime | None]:
        # Where this is asked for a whole page, most have the same time.
        known: dict[Written | None, datetime | None] = {}
        times: list[datetime | None] = []
        for raw in records:
            text = written(raw)
            if text not in known:
                known[text] = _instant_or_none(text, naive_timezone)
            times.append(known[text])
        return times

    return read


class _Field:
    """Reads one field of a record, None where it is not there or of another *kind*."""

    def __init__(self, name: str, kind: Any) -> None:
        self._name = name
        self._types = object if kind is Any else kind
        field = msgspec.defstruct("Field", [("value", kind | None, None)], rename={"value": name})
        self._decode: Any = msgspec.json.Decoder(field, float_hook=from_digits).decode

    def of(self, raw: msgspec.Raw) -> Any:
        try:
            return self._decode(raw).value
        except msgspec.ValidationError:
            return None
        except RecursionError:
            return self._of_deep(bytes(raw))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._despite_broken_texts(bytes(raw))

    def _of_deep(self, text: bytes) -> Any:
        try:
            return self._decode(pruned(text)).value
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TooDeepError):
            return None

    def _despite_broken_texts(self, text: bytes) -> Any:
        """Return the field of a record that holds halves of characters in another one."""
        try:
            record = decode_despite_broken_texts(text, from_digits)
        except (ValueError, RecursionError):
            return None
        value = None
        if isinstance(record, dict):
            value = cast("dict[str, Any]", record).get(self._name)
        # A broken one is no identity: mended, it might be the same as another.
        is_whole = not (isinstance(value, str) and _has_halves(value))
        return value if is_whole and isinstance(value, self._types) else None


def _has_halves(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _instant_or_none(written: Written | None, naive_timezone: tzinfo) -> datetime | None:
    try:
        return instant(written, naive_timezone)
    except ValueError:
        return None
