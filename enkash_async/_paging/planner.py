"""What decides on pages, as the parts see it that fetch them and hand out their rows. No I/O."""

from __future__ import annotations

from typing import Protocol

from enkash_async._paging.findings import Figures
from enkash_async._paging.history import NewRows
from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.raw_page import RawPage
from enkash_async.report import Verdict
from enkash_async.resume import CrawlPoint, ListPoint


class Planner(Protocol):
    """A `Pager` of one list, or a `Crawl` over its windows.

    The user fetches what `wanted` returns, in any order, tells `note_arrival` of each page that
    has come, and gives the first to `accept`, until it has `ended`.
    """

    @property
    def ended(self) -> bool:
        """Say whether the last page was accepted, so that nothing more is wanted."""
        ...

    @property
    def is_spent(self) -> bool:
        """Say whether it ended short of rows and nothing more would come to who goes on."""
        ...

    @property
    def total(self) -> int | None:
        """Return the latest count of all rows, as the service tells it."""
        ...

    @property
    def findings(self) -> Figures:
        """Return what was noticed so far."""
        ...

    @property
    def next_page_row(self) -> int:
        """Return the row at which the page begins that is to be accepted next."""
        ...

    @property
    def needs_ids(self) -> bool:
        """Say whether the ids of all records of a page are going to be asked for."""
        ...

    @property
    def held_bytes(self) -> int:
        """Return about how many bytes it holds to know rows again."""
        ...

    def wanted(self, max_pages: int) -> list[PageRequest]:
        """Return the pages to fetch now, at most *max_pages*; the first is accepted next."""
        ...

    def is_wanted(self, request: PageRequest) -> bool:
        """Say whether *request* still has a place in the plan."""
        ...

    def shrink(self, request: PageRequest, least: int) -> int | None:
        """Learn that a page could not be had; return the page size from now on, if it helps.

        A page of no more than *least* rows fails for another reason than its size.
        """
        ...

    def refit(self, request: PageRequest) -> PageRequest:
        """Return the request to send for one that is wanted: with a smaller limit, if need be.

        Then it has the other's place in the plan, and the rest of the rows are wanted after it.
        """
        ...

    def reads_as_empty(self, request: PageRequest) -> bool:
        """Say whether an error in answer to *request* may mean that nothing stands there.

        Then a page that `stands_for_error` is accepted instead of one that came.
        """
        ...

    def note_arrival(self, request: PageRequest, page: RawPage) -> None:
        """Look at a page before its turn; other pages may be wanted instead of it."""
        ...

    def accept(self, page: RawPage) -> NewRows:
        """Check the page of the first wanted request and return which of its rows are new."""
        ...

    def verdict(self) -> tuple[Verdict, list[str]]:
        """Return the verdict on a list that was read to its end, and the reasons for it."""
        ...

    def forget(self) -> None:
        """Let go of all rows that are remembered: nothing is accepted and no place asked for."""
        ...

    def point(self, unread: int = 0, row: int | None = None) -> ListPoint | CrawlPoint:
        """Return where to go on if the last *unread* new rows, from *row* on, were not used."""
        ...
