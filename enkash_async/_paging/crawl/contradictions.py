"""Answers about windows that cannot be true, or not all of them. No I/O."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, auto

import msgspec

from enkash_async._paging.crawl.cutter import Cutter
from enkash_async._paging.crawl.windows import CountedWindow
from enkash_async._paging.page_request import Window
from enkash_async._paging.raw_page import RawPage

SAMPLE = 64
"""Rows of a page, evenly spread, whose times are looked at: less than a tenth of a millisecond."""

FEW = 8
"""The same of a page whose place is proven by others."""

MAX_UNTIMED = 1000
"""Rows without a readable time that are remembered; where no time can be read, that is all."""

MAX_TRIES = 3
"""Answers of which one at least should be right."""


class WindowStep(Enum):
    """What to do after the first page of a window."""

    BELIEVE = auto()
    ASK_AGAIN = auto()
    GIVE_UP = auto()
    """Windows of time are no use here."""


class Contradictions:
    """Holds answers against the window that was asked for and against what others said."""

    def __init__(self, cutter: Cutter) -> None:
        self._cutter = cutter
        self.why = ""
        """What was wrong with the answer that made windows useless."""
        self._crowd: datetime | None = None
        self._untimed: dict[str, Window] = {}
        """Rows whose time is missing or cannot be read, with what their windows share."""

    def step_after(self, window: CountedWindow, page: RawPage, *, is_root: bool) -> WindowStep:
        """Return what to do after the first *page* of *window*."""
        if not page:
            return self._step_after_empty(window, page, is_root=is_root)
        if not is_root and not self._is_here(window, page):
            self.why = (
                "the service answers with rows of times outside those asked for (if it writes"
                " times without a zone, set naive_timezone)"
            )
            return WindowStep.ASK_AGAIN if window.tries < MAX_TRIES - 1 else WindowStep.GIVE_UP
        if not is_root and self._is_everywhere(window, page):
            self.why = "rows without a readable time match windows that share no time"
            return WindowStep.GIVE_UP
        if window.family is not None and not window.is_counted:
            window.is_counted = True
            window.family.note(page.total or 0)
            if window.family.is_absurd:
                self.why = "the parts of a window count more than the whole"
                return WindowStep.GIVE_UP
        return WindowStep.BELIEVE

    def _step_after_empty(
        self, window: CountedWindow, page: RawPage, *, is_root: bool
    ) -> WindowStep:
        # A replica that lags behind, or a cache, may answer so once.
        family = window.family
        lacks = is_root or bool(page.total) or (family is not None and family.lacks)
        tries = MAX_TRIES if lacks else MAX_TRIES - 1
        return WindowStep.ASK_AGAIN if window.tries < tries - 1 else WindowStep.BELIEVE

    def is_stray(self, window: CountedWindow, page: RawPage) -> bool:
        """Say whether a page after the first holds rows that are not of its window."""
        if not page:
            return False
        if window.overlaps_next:
            return self.has_others(window.asked, page)
        times = self._known_times(page)
        return bool(times) and not self._cutter.shift.fits(window.asked, times)

    def has_others(self, asked: Window, page: RawPage) -> bool:
        """Say whether a page of a list holds rows of other times than were *asked* for."""
        times = self._known_times(page, FEW) if page else []
        shift = self._cutter.shift
        return bool(times) and not shift.fits(asked, times) and not shift.learn(asked, times)

    def note_crowd(self, moment: datetime) -> None:
        """Learn that no window from now on holds rows of this *moment*, or of one before it."""
        self._crowd = moment

    def holds_crowd(self, page: RawPage) -> bool:
        """Say whether a page holds rows that came with an instant that is done, and forgotten."""
        if self._crowd is None or not page:
            return False
        times = self._cutter.read_times(_sampled(page, FEW))
        return any(time is not None and time <= self._crowd for time in times)

    def _is_here(self, window: CountedWindow, page: RawPage) -> bool:
        """Say whether all rows are of the window, or if it is asked the last time, shifted."""
        shift, times = self._cutter.shift, self._known_times(page)
        if not times:
            return True
        if shift.fits(window.asked, times):
            shift.note(window.asked, times)
            return True
        return window.tries >= MAX_TRIES - 1 and shift.learn(window.asked, times)

    def _known_times(self, page: RawPage, number: int = SAMPLE) -> list[datetime]:
        times = self._cutter.written_times(_sampled(page, number))
        return [time for time in times if time is not None]

    def _is_everywhere(self, window: CountedWindow, page: RawPage) -> bool:
        """Say whether a row without a time was seen in another window that shares no time."""
        records = _sampled(page)
        times = self._cutter.written_times(records)
        if None not in times:
            return False
        untimed = [raw for raw, time in zip(records, times, strict=True) if time is None]
        for record_id in RawPage(untimed, identify=page.identify).ids:
            seen = self._untimed.get(record_id, window.asked)
            begin, end = max(seen.begin, window.asked.begin), min(seen.end, window.asked.end)
            if end < begin:
                return True
            self._untimed[record_id] = Window(begin, end)
        while len(self._untimed) > MAX_UNTIMED:
            del self._untimed[next(iter(self._untimed))]
        return False


def _sampled(page: RawPage, number: int = SAMPLE) -> list[msgspec.Raw]:
    return [*page.sample(number).records, page.records[-1]]
