"""What may be told of an error: its class, and what cannot be anything but harmless."""

from __future__ import annotations

import asyncio

import pytest

from enkash_async import (
    APIError,
    AuthenticationError,
    ConnectError,
    ErrorType,
    ResponseError,
    ValidationError,
)
from enkash_async._telemetry.facts import ErrorFacts, facts_of

TEXT = "Asha of asha@example.in"


def refusal(error_type: ErrorType | str | None, request_id: str | None) -> APIError:
    return ValidationError(TEXT, 400, error_type=error_type, request_id=request_id)


@pytest.mark.parametrize(
    ("error", "facts"),
    [
        (None, ErrorFacts()),
        (ZeroDivisionError(TEXT), ErrorFacts("ZeroDivisionError")),
        (asyncio.CancelledError(), ErrorFacts("CancelledError")),
        (ConnectError(TEXT), ErrorFacts("ConnectError")),
        (ResponseError(TEXT, 502), ErrorFacts("ResponseError", status=502)),
        (AuthenticationError(TEXT, 401), ErrorFacts("AuthenticationError", status=401)),
        (
            refusal(ErrorType.VALIDATION_ERROR, "9f1c-42"),
            ErrorFacts("ValidationError", ErrorType.VALIDATION_ERROR, 400, "9f1c-42"),
        ),
        (refusal(TEXT, None), ErrorFacts("ValidationError", status=400)),
        (refusal(None, TEXT), ErrorFacts("ValidationError", status=400)),
        (refusal(None, "a" * 65), ErrorFacts("ValidationError", status=400)),
        (refusal(None, ""), ErrorFacts("ValidationError", status=400)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_facts_of_an_error(error: BaseException | None, facts: ErrorFacts) -> None:
    assert facts_of(error) == facts
