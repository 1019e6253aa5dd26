"""Which form a name stands for, and which names contradict what was chosen."""

from __future__ import annotations

import pytest

from enkash_async.export import Compression, Form, Format
from enkash_async.export.forms import form_of


@pytest.mark.parametrize(
    ("name", "format", "compression", "form"),
    [
        ("c.jsonl", None, None, ("jsonl", "none")),
        ("c.ndjson.gz", None, None, ("jsonl", "gzip")),
        ("c.csv.zst", None, None, ("csv", "zstd")),
        ("C.CSV", None, None, ("csv", "none")),
        ("c.parquet", None, None, ("parquet", "zstd")),
        ("c.parquet", None, "gzip", ("parquet", "gzip")),
        ("2026.11.25", None, None, ("jsonl", "none")),
        ("", "csv", "gzip", ("csv", "gzip")),
        ("c", "parquet", None, ("parquet", "zstd")),
        ("c.json", "jsonl", None, ("jsonl", "none")),
        ("c.gz", None, None, ("jsonl", "gzip")),
    ],
)
def test_the_form_of_a_name(
    name: str, format: str | None, compression: str | None, form: tuple[str, str]
) -> None:
    assert form_of(name, format, compression) == Form(Format(form[0]), Compression(form[1]))


@pytest.mark.parametrize(
    ("name", "format", "compression", "said"),
    [
        ("c.csv", "jsonl", None, "named as csv"),
        ("c.csv.gz", None, "zstd", "named as gzip"),
        ("c.csv.gz", None, "none", "named as gzip"),
        ("c.csv", None, "gzip", "its name must say so"),
        ("c.parquet.gz", None, None, "leave .gz out"),
        ("c.json", None, None, "written as .json"),
        ("c.xlsx.gz", None, None, "written as .xlsx"),
        ("c.csv.2026-11-26", None, None, ".csv does not stand at its end"),
        ("c.parquet.new", None, None, ".parquet does not stand at its end"),
        ("c.jsonl.gz.bak", None, None, ".gz does not stand at its end"),
        ("c.csv.gz.zst", None, None, ".gz does not stand at its end"),
        ("c", "xml", None, "must be one of"),
        ("c", None, "lzma", "must be one of"),
    ],
)
def test_a_name_that_says_otherwise(
    name: str, format: str | None, compression: str | None, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        form_of(name, format, compression)
