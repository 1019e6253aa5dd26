"""Which page to ask for next, and do the pages fit together? No I/O.

Neighbouring pages overlap by one row: the last row of a page must be the first of the next. As
long as rows keep their order, that is a proof: whatever was inserted or deleted in between, every
row that was there throughout stands after that row in one snapshot of the list as in the next.
Where the row is missing, the pages around are read again until a row that was delivered is found,
and reading goes on after it.

Nothing that the service leaves open is taken for granted. Rows are counted as they come, so that
a cap on the page size shows; an offset that is ignored, or counted in pages, shows at the first
page that does not begin with the edge, whatever was fetched with it. What earlier searches saw of
the list decides what is asked for before the first page has come, and proves nothing.
"""

from __future__ import annotations

from enkash_async._paging.acceptance import Acceptance
from enkash_async._paging.addressing import Addressing
from enkash_async._paging.findings import Findings, judge
from enkash_async._paging.history import History, NewRows
from enkash_async._paging.list_end import ListEnd
from enkash_async._paging.lost_place import LostPlace
from enkash_async._paging.offset_probe import OffsetProbe
from enkash_async._paging.overlap import Overlap
from enkash_async._paging.page_cap import PageCap
from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.page_sizes import SMALLEST, PageSizes
from enkash_async._paging.past_the_end import PastTheEnd
from enkash_async._paging.place import Place
from enkash_async._paging.progress import Progress
from enkash_async._paging.raw_page import RawPage
from enkash_async._paging.reach import Reach
from enkash_async._paging.records_count import RecordsCount
from enkash_async._paging.remembered import Remembered
from enkash_async._paging.schedule import Schedule
from enkash_async._paging.starting_offset import StartingOffset
from enkash_async.report import Verdict
from enkash_async.resume import ListPoint

EDGE_IDS = 20
"""Ids to know the place by: as long as one of these records is still there, reading can go on."""

EDGE_IDS_OF_CHANGED = 1000
"""As many where rows came and went: then some after the place may have been delivered too."""


class Pager:
    """Plans the pages of one list and checks each as it comes. See `Planner` for how it is used.

    It puts the parts together: the `Schedule` says which pages are wanted, the `Acceptance` what
    becomes of each, and all of them keep what they know of the list.
    """

    def __init__(
        self,
        *,
        page_size: int,
        addressing: Addressing,
        start: int = 0,
        max_rows: int | None = None,
        resume: ListPoint | None = None,
        full_check: bool = False,
        sizes: PageSizes | None = None,
        remembered: Remembered | None = None,
        unproven_pages: int | None = None,
    ) -> None:
        """Read *max_rows* from row *start*, or what is left of them after *resume*.

        With *full_check* every row is compared with all rows before it. *sizes* may make pages
        smaller while they are read. What is *remembered* of the list is planned with, and
        brought up to date. No more than *unproven_pages* are wanted until pages were seen to fit.
        """
        point = resume or ListPoint(row=start)
        self._remembered = remembered or Remembered()
        known = self._remembered.with_point(point, page_size)
        if addressing.unit == "pages" and start:
            # The first page begins where its own size says, which only shows when it comes.
            known = Remembered()
        self.findings = Findings(
            total_at_start=point.total,
            count_is_total=point.total is not None,
            drifted=point.changed,
            moved=point.moved,
            unchecked=point.unproven,
            was_unproven=point.unproven,
            counts_from_one=addressing.first == 1,
        )
        max_new = page_size if max_rows is None else min(page_size, max_rows)
        foreseen = known.cap
        if addressing.unit == "pages" and foreseen is None and known.total is not None:
            foreseen = max_new
        max_limit = addressing.max_limit
        cap = PageCap(addressing.unit, point, max_limit=max_limit, foreseen=foreseen)
        self._cap, self._max_new = cap, max_new
        self._place = Place(start, point, max_rows)
        self._count = RecordsCount(self.findings, place=point.row, counted=point.counted)
        self._reach = Reach(addressing, cap, sizes or PageSizes(page_size), max_new=max_new)
        self._schedule = Schedule(
            self._place,
            self._count,
            self._reach,
            foreseen=known.total,
            unproven_pages=unproven_pages,
            is_unit_proven=known.is_unit_proven,
        )
        self._overlap = Overlap(self._place, point, self.findings, checks_all=full_check)
        self._list_end = ListEnd(addressing.unit, point.page_rows)
        self._progress = Progress()
        self._past_the_end = PastTheEnd(self._place, self._reach, self._count)
        self._probe = OffsetProbe(addressing, self._reach, start, is_settled=bool(point.edge))
        self._acceptance = Acceptance(
            findings=self.findings,
            place=self._place,
            count=self._count,
            cap=cap,
            reach=self._reach,
            schedule=self._schedule,
            overlap=self._overlap,
            list_end=self._list_end,
            probe=self._probe,
            lost=LostPlace(self._reach),
            past_the_end=self._past_the_end,
            start=StartingOffset(start, self._reach, self._count),
            progress=self._progress,
        )

    def __repr__(self) -> str:
        state = "ended" if self.ended else f"{len(self._schedule)} pages wanted"
        head = f", first for {self._schedule.head.purpose.name}" if len(self._schedule) else ""
        return (
            f"<Pager at row {self.end_row} of {self.total}, {self._place.delivered} delivered,"
            f" {state}{head}>"
        )

    @property
    def ended(self) -> bool:
        """Say whether the last page was accepted, so that nothing more is wanted."""
        return self._acceptance.ended

    @property
    def is_spent(self) -> bool:
        """Say no: after the end of a list, rows may have been added since."""
        return False

    @property
    def total(self) -> int | None:
        """Return the latest `recordsCount`."""
        return self._count.latest

    @property
    def history(self) -> History:
        """Return the rows delivered last."""
        return self._overlap.history

    @property
    def end_row(self) -> int:
        """Return the place in the list that reading has come to."""
        return self._place.end_row

    @property
    def next_page_row(self) -> int:
        """Return the row at which the page begins that is to be accepted next."""
        return self._schedule.head.row if len(self._schedule) else self._place.end_row

    @property
    def needs_ids(self) -> bool:
        """Say whether the ids of all records of a page are going to be asked for."""
        return self._overlap.checks_all or self.findings.drifted

    @property
    def held_bytes(self) -> int:
        """Return about how many bytes it holds to know rows again."""
        return self.history.nbytes

    def wanted(self, max_pages: int) -> list[PageRequest]:
        """Return the pages to fetch now, at most *max_pages*; the first is accepted next."""
        if not self.ended:
            # Whole pages lead past rows that moved on after the place reading has come to.
            self._schedule.extend(max_pages, whole_pages=self._progress.is_slow)
        return self._schedule.first(max_pages)

    def is_wanted(self, request: PageRequest) -> bool:
        """Say whether *request* still has a place in the plan."""
        return self._schedule.holds(request)

    def shrink(self, request: PageRequest, least: int = SMALLEST) -> int | None:
        """Learn that a page could not be had; return the page size from now on, if it helps."""
        return self._reach.shrink(request.limit, least)

    def refit(self, request: PageRequest) -> PageRequest:
        """Return the request to send for one that is wanted: with a smaller limit, if need be."""
        return self._schedule.refit(request)

    def reads_as_empty(self, request: PageRequest) -> bool:
        """Say whether an error in answer to *request* may mean that nothing stands there."""
        return self._past_the_end.is_possible(request)

    def note_arrival(self, request: PageRequest, page: RawPage) -> None:
        """Do nothing: a page of a list says nothing before its turn."""

    def verdict(self) -> tuple[Verdict, list[str]]:
        """Return the verdict on a list that was read to its end, and the reasons for it."""
        return judge(self.findings)

    def accept(self, page: RawPage) -> NewRows:
        """Check the page of the first wanted request and return which of its rows are new.

        Often that is none: then other pages are wanted first. IncompleteSearchError if the pages
        contradict each other.
        """
        rows = self._acceptance.accept(page)
        self._remember()
        return rows

    def _remember(self) -> None:
        memory, longest = self._remembered, self._list_end.longest_page
        if self._count.is_total:
            memory.total = self._count.latest
        memory.is_unit_proven |= self._probe.is_proven
        if self.ended and self._place.delivered > longest:
            memory.note_pages(longest, self._cap.limit, self._max_new)

    def forget(self) -> None:
        """Let go of all rows that are remembered: nothing is accepted and no place asked for."""
        self._overlap.history = History()

    def point(self, unread: int = 0, row: int | None = None) -> ListPoint:
        """Return where to go on if the last *unread* new rows, from *row* on, were not used."""
        found = self.findings
        keep = EDGE_IDS_OF_CHANGED if found.drifted else EDGE_IDS
        edge, ahead = self.history.ids_around(keep, unread)
        total = found.total_at_start if found.count_is_total else None
        return ListPoint(
            row=self._place.end_row if row is None else row,
            delivered=self._place.delivered - unread,
            edge=tuple(edge),
            ahead=tuple(ahead),
            changed=found.drifted,
            moved=found.moved,
            unproven=found.unchecked or found.place_is_unproven,
            page_rows=self._list_end.page_rows,
            total=total,
            counted=self._count.at_place,
        )
