"""What is different about the second list: names, enumerations, nested records, times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import pytest

from enkash_async import Customer, CustomerFilter, Verdict
from tests.support.any_list import serving
from tests.support.second_list import Branch, BranchKind, Supplier, SupplierStatus

pytestmark = pytest.mark.anyio


async def test_all_fields_are_decoded_by_their_declaration() -> None:
    async with serving("suppliers") as listed:
        suppliers: list[Supplier] = [one async for one in listed.session.suppliers.search()]
        rows = listed.sandbox.list_at(listed.endpoint.path).records()
    for supplier, row in zip(suppliers, rows, strict=True):
        registered_at = datetime.fromisoformat(row["registeredAt"])
        assert supplier == Supplier(
            code=row["supplierCode"],
            trade_name=row["title"],
            status=row["status"],
            open_balance=row["openBalance"],
            registered_at=registered_at,
            branches=tuple(
                Branch(
                    branch_code=branch["branchCode"],
                    city=branch["city"],
                    kind=branch["kind"],
                    opened_at=registered_at,
                )
                for branch in row["branches"]
            ),
        )


async def test_values_that_nobody_declared_stay_text() -> None:
    async with serving("suppliers") as listed:
        suppliers = [one async for one in listed.session.suppliers.search()]
        batches = [batch async for batch in listed.session.suppliers.search().arrow_batches()]
    statuses = {one.status for one in suppliers}
    assert statuses == {None, SupplierStatus.ACTIVE, SupplierStatus.BLOCKED, "ON_HOLD"}
    assert {type(one) for one in statuses} == {type(None), SupplierStatus, str}
    kinds = {branch.kind for one in suppliers for branch in one.branches}
    assert kinds == {BranchKind.DEPOT, BranchKind.OFFICE, "SHOP"}
    assert {type(one) for one in kinds} == {BranchKind, str}
    assert {one for batch in batches for one in batch.column("status").to_pylist()} == statuses


@pytest.mark.parametrize(
    ("criteria", "matches"),
    [
        ({"status": "BLOCKED"}, lambda one: one.status is SupplierStatus.BLOCKED),
        ({"trade_name": "lITTLE"}, lambda one: "Little" in one.trade_name),
    ],
)
async def test_filters_ask_under_the_names_of_the_service(
    criteria: dict[str, Any], matches: Callable[[Supplier], bool]
) -> None:
    async with serving("suppliers") as listed:
        suppliers = [one async for one in listed.session.suppliers.search()]
        some = listed.session.suppliers.search(listed.filter(**criteria))
        assert [one async for one in some] == [one for one in suppliers if matches(one)]


async def test_times_are_sent_in_the_notation_of_the_list() -> None:
    async with serving("suppliers") as listed:
        moment = datetime.fromisoformat("2022-03-04T05:36:07+05:30")
        await listed.resource.count(listed.filter(registered_from=moment, registered_until=moment))
        assert listed.sandbox.searches[-1].body == {
            "registeredFrom": "2022-03-04 00:06:07",
            "registeredTo": "2022-03-04 00:06:07",
        }


@pytest.mark.parametrize("method", ["search", "crawl"])
async def test_no_page_is_larger_than_the_list_allows(method: str) -> None:
    async with serving("suppliers", rows=1700) as listed:
        search = listed.starter(method)(page_size=listed.endpoint.max_limit)
        ids = [listed.id_of(one) async for one in search]
        assert sorted(ids) == sorted(listed.ids)
        limits = {call.limit for call in listed.sandbox.searches if call.limit > 1}
    # Room for the row that pages share is made within the limit, not beyond it.
    assert max(limits) == listed.endpoint.max_limit
    assert search.report.verdict is Verdict.COMPLETE


async def test_each_list_has_its_own_records_and_its_own_searches() -> None:
    async with serving("customers") as listed:
        session = listed.session
        assert isinstance(await anext(session.customers.search()), Customer)
        assert isinstance(await anext(session.suppliers.search()), Supplier)
        assert session.customers is session.customers
        with pytest.raises(TypeError, match="must be a SupplierFilter, not CustomerFilter"):
            await session.suppliers.count(CustomerFilter())  # type: ignore[arg-type]
        codes = session.suppliers.search().raw_pages()
        assert "supplierCode" in msgspec.json.decode((await anext(codes)).records[0])
