"""A report starts out unproven, and its text says what a reader must know."""

import pickle
from typing import Any

import attrs
import pytest

from enkash_async import BadRecord, SearchReport, Verdict
from enkash_async.sandbox import SandboxSettings, open_sandbox
from tests.support.sessions import session_for

PROMISED = {
    *("verdict", "total_at_start", "total_at_end", "rows_received", "records_delivered"),
    *("duplicates_dropped", "rows_reread", "missing", "bad_records", "pages", "attempts"),
    *("retries", "bytes_received", "seconds_waiting", "seconds_decoding", "longest_stall"),
}


def test_a_report_has_all_that_is_promised() -> None:
    assert {field.name for field in attrs.fields(SearchReport)} >= PROMISED


def test_the_verdicts_are_the_documented_ones() -> None:
    assert [member.value for member in Verdict] == ["COMPLETE", "CHANGED", "INCOMPLETE"]


def test_a_new_report_claims_nothing() -> None:
    report = SearchReport()

    assert report.verdict is Verdict.INCOMPLETE
    assert not report.complete
    assert (report.total_at_start, report.total_at_end) == (None, None)
    assert (report.records_delivered, report.pages, report.missing) == (0, 0, [])


@pytest.mark.parametrize(
    ("verdict", "complete"),
    [(Verdict.COMPLETE, True), (Verdict.CHANGED, False), (Verdict.INCOMPLETE, False)],
)
def test_only_complete_is_complete(verdict: Verdict, complete: bool) -> None:
    assert SearchReport(verdict=verdict).complete is complete


def test_reports_do_not_share_their_lists() -> None:
    one, other = SearchReport(), SearchReport()
    one.missing.append((10, 20))
    one.reasons.append("the list ended early")

    assert (other.missing, other.reasons) == ([], [])


@pytest.mark.parametrize("verdict", Verdict)
def test_the_text_holds_verdict_counts_and_reasons(verdict: Verdict) -> None:
    report = SearchReport(
        verdict=verdict,
        reasons=["the list ended early", "rows moved"],
        total_at_end=25_000,
        records_delivered=24_990,
        pages=25,
        retries=3,
        duplicates_dropped=4,
    )

    for fact in (verdict.value, "24,990", "25,000", "25 pages", "3 retries", "4 duplicates"):
        assert fact in str(report)
    assert "the list ended early" in str(report)
    assert "rows moved" in str(report)


def test_the_text_does_without_a_total() -> None:
    text = str(SearchReport(verdict=Verdict.COMPLETE, records_delivered=7))

    assert "7 records" in text
    assert "unknown" in text
    assert "None" not in text


def test_a_report_pickles_and_compares_by_value() -> None:
    report = SearchReport(records_delivered=7, missing=[(10, 20)], reasons=["x"])

    assert pickle.loads(pickle.dumps(report)) == report
    assert report != SearchReport()


READINGS: list[tuple[str, dict[str, object]]] = [
    ("search", {}),
    ("search", {"page_cap": 17}),
    ("search", {"count_style": "missing"}),
    ("search", {"faults": '[[fault]]\nkind = "bad_record"\nevery = 2'}),
    ("crawl", {}),
    ("crawl", {"page_cap": 17}),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("method", "settings"), READINGS)
async def test_rows_of_a_list_that_stays_are_accounted_for(
    method: str, settings: dict[str, Any]
) -> None:
    async with (
        open_sandbox(SandboxSettings(rows=240, **settings)) as sandbox,
        session_for(sandbox) as session,
    ):
        bad = list[BadRecord]()
        search = getattr(session.customers, method)(on_bad_record=bad.append)
        delivered = [customer async for customer in search]

    report = search.report
    counted = report.records_delivered + report.bad_records + report.rows_overlapping
    counted += report.duplicates_dropped + report.rows_reread
    assert (report.records_delivered, report.bad_records) == (len(delivered), len(bad))
    if method == "search":
        assert report.rows_received == counted
    else:
        # The rows of counts.
        assert report.rows_received > counted
