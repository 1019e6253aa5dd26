"""An answer is a page only if it says so everywhere, and no answer is one by mistake."""

import json
from typing import Any

import pytest

from enkash_async import APIError, ResponseError
from tests.support.answers import HTML, PAGE, answer, page_payload


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"errorResponse": None},
        {"errorResponse": {}},
        {"response_code": None},
        {"response_code": 0},
        {"response_code": 200},
        {"response_code": "0"},
        {"response_code": 200, "response_message": "SUCCESS", "errorResponse": None},
        {"response_message": None},
        {"response_message": ""},
        {"fieldOfTomorrow": [1, {"a": None}]},
    ],
)
@pytest.mark.parametrize("status", [200, 201])
def test_a_success_is_a_page(more: dict[str, Any], status: int) -> None:
    page = page_payload(answer(PAGE | more, status))

    assert [json.loads(bytes(raw)) for raw in page.records] == PAGE["payload"]["data"]
    assert page.count == 2


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" \n", HTML, b"null", b"[]", b"1", b'"SUCCESS"', b"\xff\xfe\x00", b"{} {}"),
        *(b'{"payload":{"data":[{"customerId":"KC1"},{"cust', b'{"payload":{"data":[]}'),
        *(
            b"[" * 100_000,
            b'{"payload":' + b"[" * 100_000,
            b'{"payload":{"data":[' + b"[" * 100_000,
        ),
        *({}, {"response_code": 0}, {"payload": None}, {"payload": "text"}, {"payload": []}),
        *({"payload": {}}, {"payload": {"data": {}}}, {"payload": {"data": "none"}}),
        {"payload": {"data": None}},
        {"payload": {"data": None, "recordsCount": 3}},
        {"error": "invalid_token"},
    ],
)
@pytest.mark.parametrize("status", [200, 204])
def test_what_is_not_the_envelope_is_never_an_empty_page(body: object, status: int) -> None:
    with pytest.raises(ResponseError) as caught:
        page_payload(answer(body, status))
    assert caught.value.status == status


@pytest.mark.parametrize("status", [301, 302, 304, 307])
def test_a_redirect_is_an_error_though_a_page_comes_with_it(status: int) -> None:
    with pytest.raises((APIError, ResponseError)):
        page_payload(answer(PAGE, status))


@pytest.mark.parametrize(
    ("count", "read"),
    [
        *((2, 2), (0, 0), (2**31 - 1, 2**31 - 1), (2**40, None), ("2", 2), ("0", 0)),
        *((None, None), ("", None), ("many", None), ("-2", None), (2.5, None), (True, None)),
        *(([], None), ({}, None)),
    ],
)
def test_a_count_is_a_whole_number_or_unknown(count: object, read: int | None) -> None:
    page = page_payload(answer({"payload": {"data": [{}], "recordsCount": count}}))

    assert page.count == read
    assert len(page.records) == 1


def test_an_absent_count_is_unknown() -> None:
    assert page_payload(answer({"payload": {"data": [{}]}})).count is None


@pytest.mark.parametrize("count", [2.0, -1, -5])
def test_an_odd_count_does_not_cost_the_page(count: object) -> None:
    assert (
        len(page_payload(answer({"payload": {"data": [{}], "recordsCount": count}})).records) == 1
    )


def test_null_for_no_records_is_an_empty_page_where_the_count_agrees() -> None:
    page = page_payload(answer({"payload": {"data": None, "recordsCount": 0}}))

    assert (list(page.records), page.count) == ([], 0)


def test_records_are_handed_on_byte_by_byte() -> None:
    record = '{"netAmount": 1.10, "legalName": "श्री", "x": [ ]}'.encode()

    [raw] = page_payload(answer(b'{"payload": {"data": [' + record + b"]}}")).records

    assert bytes(raw) == record
