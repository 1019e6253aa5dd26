"""Nesting is bounded by us, not by the recursion limit, and alike on every version of Python."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enkash_async import APIError, ResponseError
from enkash_async._wire.envelope import raise_for_error
from enkash_async._wire.nesting import MAX_ERROR_DEPTH, pruned
from tests.support.answers import answer, page_payload

DEPTHS = [1, 31, 32, 33, 100, 101, 500, 1000, 3000, 20_000]
SHAPES = {"lists": (b"[", b"]"), "objects": (b'{"a":', b"}"), "both": (b'[{"a":', b"}]")}


def nested(depth: int, shape: str) -> bytes:
    opening, closing = SHAPES[shape]
    times = depth // (2 if shape == "both" else 1)
    return opening * times + b'"x"' + closing * times


def depth_of(value: Any) -> int:
    depth, level = 0, [value]
    while level := [
        item
        for outer in level
        if isinstance(outer, (list, dict))
        for item in (outer.values() if isinstance(outer, dict) else outer)
    ]:
        depth += 1
    return depth


IN_A_SUCCESS = {
    "a record": b'{"payload":{"data":[{"customerId":"KC1","x":%b},{}],"recordsCount":2}}',
    "a row": b'{"payload":{"data":[%b,{}],"recordsCount":2}}',
    "an id": b'{"payload":{"data":[{"customerId":%b},{}]}}',
    "the payload": b'{"payload":{"x":%b,"data":[{},{}]}}',
    "the count": b'{"payload":{"data":[{},{}],"recordsCount":%b}}',
    "beside the payload": b'{"meta":%b,"payload":{"data":[{},{}]}}',
}


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("body", IN_A_SUCCESS.values(), ids=IN_A_SUCCESS)
def test_a_page_is_a_page_however_deep(body: bytes, shape: str, depth: int) -> None:
    deep = nested(depth, shape)
    page = page_payload(answer(body % deep))

    assert len(page.records) == 2
    assert page.count == (2 if b'"recordsCount":2' in body else None)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "body",
    [
        b'{"payload":{"data":[],"recordsCount":0},"meta":%b}',
        b'{"meta":%b,"payload":{"data" : [ ],"recordsCount":0}}',
        b'{"meta":{"data":[],"x":%b},"payload":{"data":[],"recordsCount":0}}',
    ],
)
def test_an_empty_page_is_one_however_deep(body: bytes, shape: str, depth: int) -> None:
    page = page_payload(answer(body % nested(depth, shape)))

    assert (page.records, page.count) == ([], 0)


IN_AN_ERROR = {
    "the sub-errors": b'{"errorResponse":{"apiSubErrors":[%b],"errorMessage":"no"}}',
    "its detail": b'{"errorResponse":{"x":%b,"errorMessage":"no"}}',
    "beside it": b'{"meta":%b,"errorResponse":{"errorMessage":"no"}}',
    "the payload": b'{"payload":%b,"errorResponse":{"errorMessage":"no"}}',
    "its records": b'{"payload":{"data":[%b]},"errorResponse":{"errorMessage":"no"}}',
    "the code": b'{"response_code":%b,"errorResponse":{"errorMessage":"no"}}',
    "the message": b'{"response_message":%b,"errorResponse":{"errorMessage":"no"}}',
}


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("body", IN_AN_ERROR.values(), ids=IN_AN_ERROR)
@pytest.mark.parametrize("status", [200, 500])
def test_an_error_is_that_error_and_bounded(
    body: bytes, shape: str, depth: int, status: int
) -> None:
    for read in (page_payload, raise_for_error):
        with pytest.raises(APIError, match=r"^no ") as caught:
            read(answer(body % nested(depth, shape), status))
        assert depth_of(list(caught.value.sub_errors)) <= MAX_ERROR_DEPTH
        repr(caught.value.sub_errors)
        json.dumps(caught.value.sub_errors)


@pytest.mark.parametrize("depth", [*DEPTHS, 60_000, 200_000])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("has_end", [True, False])
def test_no_depth_of_anything_is_an_exception_of_python(
    shape: str, depth: int, status: int, has_end: bool
) -> None:
    deep = nested(depth, shape)
    deep = deep if has_end else deep[: len(deep) // 2]
    for body in (deep, b'{"payload":' + deep, b'{"payload":{"data":[' + deep, b'{"a":' + deep):
        for read in (page_payload, raise_for_error):
            # To the second, an envelope without a list is a success.
            with contextlib.suppress(APIError, ResponseError):
                read(answer(body, status))


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.text('a"\\[]{},:', max_size=4) | st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a[{", max_size=2), inner),
    max_leaves=20,
)


def cut(value: Any, levels: int) -> Any:
    if isinstance(value, list):
        return [cut(item, levels - 1) for item in value] if levels > 0 else []
    if isinstance(value, dict):
        return {name: cut(item, levels - 1) for name, item in value.items()} if levels > 0 else {}
    return value


@given(VALUES, st.integers(0, 6))
@settings(max_examples=100, deadline=None)
def test_what_is_deeper_is_left_out_and_nothing_else(value: Any, depth: int) -> None:
    assert json.loads(pruned(json.dumps(value).encode(), depth)) == cut(value, depth)
