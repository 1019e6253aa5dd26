"""Errors form the documented tree, say what to do, and survive a process boundary."""

import pickle
from collections.abc import Iterator
from typing import Any

import pytest

import enkash_async
from enkash_async import (
    ERROR_CLASSES,
    APIError,
    AuthenticationError,
    DecodeError,
    EnKashError,
    ErrorType,
    IncompleteSearchError,
    RateLimitedError,
    ResponseError,
    ResumeToken,
    SearchReport,
    TransportError,
    UnknownServiceError,
    Verdict,
)
from enkash_async.errors import for_another
from enkash_async.resume import ListPoint

TREE = {
    "TransportError": "EnKashError",
    "ConnectError": "TransportError",
    "CertificateError": "ConnectError",
    "ProxyError": "ConnectError",
    "RequestTimeoutError": "TransportError",
    "ResponseError": "TransportError",
    "AnswerTooLargeError": "ResponseError",
    "APIError": "EnKashError",
    "ClientRequestAbortError": "APIError",
    "ClientRequestError": "APIError",
    "InvalidAccessError": "APIError",
    "RecordNotFoundError": "APIError",
    "SystemFaultError": "APIError",
    "UnauthorizedError": "APIError",
    "UnknownServiceError": "APIError",
    "UnprocessableRequestError": "APIError",
    "ValidationError": "APIError",
    "RateLimitedError": "APIError",
    "AuthenticationError": "EnKashError",
    "DecodeError": "EnKashError",
    "IncompleteSearchError": "EnKashError",
    "ConfigurationError": "EnKashError",
    "InvalidArgumentError": "EnKashError",
    "ArgumentTypeError": "InvalidArgumentError",
}
NINE_TYPES = {
    "CLIENT_REQUEST_ABORT": "ClientRequestAbortError",
    "CLIENT_REQUEST_ERROR": "ClientRequestError",
    "INVALID_ACCESS": "InvalidAccessError",
    "RECORD_NOT_FOUND": "RecordNotFoundError",
    "SYSTEM_ERROR": "SystemFaultError",
    "UNAUTHORIZED": "UnauthorizedError",
    "UNKNOWN_ERROR": "UnknownServiceError",
    "UNPROCESSABLE_REQUEST": "UnprocessableRequestError",
    "VALIDATION_ERROR": "ValidationError",
}


def walk(kind: type[EnKashError]) -> Iterator[type[EnKashError]]:
    yield kind
    for below in kind.__subclasses__():
        if below.__module__.startswith("enkash_async"):
            yield from walk(below)


ALL = list(walk(EnKashError))
PUBLIC = [kind for kind in ALL if not kind.__name__.startswith("_")]
API_ERRORS = [kind for kind in ALL if issubclass(kind, APIError) and kind is not APIError]


def sample(kind: type[EnKashError]) -> EnKashError:
    """Return an error of this class in which every attribute is set."""
    error: EnKashError
    if issubclass(kind, APIError):
        error = kind(
            "limit is too large",
            422,
            error_type=ErrorType.VALIDATION_ERROR,
            sub_errors=({"field": "limit"}, {}),
            request_id="r-42",
            timestamp="2019-08-24 14:15:22",
            response_code=117,
            response_message="FAILURE",
        )
    elif issubclass(kind, DecodeError):
        error = kind("customerKeyContacts[0].createdOn", "not a time", 1200, 7)
    elif issubclass(kind, (ResponseError, AuthenticationError)):
        error = kind("the answer was empty", 503)
    else:
        error = kind("what happened")
    if isinstance(error, TransportError):
        error.at_once = error.final = True
    if isinstance(error, RateLimitedError):
        error.retry_after = 3.5
    error.offset = 1200
    error.report = SearchReport(
        verdict=Verdict.INCOMPLETE, reasons=["broken off"], records_delivered=1200
    )
    error.resume_token = ResumeToken(
        fingerprint="f" * 32, point=ListPoint(row=1200, delivered=1200, edge=("KC1",))
    )
    return error


def attributes(error: BaseException) -> dict[str, Any]:
    names = {name for kind in type(error).__mro__ for name in getattr(kind, "__annotations__", ())}
    return {name: getattr(error, name) for name in names} | vars(error)


def test_the_tree_is_the_documented_one() -> None:
    tree = {kind.__name__: kind.__base__.__name__ for kind in PUBLIC[1:] if kind.__base__}

    assert tree == TREE
    assert EnKashError.__base__ is Exception


@pytest.mark.parametrize("kind", PUBLIC)
def test_every_error_of_the_tree_is_public(kind: type[EnKashError]) -> None:
    assert getattr(enkash_async, kind.__name__) is kind
    assert kind.__name__ in enkash_async.__all__


@pytest.mark.parametrize("kind", ALL)
def test_who_is_told_of_the_error_of_another_has_one_of_their_own(kind: type[EnKashError]) -> None:
    error = sample(kind)
    error.add_note("said of both")
    try:
        raise error from OSError("why")
    except EnKashError:
        own = for_another(error)
    before = attributes(error)
    assert (type(own), str(own), attributes(own)) == (kind, str(error), before)
    assert own.__cause__ is error.__cause__
    assert own.__traceback__ is error.__traceback__ is not None

    own.add_note("said of one")
    own.offset, own.attempts, own.final = 7, 3, not error.final
    assert error.__notes__ == ["said of both"]
    assert attributes(error) == before


def test_an_error_outside_the_tree_is_the_same_for_all() -> None:
    error = OSError("gone")
    assert for_another(error) is error


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_pickles_with_all_it_carries(kind: type[EnKashError], protocol: int) -> None:
    error = sample(kind)
    copy = pickle.loads(pickle.dumps(error, protocol))

    assert type(copy) is kind
    assert copy.args == error.args
    assert str(copy) == str(error)
    assert attributes(copy) == attributes(error)
    assert (copy.offset, copy.report, copy.resume_token) == (
        1200,
        error.report,
        error.resume_token,
    )


@pytest.mark.parametrize("kind", ALL)
def test_an_error_outside_a_search_has_no_place_in_one(kind: type[EnKashError]) -> None:
    error = kind("path", "reason") if issubclass(kind, DecodeError) else kind("text")
    copy = pickle.loads(pickle.dumps(error))

    assert (copy.offset, copy.report, copy.resume_token) == (None, None, None)
    assert str(copy) == str(error) != ""


def test_the_nine_error_types_are_the_documented_ones() -> None:
    assert {member.value for member in ErrorType} == set(NINE_TYPES)
    assert {name: kind.__name__ for name, kind in ERROR_CLASSES.items()} == NINE_TYPES
    assert set(ERROR_CLASSES) == set(ErrorType)


def test_the_table_of_classes_cannot_be_changed() -> None:
    table: Any = ERROR_CLASSES
    with pytest.raises(TypeError):
        table[ErrorType.SYSTEM_ERROR] = APIError


@pytest.mark.parametrize("kind", API_ERRORS)
def test_the_text_of_an_api_error_holds_its_facts_and_what_to_do(kind: type[APIError]) -> None:
    text = str(sample(kind))

    for fact in ("limit is too large", "HTTP 422", "VALIDATION_ERROR", "117", "r-42"):
        assert fact in text
    assert kind.advice
    assert kind.advice in text


@pytest.mark.parametrize("kind", API_ERRORS)
def test_every_api_error_gives_advice_of_its_own(kind: type[APIError]) -> None:
    assert [other for other in API_ERRORS if other.__dict__["advice"] == kind.advice] == [kind]


@pytest.mark.parametrize("kind", API_ERRORS)
def test_an_api_error_says_so_where_the_service_gave_no_request_id(kind: type[APIError]) -> None:
    error = kind("no", 500)

    assert error.request_id is None
    assert "request id unknown" in str(error)
    assert "None" not in str(error)


def test_an_api_error_keeps_what_it_was_given() -> None:
    error = sample(UnknownServiceError)
    assert isinstance(error, APIError)
    assert error.message == "limit is too large"
    assert error.status == 422
    assert error.error_type is ErrorType.VALIDATION_ERROR
    assert error.sub_errors == ({"field": "limit"}, {})
    assert error.request_id == "r-42"
    assert error.timestamp == "2019-08-24 14:15:22"
    assert error.response_code == 117
    assert error.response_message == "FAILURE"


def test_a_rate_limit_says_how_long_to_wait() -> None:
    error = RateLimitedError("too many", 429)
    assert error.retry_after is None
    error.retry_after = 90.0
    assert "90 s" in str(error)


def test_a_refused_login_warns_of_the_lock() -> None:
    error = AuthenticationError("the login was refused", 401)

    assert error.status == 401
    assert "the login was refused" in str(error)
    assert "locks" in str(error)


def test_a_decode_error_names_place_path_and_reason_and_the_way_around() -> None:
    error = DecodeError("netAmount", "expected a number", 1200, 7)

    assert (error.path, error.reason, error.offset, error.index) == (
        "netAmount",
        "expected a number",
        1200,
        7,
    )
    for fact in ("netAmount", "expected a number", "1200", "on_bad_record"):
        assert fact in str(error)


@pytest.mark.parametrize(("status", "shown"), [(503, True), (None, False)])
def test_a_response_error_shows_its_status_if_there_was_one(
    status: int | None, shown: bool
) -> None:
    error = ResponseError("the answer broke off", status)

    assert error.status == status
    assert "the answer broke off" in str(error)
    assert ("HTTP" in str(error)) is shown


def test_an_incomplete_search_says_what_it_was_told() -> None:
    assert str(IncompleteSearchError("rows 10 to 20 moved")) == "rows 10 to 20 moved"
