"""Wrong uses of the public API, each of which mypy and pyright must refuse. Never run.

Each comment that ignores an error is reported by both once the error is gone.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUnusedExpression=false, reportUnusedCoroutine=false
# pyright: reportUnknownArgumentType=false

from enkash_async import (
    BearerToken,
    CustomerFilter,
    Customers,
    EnKashSession,
    OAuthPassword,
    RetryPolicy,
    Timeout,
)
from enkash_async.blocking import EnKashSession as BlockingSession
from enkash_async.blocking.export import export as write_now
from enkash_async.events import Hooks
from enkash_async.export import export
from enkash_async.sandbox import SandboxSettings

AUTH = BearerToken("t")
URL = "https://api.example"


def sessions() -> None:
    EnKashSession(URL, BearerToken)  # type: ignore[arg-type]
    EnKashSession(URL, AUTH, timeout="5")  # type: ignore[arg-type]
    EnKashSession(URL, AUTH, retry=1.5)  # type: ignore[arg-type]
    EnKashSession(URL, AUTH, max_rate="5")  # type: ignore[arg-type]
    EnKashSession(URL, AUTH, offset_unit="row")  # type: ignore[arg-type]
    EnKashSession(URL, AUTH, http="x")  # type: ignore[arg-type]
    EnKashSession(URL, AUTH, ssl="ca.pem")  # type: ignore[arg-type]
    EnKashSession(URL, AUTH, headers={"a": 1})  # type: ignore[dict-item]
    EnKashSession(URL, AUTH, pagesize=5)  # type: ignore[call-arg]
    EnKashSession(URL, AUTH, keep_unknown="yes")  # type: ignore[arg-type]
    RetryPolicy(attemps=3)  # type: ignore[call-arg]
    Timeout(total=5)  # type: ignore[call-arg]
    Hooks(on_pages=print)  # type: ignore[call-arg]
    SandboxSettings(row=1)  # type: ignore[call-arg]
    with EnKashSession(URL, AUTH):  # type: ignore[attr-defined]
        pass
    EnKashSession.from_env(pagesize=5)  # type: ignore[call-arg]
    EnKashSession.from_env(page_size="5")  # type: ignore[arg-type]
    EnKashSession(URL, AUTH).with_options(max_concurrency=5)  # type: ignore[call-arg]
    EnKashSession(URL, AUTH).with_options(timeout="5")  # type: ignore[arg-type]
    Timeout(5)  # type: ignore[call-arg]
    OAuthPassword(client_id="a", client_secret="b", username="c")  # type: ignore[call-arg]


async def asking(session: EnKashSession) -> None:
    customers = session.customers
    customers.search(customer_state="x")  # type: ignore[call-arg]
    customers.search(created_on_from=2026)  # type: ignore[arg-type]
    customers.search(balance_amount=1.5)  # type: ignore[arg-type]
    customers.search(order_by=7)  # type: ignore[arg-type]
    customers.search(direction=1)  # type: ignore[arg-type]
    customers.search(on_bad_record=7)  # type: ignore[arg-type]
    customers.search(extra_query={"a": None})  # type: ignore[dict-item]
    customers.crawl(order_by="created_on")  # type: ignore[call-arg]
    await customers.count(level=1)  # type: ignore[arg-type]
    await customers.windows(max_records="5")  # type: ignore[arg-type]
    CustomerFilter(customer_status=7)  # type: ignore[arg-type]
    for _ in customers.search():  # type: ignore[attr-defined]
        pass
    customers.search().raw_pages(cut=5)  # type: ignore[call-arg]
    customer = await customers.get("KC1")
    customer.extra["riskScore"] = 1  # type: ignore[index]
    customer.extra = {}  # type: ignore[misc, assignment]


async def to_a_file(customers: Customers) -> None:
    await export(customers, 7)  # type: ignore[arg-type]
    await export(customers, "c.csv", "active")  # type: ignore[arg-type]
    await export(customers, "c.csv", columns=7)  # type: ignore[arg-type]
    await export(customers, "c.csv", method="scroll")  # type: ignore[arg-type]


def without_a_loop(session: BlockingSession) -> None:
    BlockingSession(URL, AUTH, pagesize=5)  # type: ignore[call-arg]
    session.customers.search(customer_state="x")  # type: ignore[call-arg]
    session.customers.count(level=1)  # type: ignore[arg-type]
    session.aclose()  # type: ignore[attr-defined]
    session.customers.get(7)  # type: ignore[arg-type]
    search = session.customers.search()
    search.to_arrow(max_rows="5")  # type: ignore[arg-type]
    search.arrow_batches(flat=1)  # type: ignore[arg-type]
    search.to_dict()  # type: ignore[attr-defined]
    write_now(session.customers, "customers.jsonl", page_size="5")  # type: ignore[arg-type]
    write_now(session, "customers.jsonl")  # type: ignore[arg-type]
