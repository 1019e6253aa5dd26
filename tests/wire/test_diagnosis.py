"""What came, and what is said of it, word for word; and whether the same is asked for again."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
from typing import Any

import pytest

from enkash_async import (
    APIError,
    ConnectError,
    EnKashError,
    ErrorType,
    RateLimitedError,
    RecordNotFoundError,
    ResponseError,
    SystemFaultError,
    UnauthorizedError,
    UnknownServiceError,
)
from enkash_async._advice import PASSING
from enkash_async._wire.diagnosis import without_query
from enkash_async._wire.envelope import raise_for_error
from enkash_async._wire.response import Response
from enkash_async.retry import RETRYABLE_STATUSES
from tests.support.answers import HTML, answer, page_payload

BLAME = "a proxy, or a wrong base_url, answers like this"
JSON_TYPE = {"content-type": "application/json"}

# Body, status, text, whether it is final, whether the same would be recognised.
FOREIGN: dict[str, tuple[bytes, int, str, bool, bool]] = {
    "nothing": (b"", 200, f"the answer was empty; {BLAME} (HTTP 200)", False, False),
    "blanks": (b" \n", 200, f"the answer was empty; {BLAME} (HTTP 200)", False, False),
    "html": (
        HTML,
        200,
        f"the answer was not JSON (application/json, {len(HTML)} bytes); {BLAME} (HTTP 200)",
        False,
        False,
    ),
    "plain text": (
        b"no such thing",
        200,
        f"the answer was not JSON (application/json, 13 bytes); {BLAME} (HTTP 200)",
        False,
        False,
    ),
    "no content": (
        b"",
        204,
        "the service says that it has nothing to send (HTTP 204), which is no page, not even an"
        " empty one (HTTP 204)",
        True,
        False,
    ),
    "a list": (
        b"[]",
        200,
        "the answer is JSON, but not the envelope of the service: a list and no object (HTTP 200)",
        True,
        False,
    ),
    "a text": (
        b'"SUCCESS"',
        200,
        "the answer is JSON, but not the envelope of the service: a text and no object (HTTP 200)",
        True,
        False,
    ),
    "null": (
        b"null",
        200,
        "the answer is JSON, but not the envelope of the service: null and no object (HTTP 200)",
        True,
        False,
    ),
    "cut off": (
        b'{"payload":{"data":[{"customerId":"KC1"},{"cust',
        200,
        "the answer ends in the middle of its JSON, after 47 bytes (HTTP 200)",
        False,
        False,
    ),
    "a comma too many": (
        b'{"response_code":0,}',
        200,
        "the answer is not sound JSON: trailing comma in object at byte 19 of 20 (HTTP 200)",
        False,
        True,
    ),
    "two answers": (
        b'{"payload":{"data":[]}}{}',
        200,
        "the answer is not sound JSON: trailing characters at byte 24 of 25 (HTTP 200)",
        False,
        True,
    ),
    "a list without an end": (
        b"[1," * 30 + b" " * 300_000,
        200,
        "the answer ends in the middle of its JSON, after 300090 bytes (HTTP 200)",
        False,
        False,
    ),
    "brackets only": (
        b"[" * 300_000,
        200,
        "the answer is nested too deep to be read (300000 bytes) (HTTP 200)",
        True,
        False,
    ),
    "a long list": (
        b"[" + b"1," * 150_000 + b"1]",
        200,
        "the answer is JSON, but not the envelope of the service: a list and no object (HTTP 200)",
        True,
        False,
    ),
    "too intricate": (
        b'{"payload":{"data":[' + b"[" * 200_000,
        200,
        "the answer is nested too deep to be read (200020 bytes) (HTTP 200)",
        True,
        False,
    ),
}


@pytest.mark.parametrize(
    ("body", "status", "text", "is_final", "has_digest"), FOREIGN.values(), ids=FOREIGN
)
def test_what_is_no_envelope_is_named(
    body: bytes, status: int, text: str, is_final: bool, has_digest: bool
) -> None:
    for read in (page_payload, raise_for_error):
        with pytest.raises(ResponseError) as caught:
            read(answer(body, status, JSON_TYPE))
        assert str(caught.value) == text
        assert caught.value.final is is_final
        assert (caught.value.digest is not None) is has_digest


def test_a_success_without_a_list_is_final_and_blames_no_address() -> None:
    with pytest.raises(ResponseError) as caught:
        page_payload(answer({"payload": {"recordsCount": 3}}))
    assert str(caught.value) == (
        "the answer reads as a success but holds no payload with a list of records; it is not"
        " taken for an empty page (HTTP 200)"
    )
    assert caught.value.final


def test_the_cause_says_what_the_parser_said_and_holds_nothing_of_the_answer() -> None:
    with pytest.raises(ResponseError) as caught:
        page_payload(answer(b'{"planted-secret":"planted-secret" x'))
    error = caught.value
    assert "byte 35" in str(error.__cause__)
    assert error.__cause__ is not None
    assert error.__cause__.__traceback__ is None
    assert "planted-secret" not in f"{error!r} {error} {error.__cause__!r}"


def test_the_same_answer_has_the_same_digest_and_another_one_another() -> None:
    def digest(body: bytes) -> str | None:
        with pytest.raises(ResponseError) as caught:
            page_payload(answer(body))
        assert pickle.loads(pickle.dumps(caught.value)).digest == caught.value.digest
        assert copy.copy(caught.value).digest == caught.value.digest
        return caught.value.digest

    assert digest(b'{"a":x}') == digest(b'{"a":x}')
    assert digest(b'{"a":x}') != digest(b'{"a":y}')


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://elsewhere.example/x/y?token=planted", " to https://elsewhere.example/x/y"),
        ("https://user:planted@elsewhere.example:8443/", " to https://elsewhere.example:8443/"),
        ("//elsewhere.example/x#planted", " to //elsewhere.example/x"),
        ("/login?planted", " to /login"),
        ("javascript:alert(1)", " to javascript:alert(1)"),
        ("https://elsewhere.example/\x1b[2J\u202e", " to https://elsewhere.example/?[2J?"),
        ("https://elsewhere.example/secret-4711", " to https://elsewhere.example/***"),
        ("https://[planted", ""),
        ("https://elsewhere.example:planted/", ""),
        ("?planted", ""),
        ("", ""),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_shows_where_it_leads_but_no_query(
    location: str, told: str, status: int
) -> None:
    response = Response(status, {"location": location}, b"").without("secret-4711")
    with pytest.raises(ResponseError) as caught:
        page_payload(response)
    assert str(caught.value) == (
        f"the service answered with a redirect{told}, which is not followed because credentials"
        " would go with it; if that is the service, set base_url to the final address"
        f" (HTTP {status})"
    )
    assert caught.value.final


@pytest.mark.parametrize("status", [300, 304, 305, 306, 399])
def test_what_leads_nowhere_is_no_redirect(status: int) -> None:
    with pytest.raises(ResponseError) as caught:
        page_payload(Response(status, {"location": "https://elsewhere.example/"}, b""))
    assert str(caught.value) == (
        f"the service answered HTTP {status}, which brings no page (HTTP {status})"
    )
    assert caught.value.final


def test_a_long_address_is_cut() -> None:
    location = "https://x.example/" + "a" * 10_000
    assert len(without_query(Response(302, {"location": location}, b""))) == 200


# Success and failure


@pytest.mark.parametrize(
    "nothing",
    [
        *(None, "", " ", {}, [], [None], [{}], False, 0),
        {"errorMessage": None, "errorType": None, "requestId": None, "timestamp": None},
        {"apiSubErrors": [], "errorMessage": "", "errorType": None, "more": {"x": [None, ""]}},
    ],
)
def test_an_error_response_without_anything_in_it_says_nothing(nothing: Any) -> None:
    body = {"errorResponse": nothing, "payload": {"data": [{}], "recordsCount": 1}}
    assert len(page_payload(answer(body)).records) == 1
    raise_for_error(answer(body))


@pytest.mark.parametrize(
    ("code", "is_success"),
    [
        *((0, True), (200, True), ("0", True), ("200", True), (0.0, True), (200.0, True)),
        *(("0.0", True), (None, True), ("200.00", True)),
        *((0.5, False), (1, False), ("1", False), (True, False), (False, False), ("", False)),
        *((2**63, False), (-(2**63) - 1, False), (2**64 + 200, False), (10**400, False)),
        *(
            (1e300, False),
            ("1e999", False),
            ("\u0660", False),
            ("0_0", False),
            ([], False),
            ({}, False),
        ),
    ],
)
def test_a_code_of_success_is_a_number_in_any_notation(code: object, is_success: bool) -> None:
    body = {"response_code": code, "payload": {"data": []}}
    if is_success:
        assert page_payload(answer(body)).records == []
        raise_for_error(answer(body))
    else:
        with pytest.raises(UnknownServiceError):
            page_payload(answer(body))
        with pytest.raises(UnknownServiceError):
            raise_for_error(answer(body))


@pytest.mark.parametrize("name", ["response_message", "response_code", "errorResponse"])
@pytest.mark.parametrize(
    "value", [b"9" * 4000, b"1" + b"0" * 400, b"1e400", b"1e9999999999999999999"]
)
def test_no_number_is_too_large_for_any_field(name: str, value: bytes) -> None:
    body = b'{"payload":{"data":[],"recordsCount":%b},"%b":%b}' % (value, name.encode(), value)
    for read in (page_payload, raise_for_error):
        with contextlib.suppress(APIError, ResponseError):
            read(answer(body))


def test_a_code_with_a_point_is_the_code() -> None:
    with pytest.raises(APIError) as caught:
        page_payload(answer(b'{"response_code":117.0}'))
    assert caught.value.response_code == 117


def test_what_is_said_of_a_refusal_can_be_written_as_json() -> None:
    detail = {"apiSubErrors": [{"rejectedValue": 1.5, "min": 1, "more": ["x", None, True]}]}
    with pytest.raises(APIError) as caught:
        raise_for_error(answer({"errorResponse": detail}, 400))
    assert json.loads(json.dumps(caught.value.sub_errors)) == detail["apiSubErrors"]


# Advice


FAILED = "The service failed, which may pass."
UNKNOWN = "What that means is documented nowhere."


@pytest.mark.parametrize(
    ("error", "known", "text"),
    [
        (
            SystemFaultError("no", 500, request_id="r-1"),
            {},
            f"no (HTTP 500, request r-1). {FAILED} Give EnKash the request id.",
        ),
        (
            SystemFaultError("no", 500),
            {},
            f"no (HTTP 500, request id unknown). {FAILED} Tell EnKash when it happened: there is no"
            " request id.",
        ),
        (
            SystemFaultError("no", 502),
            {"attempts": 4, "client_request_id": "c-1"},
            "no (HTTP 502, request id unknown, 4 attempts, client request c-1)."
            f" {FAILED} Give EnKash the client request id: the service gave none of its own.",
        ),
        (
            SystemFaultError("no", 501),
            {"attempts": 1, "client_request_id": "c-1"},
            "no (HTTP 501, request id unknown, client request c-1). It will answer alike: check"
            " base_url.",
        ),
        (
            SystemFaultError("no", 505),
            {},
            "no (HTTP 505, request id unknown). It will answer alike: check what stands between"
            " here and the service.",
        ),
        (
            SystemFaultError("no", 501, error_type=ErrorType.SYSTEM_ERROR, request_id="r-1"),
            {},
            f"no (HTTP 501, SYSTEM_ERROR, request r-1). {FAILED} Give EnKash the request id.",
        ),
        *(
            (
                SystemFaultError("no", status, request_id="r-1"),
                {},
                f"no (HTTP {status}, request r-1). Nothing says that this passes by itself."
                " Give EnKash the request id.",
            )
            for status in (506, 507, 508, 510, 598, 999)
        ),
        (
            SystemFaultError("no", 526),
            {},
            "no (HTTP 526, request id unknown). It will answer alike until EnKash has mended that.",
        ),
        (
            UnknownServiceError("no", 408),
            {"attempts": 4},
            "no (HTTP 408, request id unknown, 4 attempts). The request did not arrive in time,"
            " which may pass.",
        ),
        (
            UnknownServiceError("no", 200, error_type="NEW", request_id="r-1"),
            {},
            f"no (HTTP 200, NEW, request r-1). {UNKNOWN} Give EnKash the request id.",
        ),
        (
            UnknownServiceError("no", 404),
            {},
            "no (HTTP 404, request id unknown). Nothing is served at this path: check base_url.",
        ),
        (
            RecordNotFoundError("no", 404, error_type=ErrorType.RECORD_NOT_FOUND),
            {},
            "no (HTTP 404, RECORD_NOT_FOUND, request id unknown). Check the id; if none was asked"
            " for, check base_url.",
        ),
        (
            UnauthorizedError("no", 401),
            {},
            "no (HTTP 401, request id unknown). The token is not valid at this base_url: get a new"
            " one, or use OAuthPassword.",
        ),
        (
            UnauthorizedError("no", 401),
            {"was_renewed": True, "attempts": 2},
            "no (HTTP 401, request id unknown, 2 attempts). A new token was refused too: ask EnKash"
            " whether this account may do this.",
        ),
        (
            RateLimitedError("no", 429),
            {"retry_after": 90.0},
            "no (HTTP 429, request id unknown). Lower max_concurrency, or wait before the next"
            " search. The service asks to wait 90 s.",
        ),
        (APIError("no", 400), {}, "no (HTTP 400, request id unknown)"),
        (
            ResponseError("the answer was empty", 200),
            {"attempts": 4, "client_request_id": "c-1"},
            "the answer was empty (HTTP 200, 4 attempts, client request c-1)",
        ),
        (ConnectError("no connection"), {"attempts": 4}, "no connection (4 attempts)"),
        (ConnectError("no connection"), {"attempts": 1}, "no connection"),
    ],
)
def test_advice_states_only_what_is_known(
    error: EnKashError, known: dict[str, Any], text: str
) -> None:
    for name, value in known.items():
        setattr(error, name, value)

    assert str(error) == text
    assert str(pickle.loads(pickle.dumps(error))) == text


def test_what_may_pass_is_what_is_tried_again() -> None:
    assert {status for status in RETRYABLE_STATUSES if status >= 500} == PASSING


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\r\nlines\tand  more\u2028x", "two lines and more x"),
        ("\x1b[31mred\x9b31m\x07\x7f", "?[31mred?31m??"),
        ("a\u202eb\u200bc\u2066d\ufeffe", "a?b?c?d?e"),
        ("half \ud800", "half ?"),
        ("ग्राहक नहीं मिला é 😀", "ग्राहक नहीं मिला é 😀"),
        ("x" * 600, "x" * 500),
    ],
)
def test_words_of_the_service_command_no_terminal(text: str, shown: str) -> None:
    detail = {"errorMessage": text, "requestId": text, "timestamp": text, "errorType": text}
    body = {"errorResponse": detail, "response_code": text, "response_message": text}
    with pytest.raises(APIError) as caught:
        raise_for_error(answer(body, 500))
    error = caught.value
    assert {error.message, error.request_id, error.timestamp, error.response_message} == {shown}
    assert {error.error_type, error.response_code} == {shown}
