"""One export at work: pages in, bytes out, and a checkpoint every now and then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from enkash_async._clock import now
from enkash_async._search.search import Search
from enkash_async.errors import IncompleteSearchError
from enkash_async.events import Method
from enkash_async.export.bad import BadRow
from enkash_async.export.content import Content, Taken
from enkash_async.export.division import Division
from enkash_async.export.folder import FolderOutput
from enkash_async.export.output import FileOutput, StreamOutput
from enkash_async.export.request import Listener, Request
from enkash_async.export.result import ExportProgress, ExportResult
from enkash_async.export.state import Ended, State, hashed
from enkash_async.export.threads import in_thread, to_its_end
from enkash_async.report import Verdict
from enkash_async.resume import CrawlPoint, ResumeToken

T = TypeVar("T")

COMMIT_SECONDS = 0.5
"""So much work is lost at most when the process is killed."""


class Exporter:
    """Writes what one search delivers, and keeps account of what is durable."""

    def __init__(
        self,
        request: Request,
        method: Method,
        content: Content,
        output: FileOutput | FolderOutput | StreamOutput,
        listener: Listener,
        before: State | None,
        *,
        why: str | None,
    ) -> None:
        self._request = request
        self._method: Method = method
        self._content = content
        self._output = output
        self._listener = listener
        self._before = before
        self._why = why
        self._records = before.records if before else 0
        self._bad = before.bad if before else 0
        self._division = Division(request.part_rows, before.part_rows if before else 0)
        self._started = now()
        self._committed_at = self._started
        self._is_clean = True
        """All pages that were handed over are written."""
        self._unnamed: list[BadRow] = []
        """Bad rows that are written, and of which nobody was told yet."""
        self._state = before
        """What may be committed: how it stood when the bytes could last be gone on from."""
        self._search: Search[Any] = request.search(
            method, before.token if before else None, content.on_bad_record
        )

    async def run(self, stop: asyncio.Event | None, *, keep_incomplete: bool) -> ExportResult:
        """Write everything, and give the file its name; or leave what can be gone on from."""
        try:
            async with self._search:
                if self._before is None:
                    await self._in_thread(partial(self._output.write, self._content.head(), []))
                    if self._content.ends_rarely:
                        self._state = self._current()
                is_stopped = await self._copy(stop)
            if is_stopped:
                await self._leave_unfinished()
                return self._result(is_finished=False, is_stopped=True)
            return await self._finish(keep_incomplete=keep_incomplete)
        except IncompleteSearchError:
            await self._save_unproven()
            self._name_bad()
            raise
        except BaseException:
            self._save_what_is_whole()
            self._name_bad()
            raise
        finally:
            self._output.close()

    async def _copy(self, stop: asyncio.Event | None) -> bool:
        """Write the pages; True if it was stopped before the last."""
        async for page in self._content.pages(self._search):
            self._is_clean = False
            await self._in_thread(partial(self._write_page, page))
            self._name_bad()
            self._tell()
            await self._commit_if_due()
            if stop is not None and stop.is_set():
                return True
        return False

    async def _in_thread(self, work: Callable[[], T]) -> T:
        # A stream may be stuck; who is cancelled leaves it behind.
        return await (to_its_end(work) if self._output.is_durable else in_thread(work))

    def _write_page(self, rows: Any) -> None:
        """Write *rows*, perhaps in more than one part, and count them.

        It runs in a thread, to its end: what is written is counted, whoever is cancelled meanwhile.
        """
        for begins_part, piece in self._division.pieces(rows):
            if begins_part:
                self._begin_part()
            self._write(self._content.take(piece))
        self._is_clean = True

    def _write(self, taken: Taken) -> None:
        self._output.write(taken.chunk, taken.bad)
        self._records += taken.records
        self._bad += len(taken.bad)
        self._unnamed += taken.bad

    def _begin_part(self) -> None:
        output, content = self._output, self._content
        assert isinstance(output, FolderOutput)
        output.write(content.tail(), [])
        output.next_part(content.whole)
        content.begin_part()
        output.write(content.head(), [])

    def _name_bad(self) -> None:
        unnamed, self._unnamed = self._unnamed, []
        if self._listener.on_bad_record is not None:
            for bad in unnamed:
                self._listener.on_bad_record(bad)

    def _tell(self) -> None:
        if self._listener.on_progress is None:
            return
        search, limit = self._search, self._request.options.get("max_records")
        total = search.total
        expected = limit if total is None else min(total, limit or total)
        self._listener.on_progress(
            ExportProgress(
                records=self._records,
                total=expected,
                bytes=self._output.size,
                report=search.report,
            )
        )

    # Checkpoints

    def _current(self, ended: Ended | None = None) -> State:
        return State(
            shape=hashed(self._request.shape()),
            service=hashed(self._request.service),
            method=self._method,
            token=str(self._search.resume_token),
            records=self._records,
            bad=self._bad,
            length=self._output.length,
            bad_length=self._output.bad_length,
            packed=self._content.saved(),
            seconds=self._seconds(),
            parts=self._output.parts,
            part_rows=self._division.taken,
            ended=ended,
        )

    def _seconds(self) -> float:
        return now() - self._started + (self._before.seconds if self._before else 0.0)

    async def _commit_if_due(self) -> None:
        if not self._output.is_durable or not self._content.may_end_here:
            return
        is_due = now() - self._committed_at >= COMMIT_SECONDS
        if is_due or self._content.ends_rarely:
            self._state = self._current()
        if is_due:
            await self._commit()

    async def _commit(self) -> None:
        assert self._state is not None
        await to_its_end(partial(self._output.commit, self._state))
        self._committed_at = now()

    def _save_what_is_whole(self) -> None:
        """Commit as much as can be gone on from, if it holds a row; wait for nobody."""
        if not self._output.is_durable or not (self._records or self._bad):
            return
        if self._state is not None and self._state.ended is not None:
            # All has come; the files may be closed by now, and one have its name.
            return
        if self._is_clean and self._content.may_end_here:
            self._state = self._current()
        if self._state is not None and self._state.records + self._state.bad:
            # What was committed before stays where that cannot be written.
            with contextlib.suppress(OSError):
                self._output.commit(self._state)

    # The end

    async def _finish(self, *, keep_incomplete: bool) -> ExportResult:
        output = self._output
        if isinstance(output, StreamOutput):
            await self._write_rest()
            await in_thread(partial(output.write, self._content.tail(), []))
            await in_thread(partial(output.commit, self._current()))
            return self._result(is_finished=True)
        ended = await self._end()
        # Whether CHANGED is as good as COMPLETE, the search has said.
        if not ended.may_be_kept(strict=False, keep_incomplete=keep_incomplete):
            return self._result(is_finished=False)
        await publish(self._content, output)
        return self._result(is_finished=True)

    async def _end(self) -> Ended:
        """Make durable all that came, and that nothing more would come."""
        report = self._search.report
        await self._write_rest()
        tail = await to_its_end(self._content.tail)
        await self._in_thread(partial(self._output.write, tail, []))
        ended = Ended(verdict=report.verdict, reasons=report.reasons)
        if self._records or self._bad or report.verdict is not Verdict.INCOMPLETE:
            self._state = self._current(ended)
            await self._commit()
        return ended

    async def _write_rest(self) -> None:
        """Write the bad rows that came after all others."""
        await self._in_thread(lambda: self._write(Taken(b"", 0, self._content.rest())))
        self._name_bad()

    async def _save_unproven(self) -> None:
        """Save what came before an IncompleteSearchError, and whether it can be gone on with."""
        if not self._output.is_durable:
            return
        if not self._search.report.unfinished:
            # It is raised in any case; what was committed before stays where that is not written.
            with contextlib.suppress(OSError):
                await self._end()
            return
        before = self._before
        if before is not None and self._records + self._bad == before.records + before.bad:
            self._state = msgspec.structs.replace(before, in_vain=True)
            with contextlib.suppress(OSError):
                await self._commit()
            return
        self._save_what_is_whole()

    async def _leave_unfinished(self) -> None:
        """Commit what can be gone on from, and write what waits behind it, for people to read."""
        if self._output.is_durable:
            self._save_what_is_whole()
            tail = await to_its_end(self._content.tail)
            await self._in_thread(partial(self._output.write, tail, []))

    def _result(self, *, is_finished: bool, is_stopped: bool = False) -> ExportResult:
        output = self._output
        path: Path | None = None
        bad_path, size = None, output.size
        if isinstance(output, StreamOutput):
            bad_path = output.bad_path
        else:
            path, bad_path, size = output.account(is_finished=is_finished)
        return ExportResult(
            path=path,
            bad_path=bad_path if self._bad else None,
            form=self._request.form,
            method=self._method,
            why=self._why,
            report=self._search.report,
            records=self._records,
            records_before=self._before.records if self._before else 0,
            bad_records=self._bad,
            bytes=size,
            seconds=self._seconds(),
            is_finished=is_finished,
            is_stopped=is_stopped,
            until=end_of(self._search.resume_token),
            parts=None if self._request.part_rows is None else output.parts + 1,
        )


def end_of(token: ResumeToken) -> datetime | None:
    """Return until when customers were created that a crawl holds, None of a search."""
    return token.point.until if isinstance(token.point, CrawlPoint) else None


async def publish(content: Content, output: FileOutput | FolderOutput) -> None:
    """Give the file its name."""
    await to_its_end(partial(output.publish, content.whole))
