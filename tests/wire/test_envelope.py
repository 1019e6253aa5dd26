"""A success says so everywhere; all else is the error it stands for."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enkash_async import APIError, ErrorType, ResponseError, UnknownServiceError
from enkash_async._wire.envelope import raise_for_error
from enkash_async._wire.page import PagePayload
from enkash_async._wire.response import Response
from tests.support.answers import HTML, PAGE, answer, page_payload


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


@pytest.mark.parametrize(
    "nothing", [None, "", " \n", [], {}, False, 0, 0.0, [{"a": None}, "", [False]], {"b": [0]}]
)
def test_an_empty_error_response_is_none(nothing: object) -> None:
    assert page_payload(answer(PAGE | {"errorResponse": nothing})).records


@pytest.mark.parametrize("status", [300, 301, 302, 304, 306, 307, 308, 399])
def test_3xx_is_no_error_of_the_service_whatever_is_in_it(status: int) -> None:
    body = {"errorResponse": {"errorType": "SYSTEM_ERROR", "errorMessage": "no"}}
    assert response_error(answer(body, status)).final


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


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("body", [b"", HTML])
def test_a_redirect_is_refused_for_good_with_the_cure(status: int, body: bytes) -> None:
    error = response_error(answer(body, status, {"location": "https://elsewhere.example/"}))

    assert error.final
    assert "redirect" in str(error)
    assert "base_url" in str(error)


@pytest.mark.parametrize("body", [b"", HTML, b"{"])
def test_a_garbled_success_may_be_tried_again(body: bytes) -> None:
    assert not response_error(answer(body)).final


def test_the_text_about_a_foreign_answer_names_its_kind_and_holds_nothing_of_it() -> None:
    body = b"<html>planted-secret</html>"

    error = response_error(answer(body, 200, {"content-type": "text/html; charset=utf-8"}))

    assert "text/html" in str(error)
    assert "planted-secret" not in f"{error} {error!r}"


@pytest.mark.parametrize("body", [PAGE, {}, {"payload": "text"}, {"response_code": 200}])
def test_raise_for_error_lets_any_envelope_of_success_pass(body: object) -> None:
    raise_for_error(answer(body))


@pytest.mark.parametrize("body", [{"response_code": 1}, {"errorResponse": {"errorType": "X"}}])
def test_raise_for_error_raises_what_a_page_would(body: object) -> None:
    with pytest.raises(UnknownServiceError):
        raise_for_error(answer(body))


fuzz = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])

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
                "errorType": JSON | st.sampled_from([*map(str, ErrorType)]),
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
