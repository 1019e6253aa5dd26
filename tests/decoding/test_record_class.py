"""A record in struct storage is a frozen attrs class with slots, for all that a user can do."""

from __future__ import annotations

import abc
import copy
import gc
import inspect
import operator
import pickle
import sys
import weakref
from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from typing import Any, ClassVar, get_type_hints

import attrs
import cattrs
import msgspec
import pytest

from enkash_async import Customer, CustomerKeyContact
from enkash_async._decoding import record_class
from enkash_async._decoding.decoder import LANES
from enkash_async._decoding.record_class import has_struct_storage
from enkash_async._decoding.struct_lane import _struct, struct_lane
from enkash_async._wire.keys import wire


class Shouting:
    __slots__ = ()

    def loud(self) -> str:
        return f"{self!r}!".upper()


@record_class.record(kw_only=True)
class Coin(Shouting):
    """A coin."""

    NAMES: ClassVar[tuple[str, ...]] = ("penny",)

    value: Decimal | None = wire(shown=True)
    owner: str | None = wire()
    marks: tuple[str, ...] = wire(default=())

    def loud(self) -> str:
        return f"{super().loud()}?"

    @property
    def made_of(self) -> Any:
        return __class__  # type: ignore[name-defined]

    @classmethod
    def penny(cls) -> Coin:
        return cls(value=Decimal("0.01"))

    @staticmethod
    def kind() -> Any:
        return __class__  # type: ignore[name-defined]


@attrs.frozen(kw_only=True, weakref_slot=False)
class AttrsCoin:
    """The same without struct storage."""

    value: Decimal | None = attrs.field(default=None)
    owner: str | None = attrs.field(default=None, repr=False)
    marks: tuple[str, ...] = attrs.field(default=(), repr=False)


@record_class.record
class Pair:
    left: str | None = None
    right: Coin | None = None


def coin(**changes: Any) -> Coin:
    fields: dict[str, Any] = {"value": Decimal("0.50"), "owner": "Asha", "marks": ("a",)}
    return Coin(**fields | changes)


def read(raw: bytes, record: Any = Coin) -> Any:
    return struct_lane(record, UTC, "iso")([raw])[0]


MADE = pytest.mark.parametrize(
    "made",
    [coin(), read(b'{"value": "0.50", "owner": "Asha", "marks": ["a"]}')],
    ids=["called", "read"],
)


def test_records_are_in_struct_storage() -> None:
    for record in (Customer, CustomerKeyContact, Coin, Pair):
        assert has_struct_storage(record)
    assert not has_struct_storage(AttrsCoin)


def test_a_record_and_its_twins_add_nothing_to_the_storage_that_they_share() -> None:
    records: list[Any] = [Customer, CustomerKeyContact, Coin, Pair]
    for record in records:
        storage = record.__mro__[1]
        for times in LANES:
            twin: Any = _struct(record, times)
            assert twin.__mro__[1] is storage
            for kind in (record, twin):
                assert kind.__basicsize__ == storage.__basicsize__
                assert kind.__struct_fields__ == storage.__struct_fields__
                assert not vars(kind).keys() & set(storage.__struct_fields__)


def test_attrs_takes_it_for_one_of_its_own() -> None:
    mine, theirs = attrs.fields(Coin), attrs.fields(AttrsCoin)

    assert attrs.has(Coin)
    for name in ("name", "default", "repr", "kw_only", "metadata", "type", "alias", "init"):
        assert [getattr(field, name) for field in mine] == [
            getattr(field, name) for field in theirs
        ]
    assert get_type_hints(Coin)["marks"] == tuple[str, ...]


@MADE
def test_attrs_shows_copies_and_unpacks_it(made: Coin) -> None:
    assert repr(made) == "Coin(value=Decimal('0.50'))"
    assert attrs.evolve(made, owner=None) == coin(owner=None)
    assert attrs.asdict(made) == {"value": Decimal("0.50"), "owner": "Asha", "marks": ("a",)}
    assert attrs.astuple(made) == (Decimal("0.50"), "Asha", ("a",))


@MADE
def test_cattrs_takes_it_apart_and_makes_it_again(made: Coin) -> None:
    converter = cattrs.Converter()
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    parts = converter.unstructure(Pair("x", made))

    assert parts["right"]["value"] == "0.50"
    assert converter.structure(parts, Pair) == Pair("x", coin())


@MADE
def test_it_compares_and_hashes_by_value(made: Coin) -> None:
    assert made == coin()
    assert hash(made) == hash(coin())
    assert made != coin(owner="Ravi")
    other: Any = AttrsCoin(value=Decimal("0.50"), owner="Asha", marks=("a",))
    assert made != other
    with pytest.raises(TypeError):
        other < made  # noqa: B015
    with pytest.raises(TypeError):
        operator.lt(made, coin())


@MADE
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_pickles(made: Coin, protocol: int) -> None:
    again = pickle.loads(pickle.dumps(Pair("x", made), protocol))

    assert again == Pair("x", coin())
    assert type(again.right) is Coin


@MADE
def test_it_is_copied(made: Coin) -> None:
    for same in (copy.copy(made), copy.deepcopy(made)):
        assert (same, type(same)) == (coin(), Coin)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="copy.replace came with Python 3.13")
@MADE
def test_it_is_copied_with_changes(made: Coin) -> None:
    replace = getattr(copy, "replace")  # noqa: B009

    assert replace(made, owner="Ravi") == coin(owner="Ravi")


@MADE
def test_it_cannot_be_changed_or_extended(made: Coin) -> None:
    for name in ("owner", "note"):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(made, name, "Ravi")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        del made.owner
    assert not hasattr(made, "__dict__")
    with pytest.raises(TypeError, match="weak reference"):
        weakref.ref(made)


@MADE
def test_it_matches_patterns(made: Coin) -> None:
    match made:
        case Coin(owner=str(owner), marks=(first,)):
            assert (owner, first) == ("Asha", "a")
        case _:
            pytest.fail("it should match")
    match Pair("x", made):
        case Pair("x", Coin()):
            pass
        case _:
            pytest.fail("it should match")
    assert Coin.__match_args__ == AttrsCoin.__match_args__ == ()


def test_its_fields_are_given_as_they_are_declared() -> None:
    parameters = inspect.signature(Coin).parameters.values()

    assert {parameter.kind for parameter in parameters} == {inspect.Parameter.KEYWORD_ONLY}
    assert Coin() == Coin(value=None, owner=None, marks=())
    assert Pair("x").left == "x"
    call: Any = Coin
    with pytest.raises(TypeError):
        call("x")
    with pytest.raises(TypeError):
        call(note="x")


@MADE
def test_methods_and_bases_stay(made: Coin) -> None:
    assert made.loud() == "COIN(VALUE=DECIMAL('0.50'))!?"
    assert made.made_of is made.kind() is Coin
    assert isinstance(made, Shouting)
    assert Coin.penny() == Coin(value=Decimal("0.01"))
    assert Coin.NAMES == ("penny",)
    assert (Coin.__doc__, Coin.__module__) == ("A coin.", __name__)
    assert inspect.getsource(Coin.loud).strip().startswith("def loud")


@MADE
def test_rich_shows_what_the_repr_shows(made: Any) -> None:
    assert list(made.__rich_repr__()) == [("value", Decimal("0.50"))]


@MADE
def test_msgspec_encodes_it_by_its_python_names(made: Coin) -> None:
    theirs = AttrsCoin(value=Decimal("0.50"), owner="Asha", marks=("a",))

    assert msgspec.to_builtins(made) == msgspec.to_builtins(theirs)


@MADE
def test_the_garbage_collector_does_not_walk_it(made: Coin) -> None:
    assert not gc.is_tracked(made)


def test_a_class_derived_from_it_may_add_methods() -> None:
    class Medal(Coin):
        def of(self) -> str | None:
            return self.owner

    assert Medal(owner="Asha").of() == "Asha"
    assert repr(Medal(value=Decimal(1))).endswith("Medal(value=Decimal('1'))")
    assert Medal() != Coin()


def test_a_class_derived_from_it_may_not_add_fields() -> None:
    with pytest.raises(TypeError, match="Token adds fields to a record"):

        class Token(Coin):
            note: str | None = None


def test_a_record_may_not_be_derived_from_one_with_fields() -> None:
    with pytest.raises(TypeError, match="Token must be derived from no class that has fields"):

        @record_class.record
        class Token(AttrsCoin):
            note: str | None = None


class Valued(abc.ABC):
    __slots__ = ()

    @abc.abstractmethod
    def worth(self) -> int: ...


def of_a_base_with_a_metaclass() -> Any:
    @record_class.record
    class Token(Valued):
        note: str | None = None

        def worth(self) -> int:
            return 1

    return Token


def with_a_private_name() -> Any:
    @record_class.record
    class Token:
        _note: str | None = None

    return Token


def with_a_converter() -> Any:
    @record_class.record
    class Token:
        note: str | None = attrs.field(default=None, converter=str)

    return Token


def with_a_factory() -> Any:
    @record_class.record
    class Token:
        note: tuple[str, ...] = attrs.field(factory=tuple)

    return Token


def without_a_default() -> Any:
    @record_class.record
    class Token:
        note: str | None

    return Token


@pytest.mark.parametrize(
    "declare",
    [
        *(of_a_base_with_a_metaclass, with_a_private_name, with_a_converter, with_a_factory),
        without_a_default,
    ],
)
def test_what_a_struct_cannot_hold_as_declared_is_an_ordinary_attrs_class(declare: Any) -> None:
    token = declare()

    assert not has_struct_storage(token)
    assert token.__attrs_attrs__
    assert token("x") == token("x")
    assert not hasattr(token("x"), "__dict__")


def test_what_becomes_an_ordinary_attrs_class_is_read_all_the_same() -> None:
    token = of_a_base_with_a_metaclass()

    assert read(b'{"note": "x"}', token) == token("x")


@pytest.fixture
def no_change_of_class(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A msgspec that lays out frozen structs in another way."""
    made = msgspec.defstruct

    def defstruct(name: str, fields: Any, **options: Any) -> Any:
        more = [("more", Any, None)] if options.get("frozen") else []
        return made(name, [*fields, *more], **options)

    record_class._may_change_class.cache_clear()
    monkeypatch.setattr(msgspec, "defstruct", defstruct)
    yield
    record_class._may_change_class.cache_clear()


def test_where_msgspec_refuses_records_are_ordinary_attrs_classes(
    no_change_of_class: None,
) -> None:
    @record_class.record(kw_only=True)
    class Token:
        note: str | None = wire(shown=True)

    assert not has_struct_storage(Token)
    assert repr(Token(note="x")).endswith("Token(note='x')")
    assert read(b'{"note": "x"}', Token) == Token(note="x")
