"""A filter from a file, for what must not stand in the arguments of a process."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, cast

import attrs

from enkash_async import CustomerFilter
from enkash_async._wire.keys import wire_name
from enkash_async.cli.times import time_of

MAX_BYTES = 16 * 1024 * 1024

_TIMES = ("created_on_from", "created_on_to", "modified_on")
_AMOUNTS = ("balance_amount",)


def read_filter(path: str) -> dict[str, Any]:
    """Return the fields of a filter in the JSON or TOML file at *path*; "-" is stdin.

    Names are those of `CustomerFilter`, or of the service. ValueError says what is wrong, without
    a value.
    """
    name = "stdin" if path == "-" else path
    try:
        text = _content(path)
    except OSError as error:
        raise ValueError(f"cannot read {name}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{name} is no UTF-8") from None
    return _fields(_parsed(text, name), name)


def _fields(values: Mapping[str, Any], path: str) -> dict[str, Any]:
    names = _names()
    fields = dict[str, Any]()
    for given, value in values.items():
        name = names.get(given)
        if name is None:
            raise ValueError(f"{path}: a filter has no field {given!r}")
        if name in fields:
            raise ValueError(f"{path}: {name} is given twice")
        try:
            fields[name] = _value(name, value)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    return fields


def _names() -> Mapping[str, str]:
    fields = attrs.fields(CustomerFilter)
    return {one.name: one.name for one in fields} | {wire_name(one): one.name for one in fields}


def _content(path: str) -> str:
    if path != "-":
        return Path(path).read_bytes()[:MAX_BYTES].decode("utf-8-sig")
    if sys.stdin is None:
        raise ValueError("stdin is closed; name a file with the filter")
    return sys.stdin.buffer.read(MAX_BYTES).decode("utf-8-sig")


def _parsed(text: str, path: str) -> dict[str, Any]:
    stripped = text.strip()
    if not stripped:
        raise ValueError(f"{path} is empty; a filter that matches all is {{}}")
    # A name between brackets would be a table of TOML.
    begins_as_json = stripped.startswith("{") or re.match(r'\[\s*[{"\]]', stripped) is not None
    is_json = path.endswith((".json", ".jsonl")) or begins_as_json
    try:
        if path.endswith(".toml") or not is_json:
            return tomllib.loads(text, parse_float=Decimal)
        value: Any = json.loads(stripped, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is no TOML: {error}") from None
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            raise ValueError(
                f"{path} holds more than one filter; give one of its lines, as by sed -n 1p"
            ) from None
        raise ValueError(f"{path} is no JSON: {error.msg}, line {error.lineno}") from None
    except (ValueError, RecursionError):
        # A number of thousands of digits, or lists nested as deep.
        raise ValueError(f"{path} holds what cannot be a filter") from None
    if not isinstance(value, dict):
        kind = "a list; give one of its filters" if isinstance(value, list) else "no object"
        raise ValueError(f"{path} must hold one JSON object, and holds {kind}")
    return cast("dict[str, Any]", value)


def _value(name: str, value: Any) -> Any:
    if name in _AMOUNTS and isinstance(value, str):
        try:
            return Decimal(value)
        except InvalidOperation:
            raise ValueError(f"{name} is no amount") from None
    if name not in _TIMES or value is None:
        return value
    if not isinstance(value, str | date):
        raise ValueError(f"{name} must be an ISO time with a zone, or a date")
    try:
        time = time_of(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    if isinstance(time, datetime) and time.tzinfo is None:
        raise ValueError(f"{name} has no zone; add one, such as Z or +05:30")
    return time
