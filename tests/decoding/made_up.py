"""Records that no service has, with every kind of field, two deep.

Some are in struct storage and some are ordinary attrs classes, each within the other.
"""

from __future__ import annotations

import typing
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import attrs
from hypothesis import strategies as st

from enkash_async._decoding import record_class
from enkash_async._wire.keys import wire, wire_name
from tests.decoding.drawing import (
    AMOUNTS,
    FLAG,
    INSTANT,
    INT64,
    MOMENTS,
    MONEY,
    RAW_TEXT,
    TEXT,
    WHOLE,
    json_list,
    record,
)


class Colour(StrEnum):
    RED = "RED"
    BLUE = "Blue"
    SCARLET = "RED"


class Season(StrEnum):
    SPRING = "1"
    AUTUMN = "3"


@record_class.record(kw_only=True)
class Leaf:
    colour: Colour | str | None = wire()
    fallen_at: datetime | None = wire("fell")
    weight: Decimal | None = wire("WEIGHT_g")


@attrs.frozen(kw_only=True, weakref_slot=False)
class Branch:
    season: str | Season | None = wire()
    leaves: tuple[Leaf, ...] = wire(default=())
    finest_leaf: Leaf | None = wire()
    lengths: tuple[int, ...] = wire("lengths-mm", default=())
    is_dead: bool | None = wire()


@record_class.record(kw_only=True)
class Tree:
    id: str | None = wire("_id")
    branches: tuple[Branch, ...] = wire(default=())
    trunk: Branch | None = wire()
    names: tuple[str, ...] = wire(default=())
    signs: tuple[bool, ...] = wire(default=())
    colour: Colour | str | None = wire()
    planted: datetime | None = wire()
    price: Decimal | None = wire()
    rings: int | None = wire()


@attrs.frozen(weakref_slot=False)
class Nest:
    """Declared in other ways that mean the same."""

    season: typing.Union[Season, str, None] = None  # noqa: UP007
    eggs: typing.Optional[int] = None  # noqa: UP045
    tree: Leaf | None = attrs.field(default=None)


@record_class.record
class Shrub:
    """Declared in other ways, too, and holds records that are stored as it is."""

    finest_leaf: Leaf | None = None
    leaves: tuple[Leaf, ...] = ()
    height: Decimal | None = attrs.field(default=None)


RECORDS: list[Any] = [Leaf, Branch, Tree, Nest, Shrub]

COLOURS = st.sampled_from(['"RED"', '"Blue"', '"BLUE"', '"red"', '""'])
SEASONS = st.sampled_from(['"1"', '"3"', '"2"', '"SPRING"'])


def json_lists(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(items, max_size=2).map(json_list)


def texts_of(declared: Any, or_else: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Draw the JSON of a *declared* record; about every other value of a field is *or_else*."""
    hints = typing.get_type_hints(declared)
    return record(
        {
            wire_name(field): _text_of(hints[field.name], or_else) | or_else
            for field in attrs.fields(declared)
        }
    )


def _text_of(hint: Any, or_else: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    by_hint: dict[Any, st.SearchStrategy[str]] = {
        str | None: TEXT | RAW_TEXT,
        bool | None: FLAG,
        int | None: WHOLE,
        Decimal | None: MONEY,
        datetime | None: INSTANT,
        Colour | str | None: COLOURS,
        Season | str | None: SEASONS,
        tuple[str, ...]: json_lists(TEXT | or_else),
        tuple[bool, ...]: json_lists(FLAG | or_else),
        tuple[int, ...]: json_lists(WHOLE | or_else),
    }
    if hint in by_hint:
        return by_hint[hint]
    nested = texts_of(typing.get_args(hint)[0], or_else)
    return json_lists(nested | or_else) if typing.get_origin(hint) is tuple else nested


def values_of(declared: Any) -> st.SearchStrategy[Any]:
    """Draw *declared* records."""
    hints = typing.get_type_hints(declared)
    return st.builds(declared, **{name: _value_of(hint) for name, hint in hints.items()})


def _value_of(hint: Any) -> st.SearchStrategy[Any]:
    by_hint: dict[Any, st.SearchStrategy[Any]] = {
        str | None: st.text(max_size=5),
        bool | None: st.booleans(),
        int | None: INT64,
        Decimal | None: AMOUNTS,
        datetime | None: MOMENTS,
        Colour | str | None: st.sampled_from([*Colour, "green"]),
        Season | str | None: st.sampled_from([*Season, "2"]),
        tuple[str, ...]: st.lists(st.text(max_size=3), max_size=2).map(tuple),
        tuple[bool, ...]: st.lists(st.booleans(), max_size=2).map(tuple),
        tuple[int, ...]: st.lists(INT64, max_size=2).map(tuple),
    }
    if hint in by_hint:
        return by_hint[hint] if typing.get_origin(hint) is tuple else st.none() | by_hint[hint]
    nested = values_of(typing.get_args(hint)[0])
    if typing.get_origin(hint) is tuple:
        return st.lists(nested, max_size=2).map(tuple)
    return st.none() | nested
