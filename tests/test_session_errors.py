"""One tree for all that goes wrong: misuse and configuration are in it, each with a status."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from enkash_async import (
    ArgumentTypeError,
    BearerToken,
    ConfigurationError,
    CustomerFilter,
    EnKashError,
    EnKashSession,
    InvalidArgumentError,
    OAuthPassword,
    ResumeToken,
    RetryPolicy,
    errors,
)
from enkash_async.events import Hooks

URL = "https://api.example"


def session(**options: object) -> object:
    return EnKashSession(URL, BearerToken("t"), **options)  # type: ignore[arg-type]


MISUSE: list[tuple[Callable[[], object], type[EnKashError], str]] = [
    (lambda: EnKashSession.from_env({}), ConfigurationError, "ENKASH_BASE_URL"),
    (lambda: EnKashSession.from_env({"ENKASH_BASE_URL": URL}), ConfigurationError, "ENKASH_TOKEN"),
    (
        lambda: EnKashSession.from_env({"ENKASH_BASE_URL": "https://xn--a", "ENKASH_TOKEN": "t"}),
        ConfigurationError,
        "ENKASH_BASE_URL",
    ),
    (lambda: EnKashSession("ftp://x", BearerToken("t")), InvalidArgumentError, "base_url"),
    (lambda: EnKashSession(7, BearerToken("t")), ArgumentTypeError, "base_url"),  # type: ignore[arg-type]
    (lambda: EnKashSession(URL, "t"), ArgumentTypeError, "auth"),  # type: ignore[arg-type]
    (lambda: BearerToken(7), ArgumentTypeError, "token"),  # type: ignore[arg-type]
    (lambda: BearerToken("Bearer t"), InvalidArgumentError, "token"),
    (
        lambda: OAuthPassword(client_id="", client_secret="b", username="c", password="d"),
        InvalidArgumentError,
        "client_id",
    ),
    (lambda: session(max_concurrency=0), InvalidArgumentError, "max_concurrency"),
    (lambda: session(page_size="50"), ArgumentTypeError, "page_size"),
    (lambda: session(naive_timezone="Asia/Nowhere"), InvalidArgumentError, "naive_timezone"),
    (lambda: RetryPolicy(quota=-1), InvalidArgumentError, "quota"),
    (lambda: Hooks(on_page=7), ArgumentTypeError, "on_page"),  # type: ignore[arg-type]
    (lambda: CustomerFilter(level="LEVEL_9"), InvalidArgumentError, "level"),
    (lambda: CustomerFilter(legal_name=7), ArgumentTypeError, "legal_name"),  # type: ignore[arg-type]
    (lambda: ResumeToken.parse("{}"), InvalidArgumentError, "resume token"),
]


@pytest.mark.parametrize(("misuse", "kind", "word"), MISUSE)
def test_misuse_is_in_the_tree(
    misuse: Callable[[], object], kind: type[EnKashError], word: str
) -> None:
    with pytest.raises(EnKashError, match=word) as caught:
        misuse()
    assert type(caught.value) is kind
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, TypeError) == (kind is ArgumentTypeError)


STATUSES = {
    "InvalidArgumentError": 400,
    "ArgumentTypeError": 400,
    "ValidationError": 400,
    "UnprocessableRequestError": 400,
    "ClientRequestError": 400,
    "RecordNotFoundError": 404,
    "ConnectError": 503,
    "ProxyError": 503,
    "RateLimitedError": 503,
    "ConfigurationError": 503,
    "RequestTimeoutError": 504,
}


def test_each_error_suggests_a_status_for_a_web_service() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, EnKashError)
    ]
    assert {kind.__name__: kind.http_status for kind in kinds} == {
        kind.__name__: STATUSES.get(kind.__name__, 502) for kind in kinds
    }
    assert set(STATUSES) <= {kind.__name__ for kind in kinds}
