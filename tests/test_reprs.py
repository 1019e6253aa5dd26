"""Whatever a user can get hold of says in a line what it is, and shows no address of memory."""

from __future__ import annotations

import pytest

from enkash_async import (
    BadRecord,
    BearerToken,
    Customer,
    CustomerFilter,
    OAuthPassword,
    Page,
    RetryPolicy,
    SearchReport,
    Timeout,
    Token,
    Verdict,
    blocking,
)
from enkash_async.events import Hooks
from enkash_async.sandbox import (
    Fault,
    FaultScript,
    SandboxSettings,
    faults,
    open_sandbox,
    serve_sandbox,
)
from tests.support.sessions import session_for

MADE: list[object] = [
    BadRecord(raw=b"{}", reason="is no record", offset=1, index=1),
    BearerToken("planted"),
    Customer(),
    CustomerFilter(),
    Fault(faults.Html()),
    FaultScript([Fault(faults.Reset())]),
    Hooks(),
    OAuthPassword(client_id="a", client_secret="planted", username="b", password="planted"),
    Page((), 0, None),
    RetryPolicy(),
    SandboxSettings(),
    SearchReport(),
    Timeout(),
    Token("planted"),
]


def check(thing: object) -> None:
    shown = repr(thing)
    assert " at 0x" not in shown, shown
    assert "\n" not in shown
    assert "planted" not in shown
    assert type(thing).__name__.strip("_") in shown or shown.startswith("<")


@pytest.mark.parametrize("thing", MADE, ids=lambda thing: type(thing).__name__)
def test_what_is_made_says_what_it_is(thing: object) -> None:
    check(thing)


@pytest.mark.anyio
async def test_what_a_session_gives_says_what_it_is() -> None:
    async with open_sandbox(SandboxSettings(rows=30)) as sandbox, session_for(sandbox) as session:
        search = session.customers.search(page_size=10)
        views = [search.pages(), session.customers.search().raw_pages()]
        views += [session.customers.search().json_lines()]
        views += [session.customers.search().arrow_batches()]
        async for page in views[0]:
            check(page)
        await session.customers.search()
        for thing in [session, session.customers, search, search.report, sandbox, *views]:
            check(thing)
        check(search.resume_token)
        check(sandbox.searches[0])
        seen = len(sandbox.searches)
        assert repr(sandbox) == f"<Sandbox on {sandbox.base_url}, {seen} searches so far>"
        assert repr(views[0]) == f"<pages of {search!r}>"


def test_so_does_what_one_without_an_event_loop_gives() -> None:
    with (
        serve_sandbox(SandboxSettings(rows=30)) as sandbox,
        blocking.EnKashSession(sandbox.base_url, BearerToken(sandbox.token)) as session,
    ):
        search = session.customers.search()
        for thing in [session, session.customers, search, search.pages(), search.report]:
            check(thing)
        assert repr(session.customers) == "<Customers of /api/v0/customer/search, blocking>"


def test_a_notebook_shows_a_report_as_a_table() -> None:
    report = SearchReport(
        verdict=Verdict.CHANGED,
        reasons=["rows <moved>", "twice"],
        total_at_end=25_000,
        retry_reasons={"timeout": 2, "connect": 1},
        seconds_waiting=1.25,
    )
    html = report._repr_html_()

    assert html.startswith("<table><tr><th>CHANGED</th>")
    for name, value in [
        ("reasons", "rows &lt;moved&gt;; twice"),
        ("total at end", "25000"),
        ("records delivered", "0"),
        ("retry reasons", "timeout: 2, connect: 1"),
        ("seconds waiting", "1.250"),
    ]:
        assert f"<tr><td>{name}</td><td>{value}</td></tr>" in html
    # What was nothing to speak of is left out.
    assert "repairs" not in html
