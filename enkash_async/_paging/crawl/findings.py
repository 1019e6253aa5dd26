"""From what was noticed while crawling to what a caller may rely on. No I/O."""

from __future__ import annotations

import msgspec

from enkash_async._paging.findings import Figures, Findings, judge
from enkash_async.report import Verdict


class CrawlFindings(Figures):
    """What a crawl noticed; *noun* and *time_field* are names."""

    noun: str = "records"
    time_field: str = "time"
    doubts: list[str] = msgspec.field(default_factory=list[str])
    changes: list[str] = msgspec.field(default_factory=list[str])

    def add_paged(self, found: Findings) -> None:
        """Take over what was noticed in a window that was read page by page."""
        verdict, reasons = judge(found)
        if verdict is Verdict.INCOMPLETE:
            self.doubts += reasons
        elif verdict is Verdict.CHANGED:
            self.changes += reasons
        self.rows_reread += found.rows_reread
        self.repairs += found.repairs
        self.duplicates_dropped += found.duplicates_dropped
        self.rows_overlapping += found.rows_overlapping

    def note_resumed(self, *, changed: bool, unproven: bool) -> None:
        """Take over what the crawl that this one goes on from had noticed."""
        if changed:
            self.changes.append("the list changed before the crawl was resumed")
        if unproven:
            self.doubts.append("before the crawl was resumed, something could not be proven")

    def note_uncounted(self) -> None:
        """Learn that all was read as one list since the service does not count."""
        self.doubts.append(
            f"the service sends no total, so {self.noun} without {self.time_field} cannot be"
            " noticed"
        )

    def note_wrong_filter(self, why: str) -> None:
        """Learn that all was read as one list since the service's filter by time is no use."""
        self.doubts.append(
            f"{why}, so windows of {self.time_field} are no use: all {self.noun} were read as one"
            " list, page by page"
        )

    def note_other_times(self) -> None:
        """Learn that an answer about a window holds rows that others may hold, too."""
        why = f"windows of {self.time_field} hold {self.noun} of other times"
        # Of a long window, each page may say so.
        if why not in self.doubts:
            self.doubts.append(why)

    def note_ends_misread(self) -> None:
        """Learn that rows from before the end of all windows match a window after it."""
        self.doubts.append(
            f"{self.noun} from before the crawl match a window that begins with it: the service"
            f" reads the ends of windows in another zone, or writes {self.time_field} without one"
            " (then set naive_timezone)"
        )

    def note_outside(self, number: int) -> None:
        """Learn that so many rows are in no window."""
        if number:
            self.doubts.append(
                f"{number} {self.noun} are in no window: they have no {self.time_field}, or one"
                " outside the time that was crawled"
            )

    def note_end(self, delivered: int, recount: int) -> None:
        """Learn what was counted at the end, after *delivered* rows came."""
        self.total_at_end = recount
        if recount > delivered:
            self.shortage = recount - delivered
            self.doubts.append(f"recordsCount says {recount}, but all windows hold {delivered}")
        if recount != self.total_at_start:
            self.changes.append(f"recordsCount went from {self.total_at_start} to {recount}")
        elif recount < delivered:
            self.changes.append(f"recordsCount says {recount}, and {delivered} came")

    def verdict(self) -> tuple[Verdict, list[str]]:
        """Return the verdict on a crawl that came to its end, and the reasons for it."""
        reasons = list(dict.fromkeys(self.doubts + self.changes))
        if self.doubts:
            return Verdict.INCOMPLETE, reasons
        return (Verdict.CHANGED if self.changes else Verdict.COMPLETE), reasons
