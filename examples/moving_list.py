"""Read a list in three ways while customers come and go, and count what each way lost.

    python examples/moving_list.py --rows 20000 --concurrency 8

It runs against the sandbox, a fresh one with the same customers for each way. With each request
one customer is deleted and one inserted, both anywhere in the list, and one created as the newest.
"""

import argparse
import asyncio
from collections import Counter
from random import Random
from typing import NamedTuple

import aiohttp

from enkash_async import BearerToken, CustomerSearch, EnKashSession
from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, open_sandbox


class Ids(NamedTuple):
    """The ids that came, in this order, and the verdict of the SDK if it was asked."""

    ids: list[str | None]
    verdict: str = "-"


HEAD = ("way", "requests", "records", "missed", "doubled", "verdict")


class Outcome(NamedTuple):
    """What came of one way; *missed* and *doubled* count only customers that lived through it."""

    way: str
    requests: int
    records: int
    missed: int
    doubled: int
    verdict: str


async def read_by_offset(sandbox: Sandbox, page_size: int, concurrency: int) -> Ids:
    """Read page after page, one at a time, as one would write it without an SDK."""
    url = f"{sandbox.base_url}/api/v0/customer/search"
    ids: list[str | None] = []
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {sandbox.token}"}) as http:
        while True:
            query = {"orderBy": "createdOn", "offset": str(len(ids)), "limit": str(page_size)}
            async with http.post(url, params=query, json={}) as response:
                payload = (await response.json())["payload"]
            ids += [record["customerId"] for record in payload["data"]]
            if len(payload["data"]) < page_size or len(ids) >= payload["recordsCount"]:
                return Ids(ids)


async def read_by_search(sandbox: Sandbox, page_size: int, concurrency: int) -> Ids:
    async with open_session(sandbox, page_size, concurrency) as session:
        return await read_all(session.customers.search(order_by="createdOn"))


async def read_by_crawl(sandbox: Sandbox, page_size: int, concurrency: int) -> Ids:
    async with open_session(sandbox, page_size, concurrency) as session:
        return await read_all(session.customers.crawl())


def open_session(sandbox: Sandbox, page_size: int, concurrency: int) -> EnKashSession:
    auth = BearerToken(sandbox.token)
    return EnKashSession(sandbox.base_url, auth, page_size=page_size, max_concurrency=concurrency)


async def read_all(search: CustomerSearch) -> Ids:
    ids = [customer.customer_id async for customer in search]
    return Ids(ids, search.report.verdict)


WAYS = {"offset loop": read_by_offset, "search()": read_by_search, "crawl()": read_by_crawl}


async def try_way(way: str, rows: int, page_size: int, concurrency: int) -> Outcome:
    async with open_sandbox(SandboxSettings(rows=rows)) as sandbox:
        at_first = sandbox.customer_ids()
        chance, there = Random("the same changes for each way"), list(at_first)

        async def change(call: SearchCall) -> None:
            sandbox.delete([there.pop(chance.randrange(len(there)))])
            sandbox.insert_at(chance.randrange(len(there)), 1)
            sandbox.insert(1)

        sandbox.on_search = change
        ids, verdict = await WAYS[way](sandbox, page_size, concurrency)
        times, lived = Counter(ids), set(at_first) & set(sandbox.customer_ids())
        missed = sum(times[customer_id] == 0 for customer_id in lived)
        doubled = sum(times[customer_id] > 1 for customer_id in lived)
        return Outcome(way, len(sandbox.searches), len(ids), missed, doubled, verdict)


async def main(rows: int, page_size: int, concurrency: int) -> list[Outcome]:
    print(("{:<12}" + "{:>10}" * 4 + "  {}").format(*HEAD))
    outcomes = [await try_way(way, rows, page_size, concurrency) for way in WAYS]
    for outcome in outcomes:
        print("{:<12}{:>10,}{:>10,}{:>10,}{:>10,}  {}".format(*outcome))
    return outcomes


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Read a list that changes, in three ways.")
    parser.add_argument("--rows", type=int, default=20_000, help="customers at the start")
    parser.add_argument("--page-size", type=int, default=200, help="records asked for at once")
    parser.add_argument("--concurrency", type=int, default=8, help="requests in flight, in the SDK")
    asyncio.run(main(**vars(parser.parse_args())))
