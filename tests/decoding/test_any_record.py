"""What holds for customers holds for any record: all ways to read it agree."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enkash_async import CustomerKeyContact, DecodeError
from enkash_async._decoding.arrow.columns import record_batch
from enkash_async._decoding.arrow.schema import schema_of
from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._decoding.reference_lane import reference_converter
from tests.decoding.alike import (
    FastLane,
    ReferenceLane,
    arrow_reads_alike,
    misfit,
    outcome,
    plain,
    spelled,
)
from tests.decoding.drawing import ANYTHING, IST, NULL
from tests.decoding.made_up import (
    RECORDS,
    Branch,
    Colour,
    Leaf,
    Nest,
    Season,
    Tree,
    texts_of,
    values_of,
)

many_examples = settings(
    max_examples=int(os.environ.get("ENKASH_EXAMPLES", "50")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
MADE_UP = pytest.mark.parametrize("record", RECORDS)
ZONES = st.sampled_from([UTC, IST])


def texts_or(record: Any, *or_else: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(*[texts_of(record, otherwise) for otherwise in or_else])


# Made once, since a strategy is slow to make.
VALID = {record: texts_or(record, st.nothing(), NULL) for record in RECORDS}
MUTATED = {
    record: st.lists(texts_or(record, NULL, ANYTHING), min_size=1, max_size=2) for record in RECORDS
}
VALUES = {record: values_of(record) for record in RECORDS}


@MADE_UP
@many_examples
@given(st.data(), ZONES)
def test_all_lanes_read_a_valid_record_alike(record: Any, data: st.DataObject, zone: Any) -> None:
    text = data.draw(VALID[record])
    decoder = RecordDecoder[Any](record, zone)
    try:
        expected = spelled(decoder.decode_by_reference(text.encode()))
    except DecodeError:
        # A null among the items of a list.
        assert "null" in text
        return
    assert spelled(decoder.decode(text.encode())) == expected
    arrow_reads_alike(record, [text], zone)


@MADE_UP
@many_examples
@given(st.data(), ZONES)
def test_all_lanes_agree_on_any_record_and_on_whether_it_can_be_read(
    record: Any, data: st.DataObject, zone: Any
) -> None:
    texts = data.draw(MUTATED[record])
    decoder = RecordDecoder[Any](record, zone)

    for text in texts:
        by_reference = outcome(decoder.decode_by_reference, text.encode())
        assert outcome(decoder.decode, text.encode()) == by_reference
    arrow_reads_alike(record, texts, zone)


@MADE_UP
@many_examples
@given(st.data())
def test_what_is_written_in_wire_names_is_read_back(record: Any, data: st.DataObject) -> None:
    value = data.draw(VALUES[record])
    raw = msgspec.json.Encoder(decimal_format="number").encode(
        reference_converter(UTC).unstructure(value)
    )
    decoder = RecordDecoder[Any](record, UTC)

    assert decoder.decode(raw) == value
    assert decoder.decode_by_reference(raw) == value


@MADE_UP
@many_examples
@given(st.data())
def test_columns_hold_what_the_records_hold(record: Any, data: st.DataObject) -> None:
    values = data.draw(st.lists(VALUES[record], max_size=3))
    fitting = [value for value in values if misfit(value) is None]
    batch = record_batch(record, fitting)

    batch.validate(full=True)
    assert batch.schema.equals(schema_of(record))
    assert batch.to_pylist() == [plain(value) for value in fitting]


LEAF = {"colour": "RED", "fell": "2019-08-24 14:15:22", "WEIGHT_g": "0.50"}
BRANCH = {
    **{"season": "3", "leaves": [LEAF, {}], "finestLeaf": LEAF},
    **{"lengths-mm": [1, 0, -5], "isDead": False},
}
TREE = {
    **{"_id": "T1", "branches": [BRANCH, {}], "trunk": BRANCH, "names": ["oak", "Eiche"]},
    **{"signs": [True, False], "colour": "green", "planted": "2019-08-24T14:15:22Z"},
    **{"price": "12345678901234567.5", "rings": 41},
}
IN_IST = datetime(2019, 8, 24, 14, 15, 22, tzinfo=IST)


@pytest.mark.parametrize("lane", [FastLane, ReferenceLane])
def test_every_kind_of_field_arrives(lane: Any) -> None:
    leaf = Leaf(colour=Colour.RED, fallen_at=IN_IST, weight=Decimal("0.50"))
    branch = Branch(
        season=Season.AUTUMN,
        leaves=(leaf, Leaf()),
        finest_leaf=leaf,
        lengths=(1, 0, -5),
        is_dead=False,
    )
    tree = Tree(
        id="T1",
        branches=(branch, Branch()),
        trunk=branch,
        names=("oak", "Eiche"),
        signs=(True, False),
        colour="green",
        planted=IN_IST.replace(tzinfo=UTC),
        price=Decimal("12345678901234567.5"),
        rings=41,
    )

    decoded = lane(Tree, IST).decode(json.dumps(TREE).encode())

    assert spelled(decoded) == spelled(tree)


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        (Leaf, LEAF),
        (Branch, BRANCH),
        (Tree, TREE),
        (Nest, {"season": "1", "eggs": 3, "tree": LEAF}),
        (Nest, {"season": "2", "eggs": None, "tree": None}),
        (Tree, {"trunk": {"finestLeaf": None, "leaves": None}, "branches": [{"leaves": None}]}),
        (Tree, {"trunk": None, "branches": None}),
    ],
)
@pytest.mark.parametrize("zone", [UTC, IST])
def test_ordinary_records_need_neither_the_reference_nor_the_record_lane(
    record: Any, fields: dict[str, Any], zone: Any
) -> None:
    text = json.dumps(fields)

    assert isinstance(FastLane[Any](record, zone).decode(text.encode()), record)
    # Beside a record without anything, whose nested record is null.
    assert arrow_reads_alike(record, ["{}", text, "{}", text], zone)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"rings": "1"}, "rings"),
        ({"colour": 1}, "colour"),
        ({"signs": [True, 1]}, "signs[1]"),
        ({"trunk": []}, "trunk"),
        ({"trunk": {"finestLeaf": "x"}}, "trunk.finestLeaf"),
        ({"trunk": {"lengths-mm": [1, 2.5]}}, "trunk.lengths-mm[1]"),
        (
            {"branches": [{}, {"leaves": [{}, {"WEIGHT_g": "NaN"}]}]},
            "branches[1].leaves[1].WEIGHT_g",
        ),
        ({"branches": [{"finestLeaf": {"fell": "x"}}]}, "branches[0].finestLeaf.fell"),
        ({"branches": [None]}, "branches[0]"),
    ],
)
def test_an_error_names_the_path_of_the_field(change: dict[str, Any], path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        RecordDecoder(Tree, UTC).decode(json.dumps(TREE | change).encode())
    assert caught.value.path == path


LIGHT = Leaf(weight=Decimal("1E-19"))
EARLY = Leaf(fallen_at=datetime.min.replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("record", "path"),
    [
        (Tree(trunk=Branch(finest_leaf=LIGHT)), "trunk.finestLeaf.WEIGHT_g"),
        (Tree(trunk=Branch(lengths=(1, 2**63))), "trunk.lengths-mm[1]"),
        (Tree(branches=(Branch(), Branch(leaves=(LIGHT,)))), "branches[1].leaves[0].WEIGHT_g"),
        (Tree(trunk=Branch(finest_leaf=EARLY)), None),
        (CustomerKeyContact(name="without numbers"), None),
    ],
)
def test_a_value_fits_into_its_column_or_its_field_is_named(record: Any, path: str | None) -> None:
    assert misfit(record) == path


def test_records_of_another_class_do_not_share_what_was_learnt_of_the_first() -> None:
    planted = datetime(2019, 8, 24, tzinfo=UTC)
    milliseconds = (planted - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    trees, leaves = RecordDecoder(Tree, UTC), RecordDecoder(Leaf, UTC)
    assert (trees.record, leaves.record) == (Tree, Leaf)

    rows = [msgspec.json.encode({"planted": milliseconds})] * 200

    assert trees.decode_many(rows) == ([Tree(planted=planted)] * 200, None)
    assert leaves.decode(json.dumps(LEAF).encode()) == Leaf(
        colour=Colour.RED, fallen_at=IN_IST.replace(tzinfo=UTC), weight=Decimal("0.50")
    )
