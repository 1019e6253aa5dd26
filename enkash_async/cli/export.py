"""`customers export`: what it tells people and machines of an export."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import msgspec

from enkash_async import (
    CustomerFilter,
    EnKashError,
    IncompleteSearchError,
    InvalidArgumentError,
    Verdict,
)
from enkash_async._wire.printable import printable
from enkash_async.cli.advice import as_options
from enkash_async.cli.connection import Connection, open_session
from enkash_async.cli.options import Extent
from enkash_async.cli.progress import Progress
from enkash_async.cli.running import Misuse, Status, Stop, misuse_shown, status_of
from enkash_async.cli.words import say, say_exactly, shell_line
from enkash_async.export import BadRow, CsvStyle, ExportResult, export, left_by
from enkash_async.export.streams import escaped
from enkash_async.report import number

MAX_BAD_LINES = 20
"""Bad records that are named on stderr; the file of them holds all."""

_BESIDE = ("", ".part", ".part.whole", ".state", ".state.new", ".bad.jsonl", ".bad.jsonl.part")
"""What the names of an export's files end in, behind that of its output."""


@attrs.frozen(kw_only=True)
class Layout:
    """What the file looks like, and where it and what goes with it are."""

    output: str
    format: str | None
    compression: str | None
    columns: tuple[str, ...]
    mask: tuple[str, ...]
    rename: tuple[str, ...]
    csv_bom: bool
    csv_raw: bool
    csv_flat: bool
    bad_records: str | None
    parts: int | None
    resume: bool
    keep_incomplete: bool

    def as_arguments(self) -> dict[str, Any]:
        """Return the arguments of `export`; ValueError for what names nothing."""
        for option, texts in (("--columns", self.columns), ("--mask", self.mask)):
            if texts and not _names(texts):
                raise ValueError(f"{option} names no column")
        return {
            "format": self.format,
            "compression": self.compression,
            "columns": _names(self.columns) or None,
            "mask": _names(self.mask),
            "rename": _renames(self.rename),
            "csv": self._csv(),
            "bad_path": self.bad_records,
            "parts": self.parts,
            "resume": self.resume,
            "keep_incomplete": self.keep_incomplete,
        }

    def _csv(self) -> CsvStyle | None:
        if not (self.csv_bom or self.csv_raw or self.csv_flat):
            return None
        return CsvStyle(bom=self.csv_bom, defuse=not self.csv_raw, nested=not self.csv_flat)


def _names(texts: tuple[str, ...]) -> list[str]:
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


def _renames(texts: tuple[str, ...]) -> Mapping[str, str]:
    pairs = [text.partition("=") for text in texts]
    for old, equals, new in pairs:
        if not (old and equals and new):
            raise ValueError("--rename takes OLD=NEW, such as customerId=id")
    return {old: new for old, _, new in pairs}


@attrs.define(kw_only=True)
class Export:
    """One run of `customers export`."""

    connection: Connection
    criteria: CustomerFilter
    extent: Extent
    layout: Layout
    concurrency: int
    quiet: bool
    json: str | None
    _bad: int = attrs.field(default=0, init=False)
    _is_contradicted: bool = attrs.field(default=False, init=False)
    """What the service said does not go together, which a repetition seldom cures."""

    async def run(self, stop: Stop) -> int:
        """Write every customer and return the exit status."""
        started = time.monotonic()
        try:
            result = await self._export(stop)
        except BaseException as error:
            status = stop.status or status_of(error)
            self._report_failure(error, status, time.monotonic() - started)
            raise
        status = stop.status or self._status(result)
        self._summarise(result, time.monotonic() - started)
        self._write_json(result.as_dict() | {"status": int(status)})
        return status

    async def _export(self, stop: asyncio.Event) -> ExportResult:
        options = attrs.asdict(self.extent) | self.layout.as_arguments()
        output = self.layout.output
        with Progress(quiet=self.quiet, output=output) as progress:
            async with open_session(
                self.connection, quiet=self.quiet, max_concurrency=self.concurrency
            ) as session:
                try:
                    return await export(
                        session.customers,
                        output,
                        filter=self.criteria,
                        service=self.connection.service,
                        on_progress=progress.update,
                        on_bad_record=lambda bad: self._name_bad(bad, progress),
                        on_note=lambda text: None if self.quiet else progress.say(text),
                        stop=stop,
                        **options,
                    )
                except InvalidArgumentError as error:
                    raise Misuse(str(error)) from error
                except OSError as error:
                    if _is_of_the_name(error):
                        reason = error.strerror or str(error)
                        raise Misuse(f"cannot write to {output}: {reason}") from error
                    if error.filename is None:
                        error.filename = "stdout" if output == "-" else output
                    raise

    def _name_bad(self, bad: BadRow, progress: Progress) -> None:
        self._bad += 1
        if self._bad <= MAX_BAD_LINES:
            progress.say(f"bad record: row {bad.row:,} {bad.reason}")
        elif self._bad == MAX_BAD_LINES + 1:
            progress.say("bad record: and more, which are not named here")

    def _status(self, result: ExportResult) -> Status:
        if result.is_stopped or not result.is_good:
            return Status.INCOMPLETE
        return Status.GOOD

    # What is said in the end

    def _summarise(self, result: ExportResult, seconds: float) -> None:
        read = result.records - result.records_before
        if not self.quiet:
            before = f" after {result.records_before:,} before" if result.records_before else ""
            say(
                f"{number(result.records, 'record')}{before}"
                f" in {number(result.report.pages, 'page')},"
                f" {seconds:.1f} s, {read / max(seconds, 1e-9):,.0f} records/s,"
                f" {result.bytes / 1e6:,.1f} MB"
            )
            if result.until is not None and result.records_before:
                say(
                    f"as of {result.until:%Y-%m-%d %H:%M:%S} UTC, when the first of its runs began:"
                    " customers created later are not in it"
                )
            if not result.is_stopped:
                limited = ", of as many as were asked for" if result.report.limited else ""
                words = [
                    f"verdict {result.verdict}{limited}",
                    as_options("; ".join(result.report.reasons)),
                ]
                say(": ".join(filter(None, words)))
        if result.bad_records:
            place = f", kept in {result.bad_path}" if result.bad_path else ""
            bad = number(result.bad_records, "record is bad and was", "records are bad and were")
            say(f"error: {bad} left out{place}")
        if result.verdict is Verdict.INCOMPLETE and not result.is_stopped:
            kept = "" if result.path is None else f"; what came is in {result.path}"
            say(f"error: the export is not proven to be complete{kept}")

    def _report_failure(self, error: BaseException, status: Status, seconds: float) -> None:
        self._is_contradicted = isinstance(error, IncompleteSearchError)
        if isinstance(error, IncompleteSearchError) and error.report is not None and not self.quiet:
            words = [f"verdict {error.report.verdict}", as_options("; ".join(error.report.reasons))]
            say(": ".join(filter(None, words)))
        report = error.report if isinstance(error, EnKashError) else None
        left = left_by(self.layout.output)
        with contextlib.suppress(OSError):
            # The error itself is told in any case.
            self._write_json(
                {
                    "status": int(status),
                    "error": type(error).__name__,
                    "message": str(error),
                    "is_finished": False,
                    "part": None if left is None else str(left.part),
                    "records": 0 if left is None else left.records,
                    "seconds": round(seconds, 3),
                    "report": None if report is None else attrs.asdict(report),
                }
            )

    def _write_json(self, report: dict[str, Any]) -> None:
        if self.json is None:
            return
        text = msgspec.json.encode(report)
        if self.json == "-":
            say_exactly(escaped(text).decode())
            return
        _write_account(self.json, text.decode() + "\n")

    def hint(self) -> None:
        """Say how to go on, or that it is to be begun anew, if anything came."""
        left = left_by(self.layout.output)
        if left is None:
            return
        is_spent = left.is_spent(strict=self.extent.strict)
        came = number(left.records, "record is", "records are")
        came = f"{came} in {printable(str(left.part))}"
        if not is_spent and not self._is_contradicted:
            say_exactly(f"{came}; go on with: {_command('--resume')}")
            return
        if not is_spent:
            say_exactly(f"{came}; with what is said above, export anew with: {_command()}")
            say_exactly(f"or, if it was for a while only, go on with: {_command('--resume')}")
            return
        say_exactly(f"{came}, and going on would bring no more; export anew with: {_command()}")
        if left.verdict is not None:
            command = _command("--resume", "--keep-incomplete")
            say_exactly(f"or give what came its name as it is, with: {command}")


def _command(*switches: str) -> str:
    """Return the command that was typed, to be pasted, with just these of its *switches*."""
    arguments = [one for one in sys.argv[1:] if one not in ("--resume", "--keep-incomplete")]
    return shell_line(["enkash-async", *arguments, *switches])


def _is_of_the_name(error: OSError) -> bool:
    """Say whether *error* is about where the file is to be, rather than about writing it."""
    return isinstance(
        error, (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError)
    )


def checked(layout: Layout, json: str | None) -> None:
    """Raise Misuse for what can be seen to be wrong before anything is asked.

    An account of an earlier run is emptied, so that it is not taken for one of this run.
    """
    if json is not None and json != "-":
        _empty_account(json, layout)
    with misuse_shown():
        layout.as_arguments()


def _empty_account(path: str, layout: Layout) -> None:
    written = [one for one in (layout.output, layout.bad_records) if one is not None]
    names = {os.path.realpath(one) + suffix for one in written for suffix in _BESIDE}
    place = os.path.realpath(path)
    if place in names or os.path.dirname(place) == os.path.realpath(layout.output):
        raise Misuse(f"--json would be written over {path}; give it a file of its own")
    if os.path.exists(path) and not os.path.isfile(path):
        # Whoever reads a pipe would take an empty account for its end.
        return
    try:
        _write_account(path, "")
    except OSError as error:
        raise Misuse(f"cannot write {path}: {error.strerror or error}") from error


def _write_account(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        # A file that was opened, and a disk that is full then, is not named by the error.
        error.filename = path
        raise
