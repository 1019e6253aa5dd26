"""What is to be exported, and how: checked before anything is asked or written. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from enkash_async._search.list_resource import ListResource
from enkash_async._search.method import Choice
from enkash_async._search.search import Search
from enkash_async.events import Method
from enkash_async.export.bad import BadRow
from enkash_async.export.columns import Columns, columns_of
from enkash_async.export.forms import Compression, Form, Format, form_of
from enkash_async.export.packing import CUT_EVERY
from enkash_async.export.result import ExportProgress
from enkash_async.export.text import CsvStyle

SEARCH_ONLY = ("order_by", "direction")


@attrs.frozen(kw_only=True)
class Listener:
    """Who is told how an export goes."""

    on_progress: Callable[[ExportProgress], None] | None = None
    on_bad_record: Callable[[BadRow], None] | None = None
    on_note: Callable[[str], None] | None = None

    def note(self, text: str) -> None:
        """Tell one sentence."""
        if self.on_note is not None:
            self.on_note(text)


@attrs.frozen(kw_only=True)
class Request:
    """One export as it was asked for."""

    resource: ListResource[Any, Any]
    criteria: Any
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
        return make(self.criteria, resume=resume, on_bad_record=on_bad_record, **self.options)

    async def choose_method(self) -> Choice:
        """Return how the list is to be read where that is left open: up to twelve requests."""
        return await self.resource._choose_method(  # pyright: ignore[reportPrivateUsage]
            self.criteria
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
    """Return the request; TypeError or ValueError names what cannot be."""
    if isinstance(mask, str) or isinstance(columns, str):
        raise TypeError("columns and mask are lists of names, not one text")
    given = {key: value for key, value in options.items() if value is not None}
    if method not in (None, "crawl", "search"):
        raise ValueError(f'method must be "crawl" or "search", not {method!r}')
    ordered = [key for key in SEARCH_ONLY if key in given]
    if ordered and method == "crawl":
        raise ValueError(f"{ordered[0]} is for search: a crawl reads in the order of time")
    form = form_of(name, format, compression)
    if csv is not None and form.format is not Format.CSV:
        raise ValueError(f"the style of CSV says nothing of {form.format}; leave it out")
    return Request(
        resource=resource,
        criteria=criteria,
        form=form,
        columns=columns_of(resource.endpoint.record, columns, mask, rename),
        csv=csv or CsvStyle(),
        method="search" if ordered else method,
        service=service or "",
        part_rows=part_rows,
        options=given,
    )
