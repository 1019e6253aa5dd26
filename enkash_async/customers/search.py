"""A search for customers."""

from __future__ import annotations

from enkash_async._search.search import Search
from enkash_async.customers.records import Customer


class CustomerSearch(Search[Customer]):
    """The customers that match a filter, in the order of the service.

    Nothing is sent before it is awaited or iterated. `await` gives the first page; `async for`
    every record; `pages()` and `raw_pages()` the same rows by the page. One search reads its
    list once, in one of these ways: a loop that was left goes on where it stopped.

    Leaving a loop early, or an error in it, stops the fetches as soon as the search is no longer
    referred to; `async with` stops them at once. A page that fails raises its error after all
    records before it. One task reads at a time.
    """
