"""The session without an event loop: the same names, errors and guarantees."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import json
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import enkash_async
from enkash_async import BearerToken, Page, RecordNotFoundError, RetryPolicy, Verdict
from enkash_async import blocking as sync
from enkash_async import export as of_loop
from enkash_async.blocking import EnKashSession
from enkash_async.blocking.export import export
from enkash_async.export import ExportProgress
from enkash_async.sandbox import Fault, FaultScript, Sandbox, SandboxSettings, faults, serve_sandbox

ROWS = 120


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with serve_sandbox(SandboxSettings(rows=ROWS)) as sandbox:
        yield sandbox


def session_for(sandbox: Sandbox, **options: Any) -> EnKashSession:
    options.setdefault("retry", RetryPolicy(first_delay=0))
    options.setdefault("page_size", 25)
    return EnKashSession(sandbox.base_url, BearerToken(sandbox.token), **options)


@pytest.fixture
def session(served: Sandbox) -> Iterator[EnKashSession]:
    with session_for(served) as session:
        yield session


def test_every_record_comes_once_in_order(session: EnKashSession, served: Sandbox) -> None:
    search = session.customers.search()
    assert [customer.customer_id for customer in search] == served.customer_ids()
    assert search.report.verdict is Verdict.COMPLETE
    assert search.report.records_delivered == search.total == ROWS
    with pytest.raises(RuntimeError, match="start another one"):
        list(search)


def test_a_page_is_awaited_and_the_loop_begins_with_it(session: EnKashSession) -> None:
    search = session.customers.search(page_size=25)
    page = search.first_page()
    assert isinstance(page, Page)
    assert (len(page), page.total) == (25, ROWS)
    assert str(search.report).startswith("UNFINISHED")
    assert len(list(search)) == ROWS


@pytest.mark.parametrize("view", ["pages", "raw_pages", "arrow_batches"])
def test_views_by_the_page(session: EnKashSession, view: str) -> None:
    with session.customers.search() as search:
        assert sum(len(page) for page in getattr(search, view)()) == ROWS


def test_one_request_each(session: EnKashSession, served: Sandbox) -> None:
    customers = session.customers
    first = served.customer_ids()[0]
    assert customers.count() == ROWS
    assert customers.get(first).customer_id == first
    assert sum(map(customers.count, customers.windows(max_records=40))) >= ROWS
    assert len(list(customers.crawl())) == ROWS
    with pytest.raises(RecordNotFoundError):
        customers.get("KC9999999999999999")


def test_the_place_is_exact_after_each_record(session: EnKashSession) -> None:
    search = session.customers.search()
    seen = [next(search).customer_id for _ in range(37)]
    assert search.report.records_delivered == 37
    token = str(search.resume_token)
    seen += [customer.customer_id for customer in session.customers.search(resume=token)]
    assert len(seen) == len(set(seen)) == ROWS


def test_a_failing_page_raises_after_the_records_before_it() -> None:
    # One that comes once is asked for again.
    script = FaultScript([Fault(faults.HttpError(400), requests=range(3, 100))])
    with (
        serve_sandbox(SandboxSettings(rows=ROWS, faults=script)) as sandbox,
        session_for(sandbox) as session,
    ):
        seen = 0
        search = session.customers.search()
        for _ in range(25):
            next(search)
            seen += 1
        with pytest.raises(enkash_async.APIError) as caught:
            seen += len(list(search))
        seen = search.report.records_delivered
        assert seen >= 25
        assert caught.value.report is not None
        assert caught.value.report.records_delivered == seen
        sandbox.faults = FaultScript()
        rest = session.customers.search(resume=caught.value.resume_token)
        assert seen + len(list(rest)) == ROWS


def test_leaving_early_stops_the_fetches(session: EnKashSession, served: Sandbox) -> None:
    with session.customers.search(page_size=1) as search:
        for _ in search:
            break
    search = session.customers.search(page_size=1)
    next(search)
    del search
    gc.collect()
    assert session.customers.count() == ROWS


def test_threads_share_a_session(session: EnKashSession) -> None:
    with ThreadPoolExecutor(4) as pool:
        lengths = pool.map(lambda _: len(list(session.customers.search())), range(8))
        assert list(lengths) == [ROWS] * 8


def test_a_session_is_opened_closed_and_opened_again(served: Sandbox) -> None:
    session = session_for(served)
    assert session.base_url == served.base_url
    assert not session.is_open
    before = threading.active_count()
    search = session.customers.search()
    for ask in (session.customers.count, lambda: next(search)):
        with pytest.raises(RuntimeError, match="not open; use 'with"):
            ask()
    search.close()
    for _ in range(2):
        assert session.open() is session
        assert repr(session).endswith("open, blocking>")
        assert session.is_open
        with pytest.raises(RuntimeError, match="open already"):
            session.open()
        view: EnKashSession = session.with_options(page_size=7)
        assert len(view.customers.search().first_page()) == 7
        assert view.is_open
        session.close()
        session.close()
        assert not session.is_open
        assert not view.is_open
        assert threading.active_count() == before
    with pytest.raises(RuntimeError, match="not open"):
        view.customers.count()


def test_what_cannot_be_opened_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy:1")
    before = threading.active_count()
    session = EnKashSession("https://api.example", BearerToken("t"))
    with pytest.raises(enkash_async.ConfigurationError):
        session.open()
    assert threading.active_count() == before
    session.close()


def test_the_environment_makes_one_too(served: Sandbox) -> None:
    environ = {"ENKASH_BASE_URL": served.base_url, "ENKASH_TOKEN": served.token}
    with EnKashSession.from_env(environ, page_size=9) as session:
        assert len(session.customers.search().first_page()) == 9


def test_an_aiohttp_session_of_another_loop_is_refused() -> None:
    http: Any = type("Http", (), {"post": print})()
    with pytest.raises(ValueError, match="http cannot be given"):
        EnKashSession("https://api.example", BearerToken("t"), http=http)


PAIRS: list[tuple[type, type]] = [
    (enkash_async.EnKashSession, sync.EnKashSession),
    (enkash_async.Customers, sync.Customers),
    (enkash_async.CustomerSearch, sync.CustomerSearch),
]


OF_LOOP_ONLY = {"aclose", "endpoint", "search_class"}
"""The first is called `close` here; the others are how a list is declared."""


@pytest.mark.parametrize(("of_loop", "without"), PAIRS)
def test_names_and_parameters_are_the_same(of_loop: type, without: type) -> None:
    public = {name for name in dir(of_loop) if not name.startswith("_")} - OF_LOOP_ONLY
    assert public <= set(dir(without))
    for name in public:
        ours, theirs = getattr(without, name), getattr(of_loop, name)
        if callable(theirs):
            assert inspect.signature(ours).parameters.keys() == (
                inspect.signature(theirs).parameters.keys()
            ), name


VIEWS: list[tuple[str, Any]] = [
    ("pages", lambda page: len(page)),
    ("raw_pages", lambda page: len(page)),
    ("json_lines", lambda lines: lines.count(b"\n")),
    ("arrow_batches", lambda batch: batch.num_rows),
]


@pytest.mark.parametrize(("view", "rows_of"), VIEWS)
def test_each_view_gives_all_rows_and_ends_when_it_is_closed(
    session: EnKashSession, view: str, rows_of: Any
) -> None:
    search: Any = session.customers.search()
    assert sum(map(rows_of, getattr(search, view)())) == ROWS
    assert search.report.verdict is Verdict.COMPLETE
    left: Any = session.customers.search()
    steps = getattr(left, view)()
    next(steps)
    steps.close()
    with pytest.raises(RuntimeError, match="closed"):
        next(steps)


def test_a_search_is_one_table(session: EnKashSession) -> None:
    assert session.customers.search().to_arrow().num_rows == ROWS
    assert session.customers.search().to_arrow(max_rows=7, flat=True).num_rows == 7


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
@pytest.mark.parametrize("method", ["search", "crawl"])
def test_a_search_is_neither_copied_nor_pickled(
    session: EnKashSession, copied: Callable[[object], object], method: str
) -> None:
    of_loop = enkash_async.EnKashSession("https://api.example", BearerToken("t"))
    for customers in (session.customers, of_loop.customers):
        with pytest.raises(TypeError, match="a search is neither copied nor pickled"):
            copied(getattr(customers, method)())


def test_what_is_asked_of_customers_may_be_copied_and_has_no_other_names(
    session: EnKashSession,
) -> None:
    customers: Any = session.customers
    assert copy.copy(customers).count() == ROWS
    for one in (customers, customers.search()):
        assert not hasattr(one, "nothing")
        assert not hasattr(one, "aclose")


# Exports


def test_an_export_is_that_of_the_loop(
    session: EnKashSession, served: Sandbox, tmp_path: Path
) -> None:
    threads = set[threading.Thread]()
    stop = asyncio.Event()

    def progress(_: ExportProgress) -> None:
        threads.add(threading.current_thread())
        stop.set()

    target = tmp_path / "customers.jsonl"
    first = export(session.customers, target, method="search", stop=stop, on_progress=progress)
    assert first.is_stopped
    assert threads
    assert threading.current_thread() not in threads

    result = export(session.customers, target, resume=True)
    assert result.is_good
    assert 0 < first.records == result.records_before < ROWS
    lines = target.read_text().splitlines()
    assert [json.loads(line)["customerId"] for line in lines] == served.customer_ids()


def test_an_export_takes_what_that_of_the_loop_takes() -> None:
    ours, theirs = inspect.signature(export), inspect.signature(of_loop.export)
    assert ours.parameters.keys() == theirs.parameters.keys()
    assert "thread of the event loop" in (inspect.getdoc(export) or "")
    assert not inspect.iscoroutinefunction(export)


def test_an_export_of_what_is_no_resource_of_such_a_session_is_refused(tmp_path: Path) -> None:
    of_another: Any = enkash_async.EnKashSession("https://api.example", BearerToken("t")).customers
    with pytest.raises(TypeError, match=r"^resource must be .*blocking, not Customers"):
        export(of_another, tmp_path / "customers.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_what_an_export_is_refused_for_is_raised_as_it_is(
    session: EnKashSession, tmp_path: Path
) -> None:
    wrong: Any = {"pagesize": 5}
    with pytest.raises(TypeError, match="did you mean page_size"):
        export(session.customers, tmp_path / "customers.jsonl", **wrong)
    with pytest.raises(ValueError, match="parts"):
        export(session.customers, tmp_path / "customers", parts=0)


PROGRAM = """
import signal, threading
from enkash_async import BearerToken
from enkash_async.blocking import EnKashSession
from enkash_async.sandbox import SandboxSettings, serve_sandbox
import anyio

async def hold(call):
    # As a terminal does: it wakes a thread that waits, which interrupt_main() may not.
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    await anyio.sleep_forever()

# A shell in the background starts what it starts with SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
with serve_sandbox(SandboxSettings(rows=10)) as sandbox:
    sandbox.on_search = hold
    session = EnKashSession(sandbox.base_url, BearerToken(sandbox.token)).open()
    try:
        session.customers.count()
    except KeyboardInterrupt:
        sandbox.on_search = None
        print("interrupted", session.customers.count())
# Left open: the program ends all the same.
"""


def test_ctrl_c_stops_what_was_asked_and_an_open_session_keeps_no_program_from_ending() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.stdout, done.returncode) == ("interrupted 10\n", 0), done.stderr
