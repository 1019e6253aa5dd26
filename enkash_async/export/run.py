"""`export`: from a list to a file that is whole, or can be gone on with."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import attrs

from enkash_async._arguments import boolean, int32_at_least, wrong_type
from enkash_async._search.extra import JsonBody, QueryString
from enkash_async._search.list_resource import ListResource
from enkash_async._search.query import Direction
from enkash_async._wire.criteria import Criteria
from enkash_async.errors import InvalidArgumentError
from enkash_async.events import Method
from enkash_async.export.arguments import bad_path_of, check_fields, path_text
from enkash_async.export.bad import BadRow
from enkash_async.export.destination import AnyPlaces, begin, is_folder, places_for, reopen
from enkash_async.export.division import PART_ROWS
from enkash_async.export.exporter import Exporter, end_of, publish
from enkash_async.export.folder import FolderOutput
from enkash_async.export.forms import Compression, Format
from enkash_async.export.making import content_of
from enkash_async.export.output import (
    FileOutput,
    StreamOutput,
    finished_before,
    is_stream,
)
from enkash_async.export.request import Listener, Request, request_of
from enkash_async.export.result import ExportProgress, ExportResult
from enkash_async.export.state import Places, State, forget, hashed, load
from enkash_async.export.streams import Stream
from enkash_async.export.text import CsvStyle
from enkash_async.report import SearchReport, Verdict
from enkash_async.resume import ResumeToken

F = TypeVar("F", bound=Criteria)


async def export(
    resource: ListResource[F, Any],
    path: str | os.PathLike[str],
    filter: F | None = None,
    *,
    format: Format | str | None = None,
    compression: Compression | str | None = None,
    method: Method | None = None,
    order_by: str | None = None,
    direction: Direction | str | None = None,
    page_size: int | None = None,
    max_records: int | None = None,
    window_pages: int | None = None,
    strict: bool = False,
    full_check: bool = False,
    extra_body: JsonBody | None = None,
    extra_query: QueryString | None = None,
    columns: Iterable[str] | None = None,
    mask: Iterable[str] = (),
    rename: Mapping[str, str] | None = None,
    csv: CsvStyle | None = None,
    bad_path: str | os.PathLike[str] | None = None,
    parts: int | None = None,
    resume: bool = False,
    keep_incomplete: bool = False,
    service: str | None = None,
    on_progress: Callable[[ExportProgress], None] | None = None,
    on_bad_record: Callable[[BadRow], None] | None = None,
    on_note: Callable[[str], None] | None = None,
    stop: asyncio.Event | None = None,
    **fields: Any,
) -> ExportResult:
    """Write every record of a list, such as `session.customers`, to a file, and return an account.

    The file grows beside *path* as `.part`, readable by its owner only, and gets its name when it
    is whole: the verdict is COMPLETE or CHANGED, or *keep_incomplete* was given. Until then a file
    of that name stays as it is. A link is followed, a pipe or a device written to, and `"-"` is
    stdout: what went there cannot be gone on with. *format* and *compression* follow from the name
    unless given, and must not contradict it.

    With *parts*, or a *path* that ends in `/`, it is a folder of files of so many rows each,
    250,000 unless given: `part-00000.jsonl` and so on. They grow in `_unfinished` within it and
    appear together; `_SUCCESS` beside them says that they are whole. The folder must hold no other
    files.

    What is durable is written down beside it twice a second. Whatever ends an export, killing it
    included, the same call with *resume* goes on there, and the file becomes what it would have
    been in one go, as far as the list stayed the same. Where nothing is there to go on with, or
    what is there came to its end without a proof, it begins anew. Another query, form or *service*,
    which is any name for it, cannot be gone on with.

    *filter* says which records, and *fields* are those of the filter, as for `search`. *method* is
    "crawl" or "search"; without one the list is crawled if a few counts show that its windows of
    time hold all records, and else searched; `ExportResult.why` says why. *order_by*, *direction*
    and *full_check* are those of a search, which they ask for, and *window_pages* is that of a
    crawl. *page_size*, *max_records*, *extra_body* and *extra_query* are those of both. *strict*
    raises IncompleteSearchError on any verdict but COMPLETE.

    A record that cannot be written, as it is no strict JSON or does not fit into its column, is
    left out and kept in *bad_path*, which is beside the file unless given; *on_bad_record* is told.
    *columns* are names of fields, *mask* those to be masked, or "personal", *rename* other names.
    *stop* ends the export after the page that is being read.

    What cannot be done as it is asked for is an InvalidArgumentError, before anything is sent or
    written; a value of the wrong type is an ArgumentTypeError, and a library that a form needs and
    that is not installed an ImportError. OSError tells what the disk refuses. Errors of the search
    are raised as they are, once all that came is durable.
    """
    if not isinstance(resource, ListResource):
        raise wrong_type("resource", "a list of an open session", resource)
    check_fields(resource.endpoint.criteria, fields, export)
    for switch, given in (
        ("strict", strict),
        ("full_check", full_check),
        ("resume", resume),
        ("keep_incomplete", keep_incomplete),
    ):
        boolean(switch, given)
    listener = Listener(on_progress=on_progress, on_bad_record=on_bad_record, on_note=on_note)
    if stop is not None and not isinstance(stop, asyncio.Event):
        raise wrong_type("stop", "an asyncio.Event", stop)
    path, aside = path_text("path", path), bad_path_of(bad_path)
    stream = _stream_of(path)
    name = "" if stream == "-" else Path(path).name
    request = request_of(
        resource,
        name,
        criteria=filter,
        fields=fields,
        format=format,
        compression=compression,
        method=method,
        columns=columns,
        mask=mask,
        rename=rename,
        csv=csv,
        service=service,
        part_rows=_part_rows(path, parts),
        options={
            "order_by": order_by,
            "direction": direction,
            "page_size": page_size,
            "max_records": max_records,
            "window_pages": window_pages,
            "strict": strict or None,
            "full_check": full_check or None,
            "extra_body": extra_body,
            "extra_query": extra_query,
        },
    )
    if stream is not None:
        if request.part_rows is not None:
            raise InvalidArgumentError("a stream holds no parts; name a folder")
        if resume:
            raise InvalidArgumentError("what went to a stream cannot be gone on with; name a file")
        return await _to_stream(request, stream, aside, listener, stop)
    places = places_for(Path(path), aside, request.form, in_parts=request.part_rows is not None)
    state = load(places.state) if resume else None
    if state is not None:
        return await _go_on(request, places, state, listener, stop, keep_incomplete)
    return await _begin(request, places, listener, stop, keep_incomplete)


def _part_rows(path: str, parts: int | None) -> int | None:
    if parts is not None:
        return int32_at_least(1, "parts", parts)
    return PART_ROWS if is_folder(path) else None


def _stream_of(path: str) -> str | None:
    return path if path == "-" or is_stream(Path(path)) else None


async def _to_stream(
    request: Request,
    name: str,
    aside: Path | None,
    listener: Listener,
    stop: asyncio.Event | None,
) -> ExportResult:
    if request.form.format is Format.PARQUET:
        raise InvalidArgumentError(
            "Parquet is not written to a stream, since its readers must seek in it"
        )
    content = content_of(request)
    stream = Stream.stdout() if name == "-" else Stream.open(name)
    if stream.is_terminal and request.form.is_packed:
        stream.close()
        raise InvalidArgumentError(
            "compressed data is not for a terminal; name a file, or pipe it on"
        )
    output = StreamOutput(stream, aside)
    return await _run(request, None, content, output, listener, stop, keep_incomplete=True)


async def _begin(
    request: Request,
    places: AnyPlaces,
    listener: Listener,
    stop: asyncio.Event | None,
    keep_incomplete: bool,
) -> ExportResult:
    content = content_of(request)
    leftover, output = begin(places)
    if leftover is not None:
        listener.note(leftover)
    try:
        result = await _run(
            request, None, content, output, listener, stop, keep_incomplete=keep_incomplete
        )
    except BaseException:
        _discard_useless(output)
        raise
    if result.is_finished or not _discard_useless(output):
        return result
    return attrs.evolve(result, path=None, bad_path=None, records=0, bad_records=0, bytes=0)


def _discard_useless(output: FileOutput | FolderOutput) -> bool:
    """Remove what came, and return True, if nothing of it could be gone on with."""
    if output.places.state.exists():
        return False
    output.discard()
    return True


async def _run(
    request: Request,
    before: State | None,
    content: Any,
    output: FileOutput | FolderOutput | StreamOutput,
    listener: Listener,
    stop: asyncio.Event | None,
    *,
    keep_incomplete: bool,
) -> ExportResult:
    why: str | None = None
    try:
        if before is not None:
            method = cast("Method", before.method)
        elif request.method is not None:
            method = request.method
        else:
            choice = await request.choose_method()
            method, why = choice.method, choice.why
            if why is not None:
                listener.note(f"reading by search: {why}")
        exporter = Exporter(request, method, content, output, listener, before, why=why)
    except BaseException:
        output.close()
        raise
    return await exporter.run(stop, keep_incomplete=keep_incomplete)


async def _go_on(
    request: Request,
    places: AnyPlaces,
    state: State,
    listener: Listener,
    stop: asyncio.Event | None,
    keep_incomplete: bool,
) -> ExportResult:
    _check_same(request, places, state)
    rows = ResumeToken.parse(state.token).delivered
    content = content_of(request, rows, state.packed)
    if isinstance(places, Places) and finished_before(places, state):
        forget(places)
        path, bad_path = places.found(is_finished=True)
        return _account(request, state, (path, bad_path, path.stat().st_size))
    if (why := _why_anew(request, state, keep_incomplete)) is not None:
        listener.note(f"{why}: this one begins anew")
        return await _begin(request, places, listener, stop, keep_incomplete)
    output = reopen(places, state)
    listener.note(f"going on after {state.records:,} records of an earlier run")
    if state.ended is None:
        return await _run(
            request, state, content, output, listener, stop, keep_incomplete=keep_incomplete
        )
    try:
        await publish(content, output)
    finally:
        output.close()
    return _account(request, state, output.account(is_finished=True))


def _why_anew(request: Request, state: State, keep_incomplete: bool) -> str | None:
    """Return why what *state* speaks of is of no use to go on with, None if it is of use."""
    if state.in_vain:
        return "the export that was gone on with got no further"
    strict = bool(request.options.get("strict"))
    ended = state.ended
    if ended is None or ended.may_be_kept(strict=strict, keep_incomplete=keep_incomplete):
        return None
    return f"the export before came to its end with the verdict {ended.verdict}"


def _account(request: Request, state: State, found: tuple[Path, Path, int]) -> ExportResult:
    """Return the result of an export of which only the file's name was missing."""
    assert state.ended is not None
    path, bad_path, size = found
    return ExportResult(
        path=path,
        bad_path=bad_path if state.bad else None,
        form=request.form,
        method=cast("Method", state.method),
        why=None,
        report=SearchReport(
            verdict=Verdict(state.ended.verdict), reasons=list(state.ended.reasons)
        ),
        records=state.records,
        records_before=state.records,
        bad_records=state.bad,
        bytes=size,
        seconds=state.seconds,
        is_finished=True,
        until=end_of(ResumeToken.parse(state.token)),
        parts=None if request.part_rows is None else state.parts + 1,
    )


def _check_same(request: Request, places: AnyPlaces, state: State) -> None:
    if state.shape != hashed(request.shape()):
        raise InvalidArgumentError(
            f"{places.part} was begun in another form: format, compression, columns, masks, names,"
            " parts and max_records must be those it was begun with; or export anew without"
            " resuming"
        )
    if state.service != hashed(request.service):
        raise InvalidArgumentError(
            f"{places.part} was begun from another service; export anew from this one"
        )
    if request.method is not None and request.method != state.method:
        raise InvalidArgumentError(
            f"{places.part} was begun by {state.method}; go on so, or export anew without resuming"
        )
    method = cast("Method", state.method)
    # First without the token, so that what is wrong with the request is told as it is.
    request.search(method, None, None)
    try:
        request.search(method, state.token, None)
    except InvalidArgumentError as error:
        raise InvalidArgumentError(
            f"{places.part} was begun with another filter or order; go on with those it was begun"
            " with, or export anew without resuming"
        ) from error
