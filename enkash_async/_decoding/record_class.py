"""How a record class is declared: an attrs class whose fields lie in a msgspec struct. No I/O.

For who uses it such a class is a frozen attrs class with slots. In memory it is a struct, which
msgspec fills itself: moving some fifty fields from a struct into a class of another layout would
take longer than decoding them. `struct_lane` says how the one becomes the other.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

if TYPE_CHECKING:
    from attrs import frozen as record

__all__ = ["StructRecord", "has_struct_storage", "record"]

_StructMeta: Any = type(msgspec.Struct)
_field: Any = attrs.field()
_Field: Any = _field.__class__

HOLDS_MORE = "_enkash_holds_more"
"""The attribute of a class whose records hold more than those of the class that it names."""

_NOT_OF_A_BODY = {"__dict__", "__weakref__", "__attrs_attrs__"}


class StructRecord:
    """What all records in struct storage have in common, besides what attrs and msgspec give."""

    __slots__ = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        declared = any("__attrs_attrs__" in vars(base) for base in cls.__mro__[1:])
        if HOLDS_MORE in vars(cls):
            return
        if declared and any(not _is_class_variable(hint) for hint in _annotations(cls).values()):
            raise TypeError(
                f"{cls.__name__} adds fields to a record, which has no room for them; hold the"
                " record in a field of a class of your own"
            )

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        """Yield what the `repr` shows; that of a struct shows everything."""
        kind: Any = type(self)
        for field in attrs.fields(kind):
            if field.repr:
                yield field.name, getattr(self, field.name)


def declared_class(record: Any) -> Any:
    """Return the class that declares the fields of *record*, also where it holds more than these.

    It may be derived from that, by who gave it methods.
    """
    kind = record.__class__
    return getattr(kind, HOLDS_MORE, kind)


def has_struct_storage(kind: Any) -> bool:
    """Say whether the fields of *kind* lie in a struct, rather than in the slots of attrs."""
    return isinstance(kind, _StructMeta) and issubclass(kind, StructRecord)


if not TYPE_CHECKING:

    def record(kind: type | None = None, *, kw_only: bool = False) -> Any:
        """Make a record of the class *kind*, as `attrs.frozen` does, in struct storage.

        Methods and bases without fields stay. What a struct cannot hold as it is declared becomes
        an ordinary attrs class with slots.
        """
        if kind is None:
            return lambda given: record(given, kw_only=kw_only)
        if any(attrs.has(base) for base in kind.__bases__):
            raise TypeError(f"{kind.__name__} must be derived from no class that has fields")
        made = _in_struct_storage(kind, kw_only) if _may_change_class() else None
        return attrs.frozen(kind, kw_only=kw_only, weakref_slot=False) if made is None else made


@cache
def _may_change_class() -> bool:
    """Say whether this msgspec lays out structs that differ in being frozen alike."""
    field = [("field", Any, None)]
    try:
        storage = msgspec.defstruct("Storage", field, gc=False)
        frozen = msgspec.defstruct("Frozen", field, bases=(storage,), gc=False, frozen=True)
        probe: Any = msgspec.defstruct("Probe", field, bases=(storage,), gc=False)()
        probe.__class__ = frozen
    except TypeError:
        return False
    return True


def _in_struct_storage(kind: type, kw_only: bool) -> Any:
    """Return *kind* in struct storage, None if a struct cannot hold it as it is declared."""
    body = {name: value for name, value in vars(kind).items() if name not in _NOT_OF_A_BODY}
    fields = _fields(kind, body)
    if fields is None or "__slots__" in body or hasattr(kind, "__attrs_post_init__"):
        return None
    body |= {name: getattr(field, "_default") for name, field in fields.items()}  # noqa: B009
    bases = [base for base in kind.__bases__ if base is not object]
    try:
        # It holds text, numbers, times and records like itself, which cannot refer back to it.
        made = _StructMeta(
            kind.__name__,
            (_storage(kind, fields), *bases, StructRecord, msgspec.Struct),
            body,
            frozen=True,
            kw_only=kw_only,
            gc=False,
        )
    except TypeError:
        return None
    for value in body.values():
        _refer_to(value, kind, made)
    show_fields(made, fields, kw_only=kw_only)
    return made


def _storage(kind: type, fields: Mapping[str, Any]) -> Any:
    """Return the struct from which the record *kind* and its twins are derived.

    They add nothing to it, so that Python sees at a glance that their layouts are the same.
    Otherwise it would compare all names whenever a twin becomes a record.
    """
    namespace = {"__module__": kind.__module__}
    untyped = [(name, Any, None) for name in fields]
    return msgspec.defstruct(f"_{kind.__name__}Storage", untyped, namespace=namespace, gc=False)


def show_fields(made: Any, fields: Mapping[str, Any], *, kw_only: bool = False) -> None:
    """Have attrs know these *fields* of the struct class *made*, and change nothing else of it."""
    # The struct brings `__init__`, `__eq__`, `__hash__` and `__match_args__`, in C.
    attrs.define(
        made,
        these=dict(fields),
        init=False,
        eq=False,
        match_args=False,
        slots=False,
        frozen=True,
        kw_only=kw_only,
    )
    # It would change a record that is there already.
    del made.__attrs_init__


def _fields(kind: type, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the fields that *kind* declares, None if one asks for what a struct does not do."""
    fields = dict[str, Any]()
    for name, hint in _annotations(kind).items():
        if _is_class_variable(hint):
            continue
        if name not in body:
            return None
        value = body[name]
        field = value if isinstance(value, _Field) else attrs.field(default=value)
        if not _is_plain(name, field):
            return None
        fields[name] = field
    return fields


def _is_plain(name: str, field: Any) -> bool:
    """Say whether a struct keeps a value and gives it back, just as attrs would."""
    try:
        return (
            getattr(field, "_default") in (None, ())  # noqa: B009
            and getattr(field, "_validator") is None  # noqa: B009
            and (field.converter, field.on_setattr, field.eq_key) == (None, None, None)
            and (field.init, field.eq, field.hash) == (True, True, None)
            and field.alias in (None, name)
            and not name.startswith("_")
        )
    except AttributeError:
        return False


def _annotations(kind: type) -> Mapping[str, Any]:
    return inspect.get_annotations(kind)


def _is_class_variable(hint: Any) -> bool:
    return str(hint).startswith(("typing.ClassVar", "ClassVar", "t.ClassVar"))


def _refer_to(value: Any, old: type, new: type) -> None:
    """Have what a method calls `__class__`, as `super()` does, be the class that took its place."""
    for function in _functions_of(value):
        for cell in function.__closure__ or ():
            if _content(cell) is old:
                cell.cell_contents = new


def _functions_of(value: Any) -> Iterator[FunctionType]:
    inside = [getattr(value, "__func__", value)]
    if isinstance(value, property):
        inside = [value.fget, value.fset, value.fdel]
    for function in inside:
        if isinstance(function, FunctionType):
            yield function


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None
