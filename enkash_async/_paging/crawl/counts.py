"""What is counted as a crawl begins and ends, and what that says of it. No I/O."""

from __future__ import annotations

from enkash_async._paging.crawl.census import Census
from enkash_async._paging.crawl.findings import CrawlFindings
from enkash_async._paging.page_request import Window
from enkash_async._paging.pager import Pager
from enkash_async._paging.raw_page import RawPage
from enkash_async.resume import MAX_COUNT, CrawlPoint


class Counts:
    """Takes the answers of the census, and holds what came against them."""

    def __init__(self, census: Census, findings: CrawlFindings, resume: CrawlPoint) -> None:
        self._census = census
        self._findings = findings
        self.total: int | None = resume.total
        """The rows of all windows, as they were counted first."""
        self._seen = 0
        """Rows on the first page of all time."""
        census.outside = resume.outside
        findings.total_at_start = findings.total_at_end = resume.total
        findings.count_is_total = resume.total is not None

    @property
    def outside(self) -> int:
        """Return how many rows are in no window."""
        return self._census.outside

    def _settle(self, total: int | None) -> None:
        self.total = self._findings.total_at_start = self._findings.total_at_end = total

    # At the start

    def note_all(self, page: RawPage) -> bool:
        """Learn how many rows there are in all; say whether the count may be of use."""
        self._census.all = page.total
        # One below the rows beside it counts neither them nor all.
        self._findings.count_is_total = page.total is not None and page.total > len(page)
        if page.total == 0 and not page:
            self._settle(0)
        return page.total is not None and page.total <= MAX_COUNT

    def note_root(self, page: RawPage) -> bool:
        """Learn from the first page of all time how many rows its windows hold.

        Say whether that is known now.
        """
        found, count = self._findings, page.total
        self._seen = len(page)
        if self.total is None and count is not None:
            if count > 1 and self._census.all == 1:
                # So it is where the count is that of the page, whatever an odd answer says.
                found.count_is_total = False
            else:
                # One row more may be all there is, or all that is counted.
                found.count_is_total |= count > len(page) or not (count or page)
            if found.count_is_total and count <= MAX_COUNT:
                self._note_total(count)
        return self.total is not None

    def _note_total(self, count: int) -> None:
        self._settle(count)
        self._census.outside = max(0, (self._census.all or 0) - count)

    def forget_total(self) -> None:
        """Learn that the count is of no use."""
        self._settle(None)

    def note_list(self, pager: Pager, delivered: int) -> None:
        """Learn from a list that was read to its end, if nothing was counted before."""
        if self.total is not None:
            return
        # The service does not count, or the single row that it counts is all there is; not where
        # fewer came than were seen, as when an answer finds nothing that another one found.
        is_single = self._census.all == 1 and self._seen <= delivered <= 1
        if not pager.findings.count_is_total and not is_single:
            self._findings.note_uncounted()
        elif pager.total is not None:
            self._note_total(pager.total)

    # At the end

    def is_settled(self, root: Window, delivered: int) -> bool:
        """Want what is still to be counted after the last window; say whether nothing is."""
        if self._census.outside and self._census.new is None:
            self._census.new = 0
            self._census.want_new(root.end)
            return False
        # Either rows went meanwhile, or windows do not hold what they should; or all rests on
        # answers that held nothing, and there was something that only looks as if it were new.
        is_doubtful = delivered != self.total or (not delivered and self._census.new is not None)
        if self.total is not None and is_doubtful:
            self._census.want_again(root)
            return False
        self._findings.note_outside(self._census.outside)
        return True

    def note_new(self, page: RawPage, old: int) -> None:
        """Learn how many rows were created since: they are in no window, and need not be.

        As many as *old* of those on *page* were there before, by their times: the service reads the
        ends of windows otherwise. Where it counts more than these, so they may all be.
        """
        new = page.total or 0
        if old:
            new = len(page) - old if new <= len(page) else 0
            self._findings.note_ends_misread()
        self._census.outside = max(0, self._census.outside - new)

    def note_again(self, page: RawPage, root: Window, delivered: int) -> bool:
        """Hold what came against what is counted now; say whether that is the last word."""
        census, count = self._census, page.total
        if self._findings.count_is_total and count is not None:
            if census.again is None and count < delivered:
                # So it is where rows were deleted, or where the answer is one to another request.
                census.again = count
                census.want_again(root)
                return False
            self._findings.note_end(delivered, max(count, census.again or 0))
        self._findings.note_outside(census.outside)
        return True
