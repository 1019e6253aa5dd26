"""Which content a form has. What needs an extra is imported when it is needed."""

from __future__ import annotations

from functools import partial

from enkash_async.export.content import Content, TextContent
from enkash_async.export.forms import Format
from enkash_async.export.packing import packer_of
from enkash_async.export.request import Request
from enkash_async.export.text import Csv, JsonLines


def content_of(request: Request, rows: int = 0, saved: list[int] | None = None) -> Content:
    """Return the content of *request*, new or after so many *rows* as it was *saved*."""
    form = request.form
    if form.format is Format.PARQUET:
        from enkash_async.export.parquet import ParquetContent

        return ParquetContent(
            request.resource.endpoint.record, request.columns, form.compression, rows
        )
    is_csv = form.format is Format.CSV
    encoder = Csv(request.columns, request.csv) if is_csv else JsonLines(request.columns)
    return TextContent(
        encoder,
        packer_of(form.compression, saved),
        rows,
        new_packer=partial(packer_of, form.compression),
    )
