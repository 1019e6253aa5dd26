"""Do the names in a record fit its declaration? No I/O.

Every field of a record may be absent, so that one whose names are written in another way reads as
a record of nothing but None. The names tell the two apart. They are looked at where a record has
no identity only, since comparing them takes longer than decoding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from enkash_async._decoding.declaration import fields_of, identity_of
from enkash_async._patterns import Pattern

_NAMES_SHOWN = 5

_MAX_BYTES = 64 * 1024
"""Of a record whose names are only counted."""

_PLAIN = Pattern(r"[A-Za-z_]\w{0,39}", re.ASCII)

_DOTTED = Pattern(r"[\w.-]{1,60}", re.ASCII)

_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def is_plain(name: str) -> bool:
    """Say whether *name* holds no data: an object may be a table, whose keys do."""
    return bool(_PLAIN.fullmatch(name))


class ComparedNames(msgspec.Struct, frozen=True):
    """The names in an object, next to those that its class declares."""

    known: tuple[str, ...]
    undeclared: tuple[str, ...]
    respelled: Mapping[str, str]
    """Undeclared names which, but for case and punctuation, are declared ones."""


def compared_names(record: Any, found: Iterable[str]) -> ComparedNames:
    """Compare the names *found* in an object with those that the class *record* declares."""
    declared = _declared(record)
    known, undeclared = list[str](), list[str]()
    for name in found:
        (known if name in declared else undeclared).append(name)
    if not undeclared:
        return ComparedNames(tuple(known), (), {})
    spellings = {_letters(name): name for name in declared - set(known)}
    respelled = {
        name: spellings[letters]
        for name in undeclared
        if (letters := _letters(name)) in spellings and letters
    }
    return ComparedNames(tuple(known), tuple(undeclared), respelled)


@cache
def _declared(record: Any) -> frozenset[str]:
    return frozenset(field.wire_name for field in fields_of(record))


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def undeclared_names(record: Any, raw: bytes | msgspec.Raw) -> tuple[str, ...]:
    """Return the names in *raw*, an object, that the class *record* does not declare.

    Those that may be data are left out, and all if *raw* cannot be read or is very large.
    """
    if memoryview(raw).nbytes > _MAX_BYTES:
        return ()
    try:
        found = _decode_object(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ()
    if found.keys() <= _declared(record):
        return ()
    names = compared_names(record, found).undeclared
    return tuple(name for name in names if is_plain(name))


def why_foreign(record: Any, found: Iterable[str]) -> str | None:
    """Return why an object with the names *found* is no *record*; None if it may be one.

    It is none if it has no name at all, or lacks that of the identity and either has it in
    another spelling or knows fewer than a quarter of its names.
    """
    names = compared_names(record, found)
    identity = identity_of(record)
    total = len(names.known) + len(names.undeclared)
    if identity is None or identity.wire_name in names.known:
        return None
    if not total:
        return "is an empty object"
    if identity.wire_name not in names.respelled.values() and 4 * len(names.known) >= total:
        return None
    return (
        f"has {len(names.known)} of the {len(fields_of(record))} fields of a {record.__name__},"
        f" and no {identity.wire_name}; it has {_listed(names)}"
    )


def _listed(names: ComparedNames) -> str:
    # Respelled ones first, since they say what has changed.
    inorder = sorted(names.undeclared, key=lambda name: name not in names.respelled)
    shown = [name for name in inorder if _may_be_shown(name, names)][:_NAMES_SHOWN]
    texts = [
        f"{name} (for {names.respelled[name]})" if name in names.respelled else name
        for name in shown
    ]
    others = len(names.undeclared) - len(shown)
    if others:
        texts.append(f"{others} other{'s' if others > 1 else ''}")
    return ", ".join(texts)


def _may_be_shown(name: str, names: ComparedNames) -> bool:
    # One that is spelled like a declared name is no data.
    is_respelled = name in names.respelled and _DOTTED.fullmatch(name)
    return bool(is_respelled or is_plain(name))


@cache
def name_check(record: Any) -> Callable[[bytes | msgspec.Raw], None] | None:
    """Return what raises a ValueError for an object that is no *record*; None if all may be."""
    if identity_of(record) is None:
        return None

    def check(raw: bytes | msgspec.Raw) -> None:
        reason = why_foreign(record, _decode_object(raw))
        if reason is not None:
            raise ValueError(reason)

    return check
