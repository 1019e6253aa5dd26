"""The session as a plain object: made anywhere, bound to its event loop when it is read."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any, get_args, get_type_hints

import anyio
import attrs
import pytest

import enkash_async
from enkash_async import (
    BadRecord,
    BearerToken,
    Customer,
    CustomerFilter,
    CustomerKeyContact,
    CustomerReminder,
    EnKashSession,
    Hooks,
    InvalidArgumentError,
    OAuthPassword,
    Page,
    RequestTimeoutError,
    ResumeToken,
    RetryPolicy,
    SearchReport,
    Timeout,
    Token,
)
from enkash_async._session.options import CHECKS, SHARED, Options, SessionOptions, ViewOptions
from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, serve_sandbox
from tests.support.plain_functions import NOT_PLAIN
from tests.support.sessions import session_for

URL = "https://api.example"


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    """A sandbox in a thread of its own, for tests that start event loops."""
    with serve_sandbox(SandboxSettings(rows=30)) as sandbox:
        yield sandbox


def new(**options: Any) -> EnKashSession:
    return EnKashSession(URL, BearerToken("t"), **options)


def changed(session: EnKashSession, options: dict[str, Any]) -> EnKashSession:
    change: Any = session.with_options
    view: EnKashSession = change(**options)
    return view


# No loop is needed


def test_searches_are_made_without_an_event_loop() -> None:
    session = new()

    assert hasattr(session, "customers")
    search = session.customers.search(page_size=50)
    crawl = session.customers.crawl()
    assert search.total is None
    assert str(search.resume_token).startswith("{")
    assert search.report.records_delivered == 0
    assert "new" in repr(search)
    assert repr(crawl)
    assert "closed" in repr(session)


def test_wrong_arguments_are_refused_before_there_is_a_loop() -> None:
    with pytest.raises(ValueError, match="page_size"):
        new().customers.search(page_size=9_999)


def test_a_search_of_a_worker_thread_is_read_in_the_loop(served: Sandbox) -> None:
    """As a `def` dependency of FastAPI makes it."""

    async def main() -> int:
        async with session_for(served) as session:
            search = await asyncio.to_thread(session.customers.search)
            return len([customer async for customer in search])

    assert asyncio.run(main()) == 30


def test_a_search_made_before_the_session_opens_is_read_after(served: Sandbox) -> None:
    session = session_for(served)
    search = session.customers.search()

    async def main() -> int:
        with pytest.raises(RuntimeError, match="not open"):
            await search
        async with session:
            return len(await search)

    assert asyncio.run(main()) == 30


def test_a_search_that_was_never_read_can_be_closed(served: Sandbox) -> None:
    async def main() -> None:
        async with session_for(served) as session:
            search = session.customers.search()
            await search.aclose()
            with pytest.raises(RuntimeError, match="closed; start another"):
                await search
            async with session.customers.search():
                pass
        assert served.in_flight == 0

    asyncio.run(main())


# Opening and closing


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://API.example", "https://api.example"),
        ("https://api.example/", "https://api.example"),
        ("https://api.example:443/ar/", "https://api.example/ar"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_a_session_says_where_its_requests_go(given: str, shown: str) -> None:
    session = EnKashSession(given, BearerToken("t"))
    assert session.base_url == session.with_options(page_size=7).base_url == shown


def test_a_session_says_whether_it_is_open(served: Sandbox) -> None:
    session = session_for(served)
    view = session.with_options(page_size=7)

    async def main() -> None:
        assert not session.is_open
        async with view:
            assert session.is_open
            assert view.is_open
            assert await asyncio.to_thread(lambda: session.is_open)
        assert not session.is_open
        assert not view.is_open
        await session.open()

    asyncio.run(main())
    # Its loop has ended.
    assert not session.is_open
    asyncio.run(session.aclose())


def test_a_session_is_opened_without_a_block_and_again_in_another_loop(served: Sandbox) -> None:
    session = session_for(served)

    async def once() -> int:
        assert await session.open() is session
        try:
            return await session.customers.count()
        finally:
            await session.aclose()

    assert [asyncio.run(once()), asyncio.run(once())] == [30, 30]


def test_closing_after_the_loop_has_ended_drops_and_says_so(
    served: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    session = session_for(served)

    async def open_and_forget() -> None:
        await session.open()
        assert await session.customers.count() == 30

    asyncio.run(open_and_forget())
    assert "closed" in repr(session)
    with caplog.at_level(logging.WARNING, "enkash_async"):
        asyncio.run(session.aclose())
        asyncio.run(session.aclose())
    assert [vars(record)["enkash_event"] for record in caplog.records] == ["session_dropped"]


def test_a_session_left_open_by_a_loop_that_has_ended_opens_again(served: Sandbox) -> None:
    session = session_for(served)

    async def ask() -> int:
        await session.open()
        return await session.customers.count()

    async def ask_without_opening() -> None:
        with pytest.raises(RuntimeError, match="has ended; open it again"):
            await session.customers.count()

    assert asyncio.run(ask()) == 30
    asyncio.run(ask_without_opening())
    assert asyncio.run(ask()) == 30
    asyncio.run(session.aclose())


def test_a_session_is_closed_in_its_own_loop_only(served: Sandbox) -> None:
    said: list[str] = []

    async def close_elsewhere(session: EnKashSession) -> None:
        with pytest.raises(RuntimeError) as caught:
            await session.aclose()
        said.append(str(caught.value))

    async def main() -> int:
        async with session_for(served) as session:
            thread = Thread(target=lambda: asyncio.run(close_elsewhere(session)))
            thread.start()
            await asyncio.to_thread(thread.join)
            return await session.customers.count()

    assert asyncio.run(main()) == 30
    assert "close it in that loop" in said[0]


# Views


@pytest.mark.anyio
async def test_views_share_connections_token_and_limits(sandbox: Sandbox) -> None:
    async with session_for(sandbox, max_concurrency=2) as session:
        nightly = session.with_options(page_size=7, timeout=300, retry=0)
        async with anyio.create_task_group() as group:
            for view in (session, nightly):
                group.start_soon(read, view)
        assert sandbox.max_in_flight <= 2
        assert nightly._core is session._core
        page = await nightly.customers.search()
        assert len(page) == 7
        assert len(await session.customers.search()) == 50
    with pytest.raises(RuntimeError, match="not open"):
        await nightly.customers.count()


async def read(session: EnKashSession) -> None:
    async for _ in session.customers.search():
        pass


@pytest.mark.anyio
async def test_a_view_may_be_opened_for_all(sandbox: Sandbox) -> None:
    session = session_for(sandbox)
    async with session.with_options(page_size=9) as view:
        assert type(view) is EnKashSession
        assert await session.customers.count() == 250
        further = view.with_options(first_offset=0)
        assert len(await further.customers.search()) == 9


@pytest.mark.anyio
async def test_a_view_has_patience_of_its_own(sandbox: Sandbox) -> None:
    async def hold(call: SearchCall) -> None:
        await anyio.sleep_forever()

    async with session_for(sandbox) as session:
        sandbox.on_search = hold
        impatient = session.with_options(timeout=0.05, retry=0)
        with pytest.raises(RequestTimeoutError):
            await impatient.customers.search()
        sandbox.on_search = None
        assert await session.customers.count() == 250


@pytest.mark.parametrize("name", SHARED)
def test_what_all_views_share_cannot_be_changed_for_one(name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} is the same for all views"):
        changed(new(), {name: None})


# Options


def test_there_is_one_list_of_options() -> None:
    """Signature, types for editors and checks name the same, in whichever of them one is added."""
    parameters = inspect.signature(EnKashSession).parameters
    names = [*parameters][2:]

    assert set(names) == set(get_type_hints(SessionOptions)) == set(CHECKS)
    assert set(names) == {*Options.__struct_fields__}
    # Each default stands once, where callers see it.
    assert Options.__struct_defaults__ == ()
    assert all(parameters[name].default is not inspect.Parameter.empty for name in names)
    assert {*get_type_hints(ViewOptions), *SHARED} == set(names)
    doc = inspect.getdoc(EnKashSession.__init__) or ""
    assert [name for name in parameters if name != "self" and f"*{name}*:" not in doc] == [
        "offset_unit"
    ]
    assert "*offset_unit*, *first_offset*:" in doc


def test_options_are_typed_alike_wherever_they_are_given() -> None:
    hints = get_type_hints(EnKashSession.__init__)
    for name in ("base_url", "auth", "return"):
        del hints[name]
    assert hints == get_type_hints(SessionOptions)


@pytest.mark.parametrize("name", sorted(get_type_hints(SessionOptions)))
def test_none_is_accepted_where_the_type_says_so_and_alike_by_class_and_view(name: str) -> None:
    may_be_none = type(None) in get_args(get_type_hints(SessionOptions)[name])
    makers: list[Callable[[], EnKashSession]] = [lambda: new(**{name: None})]
    if name not in SHARED:
        makers.append(lambda: changed(new(timeout=5, retry=0, headers={"a": "b"}), {name: None}))
    for make in makers:
        if may_be_none:
            assert getattr(make()._options, name) == getattr(new()._options, name)
        else:
            with pytest.raises((TypeError, ValueError), match=f"^{name}"):
                make()


def test_a_number_stands_for_a_timeout_and_an_int_for_a_policy() -> None:
    options = new(timeout=2.5, retry=0)._options
    assert options.timeout == Timeout(connect=2.5, read=2.5, attempt=2.5, call=2.5, progress=2.5)
    assert options.retry == RetryPolicy(attempts=1)

    options = new(timeout=600, retry=3)._options
    assert options.timeout == Timeout(call=600, progress=600)
    assert options.retry == RetryPolicy(attempts=4)


class PlainFetch:
    def fetch_token(self, send: object) -> str:
        return "t"


WRONG: dict[str, list[Any]] = {
    "max_concurrency": ["8", 0, 1.5, True, None],
    "max_rate": ["5", 0, True],
    "page_size": ["50", 0, 5_001, None],
    "prefetch_bytes": ["1", -1],
    "max_body_bytes": ["1", 0],
    "timeout": ["5", 0, -1, True, Timeout, [5]],
    "retry": ["3", -1, 1.5, True, RetryPolicy],
    "adaptive": ["yes", 1, None],
    "naive_timezone": [7, "Asia/Nowhere", None],
    "offset_unit": ["row", None, 7],
    "first_offset": [2, "0", True, None],
    "keep_unknown": ["yes", 1, None],
    "http": ["x", 7, dict],
    "hooks": [7, [print], "hooks", None],
    "trust_env": ["no", 0],
    "proxy": [7, "", "socks5://proxy:1", "http://", "http://a b"],
    "ssl": ["ca.pem", True, False],
    "headers": ["x", [("a", "b")], {"a": 1}, {"a b": "c"}, {"a": "b\nc"}, {"a": " b"}, {"a": ""}],
    "user_agent": [7, "", "a\nb", "\u00e9"],
    "allow_http_to": ["sandbox", 7, [7], ["http://sandbox"], ["sandbox:80"]],
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_every_option_is_checked_where_it_is_given_by_name(name: str) -> None:
    assert set(WRONG) == set(CHECKS)
    for wrong in WRONG[name]:
        with pytest.raises((TypeError, ValueError), match=f"^{name}"):
            new(**{name: wrong})


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        ("token", "fetch_token"),
        (None, "fetch_token"),
        (BearerToken, "not the class BearerToken itself"),
        (PlainFetch(), "async def"),
    ],
)
def test_credentials_are_checked_where_they_are_given(auth: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        EnKashSession(URL, auth)


@pytest.mark.anyio
async def test_a_token_that_is_text_is_refused_by_name() -> None:
    class Texts:
        async def fetch_token(self, send: object) -> Any:
            return "secret-token"

    async with EnKashSession(URL, Texts()) as session:
        with pytest.raises(TypeError, match="must be a Token, not str") as caught:
            await session.customers.count()
    assert "secret-token" not in str(caught.value)


TEXTS = ["", 7, None, "a\nb", "\ud800"]

FIELDS: list[tuple[type, dict[str, list[Any]]]] = [
    (BearerToken, {"token": [*TEXTS, "a b", "Bearer t"]}),
    (
        Token,
        {
            "value": [*TEXTS, "a b", "Bearer t"],
            "life": [0, -5, float("nan"), "3600", True, 10**400],
            "secrets": ["abc", ["abc"], None, (7,), (b"abc",), ("\ud800",)],
        },
    ),
    (
        OAuthPassword,
        {
            "client_id": [*TEXTS, "a:b", " a"],
            **{name: [*TEXTS, " a"] for name in ("client_secret", "username", "password")},
            "company_id": ["", 7, " a"],
        },
    ),
    (
        Hooks,
        {
            f"on_{name}": [7, "print", *NOT_PLAIN]
            for name in ("search_start", "request", "retry", "page", "search_end")
        },
    ),
    (
        Timeout,
        {
            name: ["5", 0, -1, None, True, float("nan")]
            for name in ("connect", "read", "attempt", "call", "progress")
        },
    ),
    (
        RetryPolicy,
        {
            "attempts": ["1", 0, 1.5, None],
            "first_delay": ["1", -1, None],
            "max_delay": ["1", -1],
            "max_retry_after": ["1", -1],
            "quota": ["1", -1],
            "error_types": [["SYSTEM_ERROR"], frozenset({"SYSTEM_ERROR"}), None],
            "statuses": [[500], frozenset({"500"}), 500],
        },
    ),
]


MADE_BY_US = {
    *(BadRecord, Customer, CustomerKeyContact, CustomerReminder, Page, ResumeToken, SearchReport),
    # Has tests of its own.
    CustomerFilter,
}


@pytest.mark.parametrize(("kind", "wrong"), FIELDS)
def test_every_field_of_an_option_is_checked_by_name(
    kind: Any, wrong: dict[str, list[Any]]
) -> None:
    assert set(wrong) == {field.name for field in kind.__attrs_attrs__}
    right = {field.name: "t" for field in kind.__attrs_attrs__ if field.default is attrs.NOTHING}
    for name, values in wrong.items():
        for value in values:
            with pytest.raises(InvalidArgumentError, match=f"^{name}") as caught:
                kind(**right | {name: value})
            assert "abc" not in str(caught.value)


def test_what_callers_make_for_a_session_is_in_the_table() -> None:
    public = [getattr(enkash_async, name) for name in enkash_async.__all__]
    made = {kind for kind in public if isinstance(kind, type) and attrs.has(kind)}

    assert {kind for kind, _ in FIELDS} == made - MADE_BY_US


@pytest.mark.parametrize(
    ("option", "words"),
    [("pagesize", "did you mean page_size"), ("Retry", "did you mean retry"), ("xyz", "there are")],
)
def test_an_option_that_is_none_is_refused_with_what_exists(option: str, words: str) -> None:
    environ = {"ENKASH_BASE_URL": URL, "ENKASH_TOKEN": "t"}
    from_env: Any = EnKashSession.from_env
    with pytest.raises(TypeError):
        from_env(environ, **{option: 1})
    with pytest.raises(TypeError, match=words):
        changed(new(), {option: 1})


# The environment


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"ENKASH_BASE_URL": "http://api.example"}, "^ENKASH_BASE_URL must be https"),
        ({"ENKASH_BASE_URL": "nowhere"}, "^ENKASH_BASE_URL must be an address"),
        ({"ENKASH_TOKEN": "Bearer t"}, "^ENKASH_TOKEN must be given without"),
        ({"ENKASH_ALLOW_HTTP": "http://sandbox"}, "^ENKASH_ALLOW_HTTP holds names"),
        (
            {"ENKASH_TOKEN": "", "ENKASH_CLIENT_ID": "a:b"},
            "^ENKASH_CLIENT_ID must not hold a colon",
        ),
    ],
)
def test_errors_of_the_environment_name_the_variable(environ: dict[str, str], words: str) -> None:
    whole = {
        "ENKASH_BASE_URL": URL,
        "ENKASH_TOKEN": "t",
        "ENKASH_CLIENT_ID": "a",
        "ENKASH_CLIENT_SECRET": "b",
        "ENKASH_USERNAME": "c",
        "ENKASH_PASSWORD": "d",
    }
    with pytest.raises(ValueError, match=words):
        EnKashSession.from_env(whole | environ)


def test_blanks_around_what_the_environment_says_are_left_out() -> None:
    session = EnKashSession.from_env(
        {
            "ENKASH_BASE_URL": " http://Sandbox:8080\n",
            "ENKASH_TOKEN": "\tt\r\n",
            "ENKASH_ALLOW_HTTP": " sandbox , other ",
        }
    )
    assert "http://sandbox:8080" in repr(session)
    with pytest.raises(ValueError, match="must be https"):
        EnKashSession("http://elsewhere", BearerToken("t"), allow_http_to=["sandbox"])
