"""Do offsets count what the session was told? No I/O."""

from __future__ import annotations

from collections.abc import Sequence

from enkash_async._paging.addressing import Addressing
from enkash_async._paging.page_request import PageRequest
from enkash_async._paging.raw_page import RawPage
from enkash_async._paging.reach import Reach
from enkash_async.errors import IncompleteSearchError


class OffsetProbe:
    """Asks, once, for the page at the first offset plus 1, if the second page does not fit.

    Where offsets count rows it begins with the second row, where they count pages it is the
    second page. If it is the first page again, the page at the first offset shows whether a row
    was inserted or the offset makes no difference.
    """

    def __init__(
        self, addressing: Addressing, reach: Reach, start: int, *, is_settled: bool
    ) -> None:
        self._addressing = addressing
        self._reach = reach
        self._start = start
        self.is_settled = is_settled
        """Offsets were seen to count what the session was told, or this was asked before."""
        self.is_proven = False
        """A page began where its offset says."""
        self._distance = 1

    def request(self) -> PageRequest:
        """Return the request for the page that tells."""
        return self._reach.probe(self._start, self._distance)

    def judge(
        self,
        probe: PageRequest,
        page: RawPage,
        delivered: Sequence[str],
        *,
        total: int | None,
        growth: int | None,
    ) -> bool:
        """Say whether a second page is needed to tell; raise if offsets count something else.

        *delivered* are the ids of the rows delivered, from the first on, *total* is the latest
        count, and *growth* how many rows came since, as far as it tells.
        """
        self.is_settled = True
        is_first_page = len(delivered) > 1 and bool(page) and page.first_id == delivered[0]
        if self._distance == 1:
            if is_first_page:
                # As if the offset made no difference; or a row was inserted before.
                self._distance = 0
                return True
            counts_more = total is not None and total > self._start + 1
            # Of a page of a row or two, a row that went leaves nothing to know the place by.
            if not growth or self._addressing.unit == "pages":
                self._check_unit(probe, page, delivered, counts_more=counts_more)
            if self._addressing == Addressing("pages", 1) and not growth:
                raise IncompleteSearchError(_not_from_one(growth))
        elif is_first_page:
            raise IncompleteSearchError(
                f"the pages at offsets {probe.offset} and {probe.offset + 1} are the same: the"
                " service ignores offsets, or counts them from 1 (then open the session with"
                " first_offset=1)"
            )
        return False

    def _check_unit(
        self, probe: PageRequest, page: RawPage, delivered: Sequence[str], *, counts_more: bool
    ) -> None:
        unit, what = self._addressing.unit, f"the page at offset {probe.offset}"
        if unit == "pages" and page and len(delivered) > 1 and page.first_id == delivered[1]:
            raise IncompleteSearchError(
                f"{what} begins one row after the page before it: the service seems to count"
                ' offsets in rows. Open the session with offset_unit="rows"'
            )
        if unit == "rows" and (page or counts_more) and set(page.ids).isdisjoint(delivered):
            raise IncompleteSearchError(
                f"{what} does not begin one row after the page before it: the service seems to"
                ' count offsets in pages. Open the session with offset_unit="pages"'
            )


def _not_from_one(growth: int | None) -> str:
    cure = "perhaps the service counts pages from 0; then open the session with first_offset=0"
    if growth is None:
        # Rows may have come and gone: nothing would tell.
        return f"pages do not fit: {cure}. Where the list changes, go on with the resume token"
    return f"pages do not fit although as many records are counted as before: {cure}"
