"""What an export says of itself, while it goes and in the end. No I/O."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import attrs

from enkash_async.events import Method
from enkash_async.export.forms import Form
from enkash_async.report import SearchReport, Verdict


@attrs.frozen(kw_only=True)
class ExportProgress:
    """How far an export has come. *records* counts those of earlier runs too.

    *total* is how many are expected, None where nobody knows; *bytes* have been written.
    """

    records: int
    total: int | None
    bytes: int
    report: SearchReport


@attrs.frozen(kw_only=True)
class ExportResult:
    """What became of an export.

    *records* are in the file, *bad_records* were left out of it and are in *bad_path*; both count
    those of earlier runs, *records_before*. *report* is that of this run's search. *path* is where
    the file is, None for a stream: its own name if it *is_finished*, else that of the part, which
    is not proven to be whole or was stopped. *seconds* are those of all runs, *bytes* those of the
    file. *method* says how the list was read, and *why* the other way could not serve. A crawl
    holds what was created *until* then, when the first of its runs began; a search knows no such
    time. *parts* is how many files a folder holds, None for a file or a stream.
    """

    path: Path | None
    bad_path: Path | None
    form: Form
    method: Method
    why: str | None
    report: SearchReport
    records: int
    records_before: int
    bad_records: int
    bytes: int
    seconds: float
    is_finished: bool
    is_stopped: bool = False
    until: datetime | None = None
    parts: int | None = None

    @property
    def verdict(self) -> Verdict:
        """Return the verdict of the search."""
        return self.report.verdict

    @property
    def is_good(self) -> bool:
        """Say whether every record that stayed in the list is in the file."""
        return (
            self.is_finished
            and not self.bad_records
            and self.report.verdict is not Verdict.INCOMPLETE
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return {
            "path": None if self.path is None else str(self.path),
            "bad_path": None if self.bad_path is None else str(self.bad_path),
            "parts": self.parts,
            "format": self.form.format.value,
            "compression": self.form.compression.value,
            "method": self.method,
            "why": self.why,
            "until": None if self.until is None else self.until.isoformat(),
            "verdict": self.verdict.value,
            "is_finished": self.is_finished,
            "is_stopped": self.is_stopped,
            "records": self.records,
            "records_before": self.records_before,
            "bad_records": self.bad_records,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
            "report": attrs.asdict(self.report),
        }
