"""Names and operators by which other libraries do it: they say what serves instead, or work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from enkash_async import ArgumentTypeError, BearerToken, EnKashSession, Page, blocking

pytestmark = pytest.mark.anyio

SESSION: Any = EnKashSession("https://api.example", BearerToken("t"))
SYNC: Any = blocking.EnKashSession("https://api.example", BearerToken("t"))

OF_A_PAGE = ["records", "offset", "next_offset", "has_more", "to_dict", "to_json"]

ABSENT: list[tuple[Callable[[], object], str, str]] = [
    *(
        (SESSION.customers.search, name, "a page has it; `page = await search`")
        for name in OF_A_PAGE
    ),
    *((SYNC.customers.search, name, r"`page = search.first_page\(\)`") for name in OF_A_PAGE),
    (SESSION.customers.search, "close", r"use `await search.aclose\(\)`"),
    (lambda: SESSION, "close", r"use `await session.aclose\(\)`"),
    (lambda: SYNC, "aclose", r"use `session.close\(\)`"),
    *(
        (lambda session=session: session, name, "asked of a list, as by `session.customers`")
        for session in (SESSION, SYNC)
        for name in ("search", "crawl", "count", "get", "windows")
    ),
    (lambda: SESSION, "rows", "has no attribute 'rows'$"),
    (lambda: SYNC, "rows", "has no attribute 'rows'$"),
    (SESSION.customers.search, "rows", "has no attribute 'rows'$"),
    (SYNC.customers.search, "rows", "has no attribute 'rows'$"),
]


@pytest.mark.parametrize(("of", "name", "said"), ABSENT)
def test_an_attribute_of_another_object_says_where_it_is(
    of: Callable[[], object], name: str, said: str
) -> None:
    with pytest.raises(AttributeError, match=said) as caught:
        getattr(of(), name)
    assert caught.value.name == name
    assert not hasattr(of(), name)


def test_not_open_says_how_to_open_and_how_to_close() -> None:
    with pytest.raises(RuntimeError, match=r"'with .* 'session.open\(\)', .* 'session.close\(\)'"):
        SYNC.customers.count()


async def test_so_it_does_in_an_event_loop() -> None:
    said = r"'async with .* 'await session.open\(\)', and 'await session.aclose\(\)' at the end"
    with pytest.raises(RuntimeError, match=said):
        await SESSION.customers.count()


def test_what_a_page_has_is_there() -> None:
    page = Page(records=(1,), offset=0, total=1)
    assert [name for name in OF_A_PAGE if not hasattr(page, name)] == []


@pytest.mark.parametrize("search", [SESSION.customers.search(), SYNC.customers.search()])
def test_a_search_has_no_records_by_number(search: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"page has; `page = .* is the first"):
        search[0]


async def test_a_page_is_no_search() -> None:
    page: Any = Page(records=(1,), offset=0, total=1)
    with pytest.raises(ArgumentTypeError, match="over the search itself, without `await`"):
        async for _ in page:
            pass


def test_the_records_of_a_page_have_numbers() -> None:
    page = Page(records=("a", "b", "c"), offset=5, total=9)
    assert (page[0], page[-1], page[1:], page[::2]) == ("a", "c", ("b", "c"), ("a", "c"))
    with pytest.raises(IndexError):
        page[3]
