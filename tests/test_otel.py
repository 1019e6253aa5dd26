"""Spans of searches and of their requests, as the SDK of OpenTelemetry exports them."""

from __future__ import annotations

import asyncio
import gc
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import anyio
import attrs
import pytest
from aiohttp import web
from opentelemetry import trace
from opentelemetry.instrumentation.aiohttp_client import (
    AioHttpClientInstrumentor,
    create_trace_config,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import StatusCode

from enkash_async import (
    CustomerFilter,
    EnKashSession,
    IncompleteSearchError,
    SystemFaultError,
    ValidationError,
)
from enkash_async.events import Hooks, Outcome
from enkash_async.otel import _REPORT_ATTRIBUTES, search_spans
from enkash_async.sandbox import Sandbox, SearchCall
from tests.support.reading import read_into
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio


class Spans:
    """What was exported, and where it comes from."""

    def __init__(self, sampler: Sampler = ALWAYS_ON) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(sampler=sampler)
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = self.provider.get_tracer("the caller's")

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self._exporter.get_finished_spans() if span.name == name]

    def search(self) -> ReadableSpan:
        """Return the one span of a search."""
        [span] = self.named("customers.search")
        return span

    def children(self, parent: ReadableSpan) -> list[ReadableSpan]:
        return [
            span
            for span in self._exporter.get_finished_spans()
            if span.parent is not None and span.parent.span_id == id_of(parent)
        ]


def id_of(span: ReadableSpan | trace.Span) -> int:
    context = span.get_span_context()
    assert context is not None
    return context.span_id


def facts(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


@pytest.fixture
def spans() -> Iterator[Spans]:
    spans = Spans()
    yield spans
    spans.provider.shutdown()


@asynccontextmanager
async def traced(sandbox: Sandbox, spans: Spans) -> AsyncIterator[EnKashSession]:
    """Open a session whose searches and requests have spans."""
    requests = create_trace_config(tracer_provider=spans.provider)
    async with (
        aiohttp.ClientSession(trace_configs=[requests]) as http,
        session_for(sandbox, http=http, hooks=search_spans(spans.provider)) as session,
    ):
        yield session


async def fail_once(call: SearchCall) -> web.Response | None:
    return None if call.number else web.Response(status=503)


async def one_turn() -> None:
    """Let what a finalizer left to the loop happen."""
    gc.collect()
    await asyncio.sleep(0)


async def test_a_search_is_a_child_of_the_callers_span_and_parent_of_its_requests(
    sandbox: Sandbox, spans: Spans
) -> None:
    async with traced(sandbox, spans) as session:
        with spans.tracer.start_as_current_span("export") as caller:
            async for _ in session.customers.search():
                # The search's span stays out of the caller's code.
                assert trace.get_current_span() is caller

    search = spans.search()
    assert search.parent is not None
    assert search.parent.span_id == id_of(caller)
    requests = spans.children(search)
    assert len(requests) == len(sandbox.searches) == facts(search)["enkash.search.attempts"]
    assert requests == spans.named("POST")
    assert {span.name for span in spans.children(spans.named("export")[0])} == {"customers.search"}


async def test_the_attributes_are_the_documented_ones(sandbox: Sandbox, spans: Spans) -> None:
    async with traced(sandbox, spans) as session:
        search = session.customers.search()
        await read_into([], search)

    assert facts(spans.search()) == {
        "enkash.search.resource": "customers",
        "enkash.search.method": "search",
        "enkash.search.outcome": "completed",
        "enkash.search.verdict": "COMPLETE",
        "enkash.search.records": 250,
        "enkash.search.total": 250,
        "enkash.search.pages": search.report.pages,
        "enkash.search.attempts": search.report.attempts,
        "enkash.search.retries": 0,
        "enkash.search.bytes_received": search.report.bytes_received,
        "enkash.search.duplicates_dropped": 0,
        "enkash.search.rows_reread": 0,
        "enkash.search.repairs": 0,
        "enkash.search.bad_records": 0,
    }
    assert spans.search().status.status_code is StatusCode.UNSET
    scope = spans.search().instrumentation_scope
    assert scope is not None
    assert scope.name == "enkash_async"


async def test_an_error_is_the_status_of_the_span(sandbox: Sandbox, spans: Spans) -> None:
    async with traced(sandbox, spans) as session:
        with pytest.raises(ValidationError) as caught:
            await session.customers.search(order_by="no-such-field")

    search = spans.search()
    assert search.status.status_code is StatusCode.ERROR
    assert search.status.description == "ValidationError"
    told = facts(search)
    assert told["error.type"] == "ValidationError"
    assert told["enkash.error_type"] == "VALIDATION_ERROR"
    assert told["http.response.status_code"] == 400
    assert told["enkash.request_id"] == caught.value.request_id
    assert told["enkash.search.outcome"] == "failed"
    assert search.events == ()


async def test_a_verdict_that_is_an_error_is_one(sandbox: Sandbox, spans: Spans) -> None:
    async def delete_one(call: SearchCall) -> None:
        if call.number == 2:
            sandbox.delete(sandbox.customer_ids()[:1])

    sandbox.on_search = delete_one
    async with traced(sandbox, spans) as session:
        with pytest.raises(IncompleteSearchError):
            await read_into([], session.customers.search(strict=True))

    assert spans.search().status.status_code is StatusCode.ERROR
    assert facts(spans.search())["enkash.search.verdict"] == "CHANGED"


async def test_retries_are_events_of_the_span(sandbox: Sandbox, spans: Spans) -> None:
    sandbox.on_search = fail_once
    async with traced(sandbox, spans) as session:
        await session.customers.search()
        await one_turn()

    [event] = spans.search().events
    assert event.name == "retry"
    assert dict(event.attributes or {}) == {
        "enkash.retry.attempt": 1,
        "enkash.retry.delay": 0.0,
        "error.type": "SystemFaultError",
        "http.response.status_code": 503,
    }
    assert spans.search().status.status_code is StatusCode.UNSET
    assert len(spans.children(spans.search())) == 2


async def test_a_request_that_fails_for_good_stays_below_its_search(
    sandbox: Sandbox, spans: Spans
) -> None:
    async def fail(call: SearchCall) -> web.Response | None:
        return web.Response(status=500) if call.offset >= 99 else None

    sandbox.on_search = fail
    async with traced(sandbox, spans) as session:
        with pytest.raises(SystemFaultError):
            await read_into([], session.customers.search())

    assert len(spans.children(spans.search())) == len(spans.named("POST"))


async def test_concurrent_searches_are_not_mixed(sandbox: Sandbox, spans: Spans) -> None:
    async def read(session: EnKashSession, name: str, page_size: int) -> None:
        with spans.tracer.start_as_current_span(name):
            await read_into([], session.customers.search(page_size=page_size))

    async with traced(sandbox, spans) as session, anyio.create_task_group() as group:
        group.start_soon(read, session, "wide", 100)
        group.start_soon(read, session, "narrow", 20)

    for name in ("wide", "narrow"):
        [search] = spans.children(spans.named(name)[0])
        assert len(spans.children(search)) == facts(search)["enkash.search.attempts"]
    assert len(spans.named("POST")) == len(sandbox.searches)


async def test_searches_that_alternate_in_one_task_are_not_mixed(
    sandbox: Sandbox, spans: Spans
) -> None:
    async with traced(sandbox, spans) as session:
        one, other = session.customers.search(), session.customers.search(page_size=30)
        async for _ in one:
            await anext(other, None)

    for search in spans.named("customers.search"):
        assert len(spans.children(search)) == facts(search)["enkash.search.attempts"]
        assert search.parent is None


async def test_an_abandoned_search_ends_its_span_once(sandbox: Sandbox, spans: Spans) -> None:
    async with traced(sandbox, spans) as session:
        async for _ in session.customers.search():
            break
        await one_turn()
        assert facts(spans.search())["enkash.search.outcome"] == "abandoned"
    await one_turn()

    assert spans.search().end_time is not None


async def test_closing_the_session_ends_the_spans(sandbox: Sandbox, spans: Spans) -> None:
    async with traced(sandbox, spans) as session:
        search = session.customers.search()
        await anext(search)

    assert facts(spans.search())["enkash.search.outcome"] == "closed"
    del search
    await one_turn()
    assert len(spans.named("customers.search")) == 1


async def test_a_crawl_has_its_own_name(sandbox: Sandbox, spans: Spans) -> None:
    async with traced(sandbox, spans) as session:
        await read_into([], session.customers.crawl())

    [crawl] = spans.named("customers.crawl")
    assert len(spans.children(crawl)) == facts(crawl)["enkash.search.attempts"]


async def test_the_number_of_spans_does_not_depend_on_the_records(
    sandbox: Sandbox, spans: Spans
) -> None:
    async with traced(sandbox, spans) as session:
        await read_into([], session.customers.search(page_size=5000))

    assert len(spans.named("customers.search")) == 1
    assert len(spans.named("POST")) == len(sandbox.searches) <= 3


async def test_the_instrumentation_of_all_of_aiohttp_serves_too(
    sandbox: Sandbox, spans: Spans
) -> None:
    instrumentor = AioHttpClientInstrumentor()
    instrumentor.instrument(tracer_provider=spans.provider)
    try:
        async with session_for(sandbox, hooks=search_spans(spans.provider)) as session:
            await read_into([], session.customers.search())
    finally:
        instrumentor.uninstrument()

    assert len(spans.children(spans.search())) == len(sandbox.searches)


async def test_spans_hold_nothing_private(sandbox: Sandbox, spans: Spans) -> None:
    wanted = CustomerFilter(legal_name="Planted Name", account_number="planted000111222")
    async with traced(sandbox, spans) as session:
        records = [customer async for customer in session.customers.search(order_by="createdOn")]
        await session.customers.search(wanted)
        await one_turn()

    shown = "".join(
        span.to_json() for name in ("customers.search", "POST") for span in spans.named(name)
    )
    assert "orderBy=createdOn" in shown
    private = {
        *("planted", sandbox.token),
        *(text for one in records for text in (one.customer_id, one.legal_name) if text),
    }
    assert not [text for text in private if text.lower() in shown.lower()]


async def test_a_search_that_is_not_sampled_has_no_spans(sandbox: Sandbox) -> None:
    spans = Spans(ALWAYS_OFF)
    sandbox.on_search = fail_once
    async with traced(sandbox, spans) as session:
        search = session.customers.search()
        await read_into([], search)
    spans.provider.shutdown()

    assert search.report.complete
    assert search.report.retries == 1
    assert not spans.named("customers.search") + spans.named("POST")


PAGE = Path(__file__).parent.parent / "docs" / "telemetry.md"


@pytest.mark.parametrize(
    ("block", "shown"), [(0, "completed after"), (1, '"name": "customers.search"')]
)
def test_the_examples_of_the_documentation_run(block: int, shown: str) -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[block]

    done = run(code)

    assert (done.returncode, done.stderr) == (0, "")
    assert shown in done.stdout


def test_the_documentation_names_all_attributes_and_outcomes() -> None:
    page = PAGE.read_text()
    for name in _REPORT_ATTRIBUTES:
        assert f"`.{name.rpartition('.')[2]}`" in page or f"`{name}`" in page
    for outcome in Outcome:
        assert f"| `{outcome}` |" in page
    for field in attrs.fields(Hooks):
        assert f"| `{field.name}` |" in page


WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.startswith({missing!r}):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
"""

READ = """
import asyncio
from opentelemetry import trace
from enkash_async import BearerToken, EnKashSession
from enkash_async.events import Hooks, Outcome
from enkash_async.otel import _REPORT_ATTRIBUTES, search_spans
from enkash_async.sandbox import SandboxSettings, open_sandbox

async def main():
    async with open_sandbox(SandboxSettings(rows=10)) as sandbox:
        auth = BearerToken(sandbox.token)
        async with EnKashSession(sandbox.base_url, auth, hooks=search_spans()) as session:
            print(len([customer async for customer in session.customers.search()]))

asyncio.run(main())
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )


def test_the_api_alone_is_enough_and_records_nothing() -> None:
    done = run(WITHOUT.format(missing="opentelemetry.sdk") + READ)

    assert (done.returncode, done.stdout, done.stderr) == (0, "10\n", "")


def test_what_to_install_is_said_where_opentelemetry_is_missing() -> None:
    done = run(WITHOUT.format(missing="opentelemetry") + "import enkash_async.otel")

    assert done.returncode == 1
    assert (
        "enkash_async.otel needs opentelemetry-api: pip install 'enkash-async[otel]'"
        in (done.stderr.splitlines()[-1])
    )
