"""Which format and compression a file has, by its name or by choice. No I/O."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import attrs

from enkash_async._wire.criteria import enum_member
from enkash_async.errors import InvalidArgumentError


class Format(StrEnum):
    """How the records are written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


class Compression(StrEnum):
    """How the bytes are compressed. Parquet compresses each of its columns by itself."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


_FORMATS = {
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".csv": Format.CSV,
    ".parquet": Format.PARQUET,
}
_COMPRESSIONS = {".gz": Compression.GZIP, ".zst": Compression.ZSTD, ".zstd": Compression.ZSTD}
_ENDINGS = {Compression.NONE: "", Compression.GZIP: ".gz", Compression.ZSTD: ".zst"}
_OTHERS = {".json", ".tsv", ".xls", ".xlsx", ".zip", ".bz2", ".xz", ".arrow", ".feather", ".avro"}
_SAYING = {*_FORMATS, *_COMPRESSIONS, *_OTHERS}


@attrs.frozen
class Form:
    """A format with its compression."""

    format: Format
    compression: Compression

    @property
    def is_packed(self) -> bool:
        """Say whether the file as a whole is compressed."""
        return self.format is not Format.PARQUET and self.compression is not Compression.NONE

    @property
    def ending(self) -> str:
        """Return what the name of a file of this form ends in."""
        packed = self.compression if self.is_packed else Compression.NONE
        return f".{self.format}{_ENDINGS[packed]}"


def form_of(
    name: str, format: Format | str | None = None, compression: Compression | str | None = None
) -> Form:
    """Return the form of a file of this *name*; InvalidArgumentError if the name says another one.

    A name that says nothing is of JSON Lines. Parquet is compressed by zstd unless told otherwise.
    """
    chosen = None if format is None else enum_member(Format, format, "format")
    packed = None if compression is None else enum_member(Compression, compression, "compression")
    *others, before, last = ["", "", *(one.lower() for one in Path(name).suffixes)]
    of_name = _COMPRESSIONS.get(last)
    suffix = last if of_name is None else before
    named = _FORMATS.get(suffix)
    if named is None and chosen is None:
        _check_says_nothing(name, [*others, before, last if of_name is None else ""])
    if named is not None and chosen is not None and named is not chosen:
        raise InvalidArgumentError(
            f"{name} is named as {named} and would hold {chosen}; change one of them"
        )
    found = chosen or named or Format.JSONL
    if found is Format.PARQUET:
        if of_name is not None:
            raise InvalidArgumentError(
                f"{name}: Parquet compresses its columns itself; leave {last} out of the name"
            )
        return Form(found, packed or Compression.ZSTD)
    if of_name is not None and packed is not None and of_name is not packed:
        raise InvalidArgumentError(
            f"{name} is named as {of_name} and would be compressed by {packed}; change one of them"
        )
    if named is not None and of_name is None and packed not in (None, Compression.NONE):
        raise InvalidArgumentError(f"{name} would be compressed by {packed}; its name must say so")
    return Form(found, packed or of_name or Compression.NONE)


def _check_says_nothing(name: str, suffixes: list[str]) -> None:
    """Raise for a *name* that says of what form it is, though not as names of exports do."""
    said = next((one for one in reversed(suffixes) if one in _SAYING), None)
    if said in _OTHERS:
        raise InvalidArgumentError(
            f"{name}: no export is written as {said}; name it .jsonl, .csv or .parquet (with .gz"
            " or .zst), or give the format"
        )
    if said is not None:
        raise InvalidArgumentError(
            f"{name}: {said} does not stand at its end, where it would say the form; name it so"
            " that it does, or give the format"
        )
