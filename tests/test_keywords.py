"""A keyword that does not exist is named, with the one that was meant or all that there are."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, is_typeddict

import attrs
import pytest

import enkash_async
from enkash_async import (
    ArgumentTypeError,
    BearerToken,
    CustomerFilter,
    EnKashSession,
    OAuthPassword,
    Page,
    RetryPolicy,
    Timeout,
    Token,
    arrow,
    blocking,
    export,
    sandbox,
)
from enkash_async.arrow import CustomerStream
from enkash_async.events import Hooks
from enkash_async.export import CsvStyle
from enkash_async.sandbox import Fault, FaultScript, SandboxSettings, faults

pytestmark = pytest.mark.anyio

URL = "https://api.example"
ENVIRONMENT = {"ENKASH_BASE_URL": URL, "ENKASH_TOKEN": "t"}
SESSION: Any = EnKashSession(URL, BearerToken("t"))
SYNC: Any = blocking.EnKashSession(URL, BearerToken("t"))


def any_of(value: Any) -> Any:
    """Return *value* for what no type checker would let pass."""
    return value


WRONG: list[tuple[Callable[[], object], str]] = [
    (
        lambda: any_of(EnKashSession)(URL, 1, retries=3),
        r"EnKashSession\(\) takes no retries; did you mean retry\?",
    ),
    (
        lambda: any_of(EnKashSession).from_env(ENVIRONMENT, pagesize=3),
        "pagesize; did you mean page_size",
    ),
    (
        lambda: any_of(EnKashSession)(URL, 1, colour=3),
        "takes no colour; there are adaptive, allow_http_to, auth,",
    ),
    (lambda: any_of(EnKashSession)(URL, api_key=3), r"did you mean auth\?"),
    (lambda: any_of(EnKashSession)(URL, 1, order="id"), "takes no order; there are adaptive"),
    (lambda: SESSION.with_options(limit=3), r"did you mean page_size\?"),
    (lambda: SESSION.customers.search(limit=3), r"did you mean page_size or max_records\?"),
    (lambda: SYNC.customers.crawl(limit=3), r"did you mean page_size or max_records\?"),
    (lambda: SESSION.customers.search(per_page=3), r"did you mean page_size\?"),
    (lambda: SESSION.customers.search(skip=3), r"did you mean offset\?"),
    (lambda: SESSION.customers.search(sort="id"), r"did you mean order_by or direction\?"),
    (lambda: SESSION.customers.crawl(sort="id"), "cannot be searched by sort; there are account"),
    (lambda: SESSION.with_options(timeouts=3), "timeouts; did you mean timeout"),
    (
        lambda: any_of(blocking.EnKashSession)(URL, BearerToken("t"), retries=3),
        "retries; did you mean retry",
    ),
    (lambda: any_of(blocking.EnKashSession).from_env(ENVIRONMENT, retries=3), "did you mean retry"),
    (lambda: SYNC.with_options(retries=3), "did you mean retry"),
    (
        lambda: any_of(RetryPolicy)(attemps=3),
        r"RetryPolicy\(\) takes no attemps; did you mean attempts\?",
    ),
    (lambda: attrs.evolve(any_of(RetryPolicy()), attemps=3), "did you mean attempts"),
    (
        lambda: any_of(Timeout)(total=5),
        "takes no total; there are attempt, call, connect, progress, read$",
    ),
    (lambda: any_of(Hooks)(on_pages=print), "did you mean on_page"),
    (lambda: any_of(BearerToken)(tok="x"), "did you mean token"),
    (lambda: any_of(Token)("x", lifetime=5), "did you mean life"),
    (lambda: any_of(OAuthPassword)(client="x"), r"did you mean client_id\?"),
    (lambda: any_of(CustomerFilter)(status="x"), r"did you mean customer_status\?"),
    (lambda: SESSION.customers.search(page=3), "did you mean page_size"),
    (lambda: SESSION.customers.search(status="active"), "did you mean customer_status"),
    (
        lambda: SESSION.customers.crawl(order_by="id"),
        r"crawl\(\) takes no order_by; search\(\) does",
    ),
    (lambda: SYNC.customers.search(page=3), "did you mean page_size"),
    (lambda: SYNC.customers.crawl(max_record=3), "did you mean max_records"),
    (lambda: SESSION.customers.search().raw_pages(cut=3), "did you mean cut_every"),
    (lambda: SYNC.customers.search().arrow_batches(flatten=1), "did you mean flat"),
    (lambda: any_of(CsvStyle)(nesting=1), "did you mean nested"),
    (lambda: any_of(CustomerStream)(print, flatt=1), "did you mean flat"),
]


@pytest.mark.parametrize(("wrong", "said"), WRONG)
def test_it_is_named_where_it_was_written(wrong: Callable[[], object], said: str) -> None:
    with pytest.raises(ArgumentTypeError, match=said) as caught:
        wrong()

    # The line of the caller, and a few of ours at most.
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert len(frames) <= 6
    assert frames[1].filename == __file__


async def test_so_it_is_where_something_is_awaited() -> None:
    waiting: list[tuple[Callable[[], Any], str]] = [
        (lambda: any_of(export.export)(SESSION.customers, "x.jsonl", fmt="csv"), "mean format"),
        (lambda: SESSION.customers.search().to_arrow(max_row=1), "mean max_rows"),
        (lambda: SESSION.customers.count(status="active"), "mean customer_status"),
        (lambda: SESSION.customers.windows(max_record=1), "mean max_records"),
    ]
    for wrong, said in waiting:
        with pytest.raises(ArgumentTypeError, match=said):
            await wrong()


IN_THE_SANDBOX: list[tuple[Callable[[], object], str]] = [
    (
        lambda: any_of(SandboxSettings)(row=1),
        r"SandboxSettings\(\) takes no row; did you mean rows\?",
    ),
    (lambda: any_of(FaultScript)(seeds=1), "did you mean seed"),
    (lambda: any_of(Fault)(faults.Reset(), time=1), "did you mean times"),
    (lambda: any_of(faults.Reset)(after=1), r"Reset\(\) takes no after; there is nothing to set"),
    (lambda: any_of(faults.HttpError)(stat=1), "did you mean status"),
    (
        lambda: any_of(sandbox.open_sandbox)(row=1),
        r"takes no row; give it a SandboxSettings\(rows=",
    ),
    (lambda: any_of(sandbox.serve_sandbox)(seed=1), r"give it a SandboxSettings\(seed="),
    (lambda: any_of(sandbox.serve_sandbox)(xyz=1), "takes no xyz; there are settings"),
]


@pytest.mark.parametrize(("wrong", "said"), IN_THE_SANDBOX)
def test_the_sandbox_says_the_same(wrong: Callable[[], object], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        wrong()


def enter_without_async() -> None:
    with SESSION:
        pass


@pytest.mark.parametrize("slip", [lambda: [*SESSION.customers.search()], enter_without_async])
def test_for_and_with_without_async_say_what_to_write(slip: Callable[[], object]) -> None:
    with pytest.raises(ArgumentTypeError, match=r"`async (for|with)`.*enkash_async\.blocking"):
        slip()


# All of the kind

MODULES: list[ModuleType] = [enkash_async, blocking, export, arrow, sandbox, faults]

RESULTS = {"BadRecord", "BadRow", "ExportProgress", "ExportResult", "Leftover", "SearchReport"} | {
    *("Customer", "CustomerKeyContact", "CustomerReminder", "ResumeToken", "Sandbox", "SearchCall"),
    *("CustomerSearch", "Customers", "Form", Page.__name__),
}
"""What the SDK makes, and its callers are given."""

OTHERS = {"customer_schema", "left_by"}
"""Functions whose one parameter is hard to write wrongly."""


def taking_keywords() -> Iterator[object]:
    for module in MODULES:
        for name in module.__all__:
            value: Any = getattr(module, name)
            if not inspect.isclass(value) and not inspect.isfunction(value):
                continue
            is_other = inspect.isclass(value) and issubclass(value, (BaseException, str))
            is_other |= getattr(value, "_is_protocol", False) or is_typeddict(value)
            if is_other or name in RESULTS | OTHERS:
                continue
            parameters = inspect.signature(value).parameters.values()
            # Those hand on what they are given.
            if not parameters or any(one.kind is one.VAR_KEYWORD for one in parameters):
                continue
            yield pytest.param(value, id=f"{module.__name__}.{name}")


@pytest.mark.parametrize("function", [*taking_keywords()])
async def test_whatever_is_made_or_called_names_it(function: Callable[..., Any]) -> None:
    async def call() -> None:
        made = function(not_there=1)
        if inspect.isawaitable(made):
            await made

    with pytest.raises(TypeError, match=r"takes no not_there; (did you mean|there (are|is)) "):
        await call()


def test_signatures_stay_what_they_are() -> None:
    assert str(inspect.signature(Timeout.of)) == "(seconds: 'float') -> 'Timeout'"
    assert [*inspect.signature(RetryPolicy).parameters][:2] == ["attempts", "first_delay"]
    assert [*inspect.signature(EnKashSession).parameters][:2] == ["base_url", "auth"]
    assert inspect.iscoroutinefunction(export.export)
