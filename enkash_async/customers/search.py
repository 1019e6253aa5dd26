"""A search for customers."""

from __future__ import annotations

from enkash_async._search.search import Search
from enkash_async.customers.records import Customer


class CustomerSearch(Search[Customer]):
    """The customers that match a filter, in the order of the service.

    Nothing is sent before it is awaited or iterated. `await` gives the first page, and
    `first_page()` is that as a coroutine, for `create_task`; `async for` gives every record,
    `pages()`, `raw_pages()` and `arrow_batches()` the same rows by the page. One search reads its
    list once, in one of these views. A loop that was left goes on where it stopped, and a loop
    after an `await` begins with the page that was awaited.

    Leaving a loop early, or an error in it, stops the fetches as soon as nobody refers to the
    search; `async with` stops them at once. A page that fails raises its error after all records
    before it. One task reads at a time.
    """
