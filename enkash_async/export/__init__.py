"""A list written to a file that is whole, or can be gone on with after whatever ended it.

It knows formats, files and what makes them durable, and reads by `search` or `crawl` like any
caller. It must never know how a list is paged, and no list by name. Begin with `run`, then
`exporter`, which is at work; `content` makes bytes, `output` keeps them.
"""

from enkash_async.export.bad import BadRow
from enkash_async.export.columns import MASK, PERSONAL
from enkash_async.export.destination import Leftover, left_by
from enkash_async.export.forms import Compression, Form, Format
from enkash_async.export.result import ExportProgress, ExportResult
from enkash_async.export.run import export
from enkash_async.export.text import CsvStyle

__all__ = [
    "MASK",
    "PERSONAL",
    "BadRow",
    "Compression",
    "CsvStyle",
    "ExportProgress",
    "ExportResult",
    "Form",
    "Format",
    "Leftover",
    "export",
    "left_by",
]
