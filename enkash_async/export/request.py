"""What is to be exported, and how: checked before anything is asked or written. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from enkash_async._arguments import check_plain_function, wrong_type
from enkash_async._search.list_resource import ListResource
from enkash_async._search.method import Choice
from enkash_async._search.search import Search
from enkash_async.errors import InvalidArgumentError
from enkash_async.events import Method
from enkash_async.export.arguments import names_of, renames_of
from enkash_async.export.bad import BadRow
from enkash_async.export.columns import Columns, columns_of
from enkash_async.export.forms import Compression, Form, Format, form_of
from enkash_async.export.packing import CUT_EVERY
from enkash_async.export.result import ExportProgress
from enkash_async.export.text import CsvStyle

ONLY_FOR: Mapping[str, Method] = {
    "order_by": "search",
    "direction": "search",
    "full_check": "search",
    "window_pages": "crawl",
}
"""Options by which a list can be read in one way only."""


@attrs.frozen(kw_only=True)
class Listener:
    """Who is told how an export goes."""

    on_progress: Callable[[ExportProgress], None] | None = None
    on_bad_record: Callable[[BadRow], None] | None = None
    on_note: Callable[[str], None] | None = None

    def __attrs_post_init__(self) -> None:
        for name, function in attrs.asdict(self).items():
            if function is not None:
                check_plain_function(name, function)

    def note(self, text: str) -> None:
        """Tell one sentence."""
        if self.on_note is not None:
            self.on_note(text)


@attrs.frozen(kw_only=True)
class Request:
    """One export as it was asked for."""

    resource: ListResource[Any, Any]
    criteria: Any
    fields: Mapping[str, Any]
    """Fields of the filter that come before those of *criteria*."""
    form: Form
    columns: Columns
    csv: CsvStyle
    method: Method | None
    service: str
    part_rows: int | None
    """Rows of each part of a folder, None for one file."""
    options: Mapping[str, Any]
    """Further arguments of the search, those that were given only."""

    def search(self, method: Method, resume: str | None, on_bad_record: Any) -> Search[Any]:
        """Return the search that reads the list."""
        make = self.resource.crawl if method == "crawl" else self.resource.search
        return make(
            self.criteria, resume=resume, on_bad_record=on_bad_record, **self.options, **self.fields
        )

    async def choose_method(self) -> Choice:
        """Return how the list is to be read where that is left open: up to sixteen requests."""
        extra = {name: self.options.get(name) for name in ("extra_body", "extra_query")}
        return await self.resource._choose_method(  # pyright: ignore[reportPrivateUsage]
            self.criteria, **extra, **self.fields
        )

    def shape(self) -> list[Any]:
        """Return what shows in the bytes of the file, besides the records."""
        style = attrs.astuple(self.csv) if self.form.format is Format.CSV else ()
        return [
            self.form.format,
            self.form.compression,
            self.columns.described(),
            style,
            CUT_EVERY,
            self.options.get("max_records"),
            # One file has the shape that it had before there were parts.
            *([] if self.part_rows is None else [self.part_rows]),
        ]


def request_of(
    resource: ListResource[Any, Any],
    name: str,
    *,
    criteria: Any,
    fields: Mapping[str, Any],
    format: Format | str | None,
    compression: Compression | str | None,
    method: Method | None,
    columns: Iterable[str] | None,
    mask: Iterable[str],
    rename: Mapping[str, str] | None,
    csv: CsvStyle | None,
    service: str | None,
    part_rows: int | None,
    options: Mapping[str, Any],
) -> Request:
    """Return the request; ArgumentTypeError or InvalidArgumentError names what cannot be."""
    given = {key: value for key, value in options.items() if value is not None}
    form = form_of(name, format, compression)
    if csv is not None and not isinstance(csv, CsvStyle):
        raise wrong_type("csv", "a CsvStyle", csv)
    if csv is not None and form.format is not Format.CSV:
        raise InvalidArgumentError(f"the style of CSV says nothing of {form.format}; leave it out")
    if service is not None and not isinstance(service, str):
        raise wrong_type("service", "a str", service)
    request = Request(
        resource=resource,
        criteria=criteria,
        fields=fields,
        form=form,
        columns=columns_of(
            resource.endpoint.record,
            None if columns is None else names_of("columns", columns),
            names_of("mask", mask),
            {} if rename is None else renames_of(rename),
            are_called_as_on_the_wire=form.format is not Format.PARQUET,
            hold_lists=csv is None or csv.nested,
        ),
        csv=csv or CsvStyle(),
        method=_method(method, given),
        service=service or "",
        part_rows=part_rows,
        options=given,
    )
    # Made for its checks only, before anything is asked or written.
    request.search(request.method or "search", None, None)
    return request


def _method(method: Method | None, given: Mapping[str, Any]) -> Method | None:
    """Return how the list is to be read, None where that is open; an error if it cannot be so."""
    if method not in (None, "crawl", "search"):
        raise InvalidArgumentError(f'method must be "crawl" or "search", not {method!r}')
    for name, needed in ONLY_FOR.items():
        if name not in given:
            continue
        if method not in (None, needed):
            raise InvalidArgumentError(f"{name} is for {needed}, and not for {method}")
        method = needed
    return method
