"""An answer is a page only if it says so everywhere; all else is the error it stands for."""

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enkash_async import (
    ERROR_CLASSES,
    APIError,
    ClientRequestAbortError,
    ClientRequestError,
    ErrorType,
    InvalidAccessError,
    RateLimitedError,
    RecordNotFoundError,
    ResponseError,
    SystemFaultError,
    UnauthorizedError,
    UnknownServiceError,
    UnprocessableRequestError,
    ValidationError,
)
from enkash_async._wire.envelope import PagePayload, page_payload, raise_for_error, retry_after
from enkash_async._wire.response import Response

NINE_TYPES = {
    "CLIENT_REQUEST_ABORT": ClientRequestAbortError,
    "CLIENT_REQUEST_ERROR": ClientRequestError,
    "INVALID_ACCESS": InvalidAccessError,
    "RECORD_NOT_FOUND": RecordNotFoundError,
    "SYSTEM_ERROR": SystemFaultError,
    "UNAUTHORIZED": UnauthorizedError,
    "UNKNOWN_ERROR": UnknownServiceError,
    "UNPROCESSABLE_REQUEST": UnprocessableRequestError,
    "VALIDATION_ERROR": ValidationError,
}
PAGE: dict[str, Any] = {"payload": {"data": [{"customerId": "KC1"}, {}], "recordsCount": 2}}
HTML = b"<!doctype html><html><body>502 Bad Gateway</body></html>"


def answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, headers or {}, content)


def api_error(response: Response) -> APIError:
    with pytest.raises(APIError) as caught:
        page_payload(response)
    return caught.value


def response_error(response: Response) -> ResponseError:
    with pytest.raises(ResponseError) as caught:
        page_payload(response)
    return caught.value


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
    "more",
    [
        {"errorResponse": {"errorMessage": "no"}},
        {"errorResponse": {"errorType": "SYSTEM_ERROR"}},
        {"errorResponse": {"errorType": None, "requestId": "r-1"}},
        {"errorResponse": "no"},
        {"response_code": 1},
        {"response_code": 117},
        {"response_code": "1"},
        {"response_code": 400},
        {"response_code": -1},
        {"response_message": "FAILURE"},
        {"response_message": "failure"},
        {"response_code": 0, "response_message": "FAILURE"},
        {"response_code": 200, "errorResponse": {"errorMessage": "no"}},
    ],
)
def test_a_failure_inside_http_200_is_an_error_though_a_page_comes_with_it(
    more: dict[str, Any],
) -> None:
    assert api_error(answer(PAGE | more)).status == 200


def test_the_text_of_a_failure_may_be_the_payload() -> None:
    error = api_error(
        answer(
            {"response_code": 117, "response_message": "FAILURE", "payload": "Token is invalid."}
        )
    )

    assert error.message == "Token is invalid."
    assert error.response_code == 117
    assert error.response_message == "FAILURE"
    assert "Token is invalid." in str(error)
    assert "117" in str(error)


@pytest.mark.parametrize("status", [200, 400, 403, 404, 422, 500, 503])
@pytest.mark.parametrize(("name", "kind"), NINE_TYPES.items())
def test_the_error_type_decides_the_class_under_any_status(
    name: str, kind: type[APIError], status: int
) -> None:
    error = api_error(answer({"errorResponse": {"errorType": name}}, status))

    assert type(error) is kind is ERROR_CLASSES[ErrorType(name)]
    assert error.error_type is ErrorType(name)
    assert error.status == status


@pytest.mark.parametrize("name", NINE_TYPES)
def test_http_429_is_a_rate_limit_and_keeps_the_error_type(name: str) -> None:
    error = api_error(answer({"errorResponse": {"errorType": name}}, 429))

    assert type(error) is RateLimitedError
    assert error.error_type is ErrorType(name)


@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_a_type_not_known_yet_is_kept_as_text(status: int) -> None:
    error = api_error(answer({"errorResponse": {"errorType": "TEAPOT"}}, status))

    assert type(error) is UnknownServiceError
    assert error.error_type == "TEAPOT"
    assert "TEAPOT" in str(error)


BY_STATUS: list[tuple[int, type[APIError]]] = [
    (400, ClientRequestError),
    (401, UnauthorizedError),
    (403, InvalidAccessError),
    (404, RecordNotFoundError),
    (422, UnprocessableRequestError),
    (429, RateLimitedError),
    *((status, SystemFaultError) for status in (500, 501, 502, 503, 504, 599)),
    *((status, UnknownServiceError) for status in (402, 405, 408, 409, 413, 418, 499)),
]


@pytest.mark.parametrize(("status", "kind"), BY_STATUS)
@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"  ", HTML, b"{", b"null", b"[]", b'"no"', b"\xff\xfe"),
        *({}, PAGE, {"errorResponse": {}}, {"errorResponse": None}, {"response_code": 0}),
        *({"errorResponse": {"errorType": None}}, {"errorResponse": {"errorType": 7}}),
    ],
)
def test_without_a_type_the_status_decides(status: int, kind: type[APIError], body: object) -> None:
    error = api_error(answer(body, status))

    assert type(error) is kind
    assert error.status == status
    assert error.message


def test_an_error_carries_all_that_the_service_said() -> None:
    error = api_error(
        answer(
            {
                "errorResponse": {
                    "errorType": "VALIDATION_ERROR",
                    "errorMessage": "limit is too large",
                    "requestId": "r-42",
                    "timestamp": "2019-08-24 14:15:22",
                    "apiSubErrors": [{"field": "limit"}, {}],
                },
                "response_code": 422,
                "response_message": "FAILURE",
            },
            400,
        )
    )

    assert type(error) is ValidationError
    assert error.message == "limit is too large"
    assert error.request_id == "r-42"
    assert error.timestamp == "2019-08-24 14:15:22"
    assert error.sub_errors == ({"field": "limit"}, {})
    assert error.response_code == 422
    assert error.response_message == "FAILURE"
    assert "r-42" in str(error)
    assert "limit is too large" in str(error)


@pytest.mark.parametrize("sub_errors", [None, {}, "none", 0])
def test_sub_errors_that_are_no_list_are_none(sub_errors: object) -> None:
    detail = {"errorType": "VALIDATION_ERROR", "apiSubErrors": sub_errors}

    assert api_error(answer({"errorResponse": detail})).sub_errors == ()


@pytest.mark.parametrize(
    "body",
    [
        {"errorResponse": {"errorMessage": "the reason"}},
        {"errorResponse": {"message": "the reason"}},
        {"errorMessage": "the reason", "response_code": 1},
        {"response_message": "the reason", "response_code": 1},
        {"resultMessage": "the reason", "response_code": 1},
        {"message": "the reason", "response_code": 1},
        {"payload": "the reason", "response_code": 1, "response_message": "FAILURE"},
        {"error": "invalid_token", "error_description": "the reason"},
        {"error": "the reason"},
    ],
)
def test_the_message_is_found_wherever_the_service_puts_it(body: dict[str, Any]) -> None:
    assert api_error(answer(body, 400)).message == "the reason"


def test_a_refused_token_in_the_oauth_form_is_unauthorized() -> None:
    body = {"error": "invalid_token", "error_description": "Access token expired: x"}

    error = api_error(answer(body, 401))

    assert type(error) is UnauthorizedError
    assert error.message == "Access token expired: x"


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
    assert response_error(answer(body, status)).status == status


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("body", [b"", HTML])
def test_a_redirect_is_refused_for_good_with_the_cure(status: int, body: bytes) -> None:
    error = response_error(answer(body, status, {"location": "https://elsewhere.example/"}))

    assert error.final
    assert "redirect" in str(error)
    assert "base_url" in str(error)


@pytest.mark.parametrize("status", [301, 302, 304, 307])
def test_a_redirect_is_an_error_though_a_page_comes_with_it(status: int) -> None:
    with pytest.raises((APIError, ResponseError)):
        page_payload(answer(PAGE, status))


@pytest.mark.parametrize("body", [b"", HTML, b"{"])
def test_a_garbled_success_may_be_tried_again(body: bytes) -> None:
    assert not response_error(answer(body)).final


def test_the_text_about_a_foreign_answer_names_its_kind_and_holds_nothing_of_it() -> None:
    body = b"<html>planted-secret</html>"

    error = response_error(answer(body, 200, {"content-type": "text/html; charset=utf-8"}))

    assert "text/html" in str(error)
    assert "planted-secret" not in f"{error} {error!r}"


@pytest.mark.parametrize(
    ("count", "read"),
    [
        *((2, 2), (0, 0), (2**40, 2**40), ("2", 2), ("0", 0)),
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


@pytest.mark.parametrize("body", [PAGE, {}, {"payload": "text"}, {"response_code": 200}])
def test_raise_for_error_lets_any_envelope_of_success_pass(body: object) -> None:
    raise_for_error(answer(body))


@pytest.mark.parametrize("body", [{"response_code": 1}, {"errorResponse": {"errorType": "X"}}])
def test_raise_for_error_raises_what_a_page_would(body: object) -> None:
    with pytest.raises(UnknownServiceError):
        raise_for_error(answer(body))


NOW = datetime(2015, 10, 21, 7, 27, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        *(("0", 0.0), ("3", 3.0), (" 120 ", 120.0)),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 60.0),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", 60.0),
        ("Wed Oct 21 07:28:00 2015", 60.0),
        ("Wed, 21 Oct 2015 07:26:00 GMT", 0.0),
        *((value, None) for value in ("", "  ", "soon", "3 s", "nan", "inf", "-inf", "1e999")),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, now=NOW) == seconds


def test_without_the_header_there_is_no_retry_after() -> None:
    assert retry_after({}) is None


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), ("later", None)])
@pytest.mark.parametrize("body", [HTML, {}, {"errorResponse": {"errorType": "UNKNOWN_ERROR"}}])
def test_a_rate_limit_carries_its_retry_after(
    body: object, value: str, seconds: float | None
) -> None:
    error = api_error(answer(body, 429, {"retry-after": value}))

    assert isinstance(error, RateLimitedError)
    assert error.retry_after == seconds


def test_a_retry_after_date_counts_from_now() -> None:
    error = api_error(answer(b"", 429, {"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}))

    assert isinstance(error, RateLimitedError)
    assert error.retry_after is not None
    assert error.retry_after > 3600


fuzz = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@fuzz
@given(st.text() | st.text("0123456789 ,:-+.WedOctGMT", max_size=32) | st.floats().map(str))
def test_any_retry_after_is_a_finite_wait_or_none(value: str) -> None:
    seconds = retry_after({"retry-after": value}, now=NOW)

    assert seconds is None or (seconds >= 0 and math.isfinite(seconds))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)
ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "payload": JSON
        | st.fixed_dictionaries({}, optional={"data": JSON | st.lists(JSON), "recordsCount": JSON}),
        "errorResponse": JSON
        | st.fixed_dictionaries(
            {},
            optional={
                "errorType": JSON | st.sampled_from([*NINE_TYPES]),
                "errorMessage": JSON,
                "apiSubErrors": JSON,
                "requestId": JSON,
                "timestamp": JSON,
            },
        ),
        "response_code": JSON | st.sampled_from([0, 200, "0", 1]),
        "response_message": JSON | st.sampled_from(["SUCCESS", "FAILURE"]),
    },
)
BODIES = (
    st.binary(max_size=60)
    | ENVELOPES.map(lambda envelope: json.dumps(envelope).encode())
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.builds(lambda size: json.dumps(PAGE).encode()[:size], st.integers(0, 60))
)
STATUSES = st.sampled_from([200, 200, 200, 204, 302, 400, 401, 404, 429, 500]) | st.integers(
    100, 599
)
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "content-type", "location"]), st.text(max_size=12)
)


def page_or_error(
    read: Callable[[Response], PagePayload | None], response: Response
) -> PagePayload | APIError | ResponseError | None:
    try:
        return read(response)
    except (APIError, ResponseError) as error:
        return error


@fuzz
@given(STATUSES, HEADERS, BODIES)
@pytest.mark.parametrize("read", [page_payload, raise_for_error])
def test_whatever_arrives_is_a_page_or_one_of_our_errors(
    read: Callable[[Response], PagePayload | None],
    status: int,
    headers: dict[str, str],
    body: bytes,
) -> None:
    outcome = page_or_error(read, Response(status, headers, body))

    if isinstance(outcome, APIError | ResponseError):
        assert outcome.status == status
        assert str(outcome)
    else:
        assert 200 <= status < 300
        assert isinstance(json.loads(body), dict)
    if isinstance(outcome, PagePayload):
        assert outcome.count is None or isinstance(outcome.count, int)
