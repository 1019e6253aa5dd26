"""Which class an error of the service gets, what it carries, and how long it asks to wait."""

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings
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
    SystemFaultError,
    UnauthorizedError,
    UnknownServiceError,
    UnprocessableRequestError,
    ValidationError,
)
from enkash_async._wire.api_errors import retry_after
from enkash_async._wire.response import Response
from tests.support.answers import HTML, PAGE, answer, page_payload

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


def api_error(response: Response) -> APIError:
    with pytest.raises(APIError) as caught:
        page_payload(response)
    return caught.value


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


ELSEWHERE = {
    "nothing": b"",
    "a page": HTML,
    "a list": [],
    "an object of nothing": {},
    "an envelope of nothing": {"errorResponse": None, "response_code": None},
    "a framework": {"status": 404, "error": "Not Found", "path": "/api/api/v0/customer/search"},
    "a gateway": {"message": "no Route matched with those values"},
}
OF_SERVICE = {
    "a message": {"errorResponse": {"errorMessage": "gone"}},
    "no words": {"errorResponse": {}},
    "a code": {"response_code": 1},
    "an outcome": {"response_message": "FAILURE"},
    "a payload": {"payload": "no such customer"},
    "its own type": {"errorResponse": {"errorType": "RECORD_NOT_FOUND"}},
}
CHECK_ADDRESS = "Nothing is served at this path: check base_url."
CHECK_ID = "Check the id; if none was asked for, check base_url."


@pytest.mark.parametrize(
    ("body", "kind", "advice", "status_of_ours"),
    [
        *((body, UnknownServiceError, CHECK_ADDRESS, 502) for body in ELSEWHERE.values()),
        *((body, RecordNotFoundError, CHECK_ID, 404) for body in OF_SERVICE.values()),
    ],
    ids=[*ELSEWHERE, *OF_SERVICE],
)
def test_only_the_service_itself_can_say_that_no_record_is_there(
    body: object, kind: type[APIError], advice: str, status_of_ours: int
) -> None:
    error = api_error(answer(body, 404))

    assert type(error) is kind
    assert (error.status, error.http_status) == (404, status_of_ours)
    assert str(error).endswith(advice)


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


NOW = datetime(2015, 10, 21, 7, 27, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        *(("3", 3.0), (" 120 ", 120.0), ("2.5", 2.5), ("007", 7.0)),
        # A wait of nothing is none.
        *((value, None) for value in ("0", "00", "0.0", "-0")),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 60.0),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", 60.0),
        ("Wed Oct 21 07:28:00 2015", 60.0),
        ("Wed, 21 Oct 2015 07:26:00 GMT", None),
        *((value, None) for value in ("", "  ", "soon", "3 s", "nan", "inf", "-inf", "1e999")),
        *(
            (value, None)
            for value in ("1_000", "1e3", "+3", "-3", "0x10", ".5", "5.", "3,5", "3;x")
        ),
        *((value, None) for value in ("\u0663", "\uff13", "3\u00a0", "9" * 400)),
        ("Wed, \u0662\u0661 Oct 2015 07:28:00 GMT", None),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, now=NOW) == seconds


YEARS = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


@settings(max_examples=200, deadline=None)
@given(theirs=YEARS, ours=YEARS, wait=st.integers(-100_000, 100_000))
def test_a_date_is_measured_by_the_clock_that_wrote_it(
    theirs: datetime, ours: datetime, wait: int
) -> None:
    theirs = theirs.replace(microsecond=0)
    headers = {
        "date": format_datetime(theirs, usegmt=True),
        "retry-after": format_datetime(theirs + timedelta(seconds=wait), usegmt=True),
    }

    assert retry_after(headers, now=ours) == (wait if wait > 0 else None)


@pytest.mark.parametrize("date", ["", "yesterday", "0", "Wed, 99 Oct 2015 07:28:00 GMT"])
def test_without_a_date_that_can_be_read_our_clock_serves(date: str) -> None:
    headers = {"date": date, "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}

    assert retry_after(headers, now=NOW) == 60.0


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


@settings(max_examples=250, deadline=None)
@given(st.text() | st.text("0123456789 ,:-+.WedOctGMT", max_size=32) | st.floats().map(str))
def test_any_retry_after_is_a_finite_wait_or_none(value: str) -> None:
    seconds = retry_after({"retry-after": value}, now=NOW)

    assert seconds is None or (seconds >= 0 and math.isfinite(seconds))


SENT = 'the service answered HTTP 200 with the message "SUCCESS", but its'
CODE = "where success has 0, 200 or none"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('"response_code":[]', f"{SENT} response_code is a list, {CODE}"),
        ('"response_code":{}', f"{SENT} response_code is an object, {CODE}"),
        ('"response_code":" "', f"{SENT} response_code is an empty text, {CODE}"),
        ('"response_code":false', f"{SENT} response_code is false, {CODE}"),
        ('"response_code":1e400', f"{SENT} response_code is a number beyond all bounds, {CODE}"),
        ('"response_code":0.5', f"{SENT} response_code is a number, {CODE}"),
        ('"errorResponse":true', f"{SENT} errorResponse is true"),
        ('"errorResponse":7', f"{SENT} errorResponse is a number"),
        ('"errorResponse":[7]', f"{SENT} errorResponse is a list"),
        ('"errorResponse":{"a":7}', f"{SENT} errorResponse is an object"),
        ('"errorResponse":["boom"]', "boom"),
        ('"errorResponse":[{"a":["boom","bang"]}]', "boom, bang"),
        ('"errorResponse":{"reason":"boom","requestId":"r-1"}', "boom"),
        ('"errorResponse":"boom"', "boom"),
        ('"errorResponse":{"errorType":"NEW"}', SENT.removesuffix(", but its")),
    ],
)
def test_an_error_says_why_it_is_one(more: str, message: str) -> None:
    body = f'{{"payload":{{"data":[]}},"response_message":"SUCCESS",{more}}}'
    assert api_error(answer(body.encode())).message == message
    silent = api_error(answer(f'{{"payload":{{"data":[]}},{more}}}'.encode())).message
    assert silent == message.replace('with the message "SUCCESS"', "without a message")
