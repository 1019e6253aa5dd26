"""Records as text: JSON Lines and CSV. No I/O.

An encoder makes bytes of the records of a page, and says which of them it refuses.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import attrs
import msgspec

from enkash_async._arguments import boolean, keywords_named
from enkash_async._decoding.lines import Refused, lines_of, one_line
from enkash_async.export.columns import MASK, Column, Columns

UTF8_MARK = b"\xef\xbb\xbf"

_IS_NUMBER = re.compile(r"[+-]?\d[\d .,]*", re.ASCII).fullmatch
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""So begin cells that a spreadsheet may run: owasp.org/www-community/attacks/CSV_Injection."""


class _Number(str):
    """A number as it was written: a float would not keep its digits, and a text is defused."""

    __slots__ = ()


_encode = msgspec.json.Encoder(enc_hook=lambda number: msgspec.Raw(number.encode())).encode
_fields_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

_MASKED = msgspec.Raw(_encode(MASK))
_NULL = msgspec.Raw(b"null")
_EMPTY = msgspec.Raw(b"[]")


class Encoder(Protocol):
    """Makes bytes of records."""

    def head(self) -> bytes:
        """Return what stands before the first record."""
        ...

    def encode(self, records: Sequence[bytes], *, are_parsed: bool) -> tuple[bytes, list[Refused]]:
        """Return *records* as they are written, and those that are left out.

        Where they *are_parsed*, msgspec has gone through each of them.
        """
        ...


class JsonLines:
    """One JSON object a line: as it came, or the chosen columns of it."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns.columns
        self._is_whole = columns.is_whole
        self._keeps_undeclared = columns.keeps_undeclared
        self._declared = {column.wire for column in columns.columns}

    def head(self) -> bytes:
        """Return nothing."""
        return b""

    def encode(self, records: Sequence[bytes], *, are_parsed: bool) -> tuple[bytes, list[Refused]]:
        """Return *records* as lines, and those that are no strict JSON."""
        lines, refused = lines_of(records, are_parsed=are_parsed)
        if self._is_whole or not lines:
            return lines, refused
        chosen = [self._chosen(line) for line in lines.split(b"\n")[:-1]]
        return b"\n".join([*chosen, b""]), refused

    def _chosen(self, line: bytes) -> bytes:
        fields = _fields_of(line)
        chosen = {
            column.title: _masked(column, fields[column.wire])
            for column in self._columns
            if column.wire in fields
        }
        if self._keeps_undeclared:
            chosen = {k: v for k, v in fields.items() if k not in self._declared} | chosen
        return _encode(chosen)


def _masked(column: Column, value: msgspec.Raw) -> msgspec.Raw:
    if not column.is_masked or value == _NULL:
        return value
    if column.is_list:
        return _EMPTY
    return _MASKED if column.is_text else _NULL


@keywords_named
@attrs.frozen(kw_only=True)
class CsvStyle:
    """How CSV is written.

    *bom*: begin with a byte order mark, by which spreadsheets know UTF-8. *defuse*: put an
    apostrophe before texts that a spreadsheet would run as a formula. *nested*: write lists as JSON
    text, or leave their columns out.
    """

    bom: bool = False
    defuse: bool = True
    nested: bool = True

    def __attrs_post_init__(self) -> None:
        for name, given in attrs.asdict(self).items():
            boolean(name, given)


class Csv:
    """Lines as RFC 4180 has them, with a header, in UTF-8.

    Texts stand as they are, numbers with their digits, times as the service wrote them; null and
    what is missing is an empty cell.
    """

    def __init__(self, columns: Columns, style: CsvStyle) -> None:
        self._style = style
        self._columns = columns.columns
        row = msgspec.defstruct(
            "Row",
            [
                (f"c{place}", msgspec.Raw if one.is_list else Any, None)
                for place, one in enumerate(self._columns)
            ],
            rename={f"c{place}": one.wire for place, one in enumerate(self._columns)},
            gc=False,
        )
        self._rows = msgspec.json.Decoder(row, float_hook=_Number).decode
        self._cells: list[Callable[[Any], Any]] = [self._cell_of(one) for one in self._columns]

    def head(self) -> bytes:
        """Return the header."""
        titles = [one.title for one in self._columns]
        return UTF8_MARK * self._style.bom + _written([titles])

    def encode(self, records: Sequence[bytes], *, are_parsed: bool) -> tuple[bytes, list[Refused]]:
        """Return *records* as lines, and those that are no strict JSON."""
        refused = dict(lines_of(records, are_parsed=are_parsed)[1])
        rows = list[Sequence[Any]]()
        cells = self._cells
        for index, record in enumerate(records):
            if index in refused:
                continue
            try:
                values = msgspec.structs.astuple(self._rows(record))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
                # A whole number of thousands of digits, which is strict JSON.
                refused[index] = f"cannot be read: {error}"
                continue
            rows.append([cell(value) for cell, value in zip(cells, values, strict=True)])
        return _written(rows), sorted(refused.items())

    def _cell_of(self, column: Column) -> Callable[[Any], Any]:
        if column.is_masked:
            return _mask_of(column)
        defuse = _defused if self._style.defuse else _text

        def cell(value: Any) -> Any:
            kind = value.__class__
            if kind is str:
                return defuse(value)
            if value is None or kind is int or kind is _Number:
                return value
            if kind is bool:
                return "true" if value else "false"
            return defuse(_json_text(value))

        return cell


def _text(text: str) -> str:
    return text


def _defused(text: str) -> str:
    if text.startswith(_RISKY) and not _IS_NUMBER(text):
        return f"'{text}"
    return text


def _json_text(value: Any) -> str:
    if isinstance(value, msgspec.Raw):
        raw = bytes(value)
        return "" if raw == b"null" else one_line(raw).decode()
    return _encode(_with_digits(value)).decode()


def _with_digits(value: Any) -> Any:
    # Whole numbers beyond 64 bits are none that msgspec writes.
    kind = value.__class__
    if kind is dict:
        return {name: _with_digits(one) for name, one in value.items()}
    if kind is list:
        return [_with_digits(one) for one in value]
    return _Number(value) if kind is int else value


def _mask_of(column: Column) -> Callable[[Any], Any]:
    masked = "[]" if column.is_list else MASK if column.is_text else None

    def mask(value: Any) -> Any:
        is_null = value is None or (isinstance(value, msgspec.Raw) and value == _NULL)
        return None if is_null else masked

    return mask


def _written(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
