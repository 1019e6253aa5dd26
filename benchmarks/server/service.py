"""What the server answers to a search, and the account of it. No I/O."""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from benchmarks.server.records import Records
from enkash_async.sandbox.data.dates import read_instant
from enkash_async.sandbox.service.envelope import RefusalError, failure, success
from enkash_async.sandbox.settings import MAX_LIMIT, SandboxSettings

_SETTINGS = SandboxSettings()
_PLACE = b'"@"'
_KNOWN = {"createdOnFrom", "createdOnTo"}

_decode_body = msgspec.json.Decoder(dict[str, Any]).decode


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """How slow the server pretends to be.

    *latency*: seconds that each answer takes, however many are under way. *skip_cost*: seconds
    for each row that an offset skips, of which the server works through one after the other, as
    a database with one core would; it waits instead of working, to leave the machine's cores to
    the clients.
    """

    latency: float = 0.0
    skip_cost: float = 0.0
    gzip: bool = False


class Account(msgspec.Struct, kw_only=True):
    """What the server did since it was last given a load."""

    requests: int = 0
    rows_sent: int = 0
    rows_skipped: int = 0
    rows_counted: int = 0
    """Of windows; the count of the whole list is known beforehand."""
    prepared: int = 0
    """Pages that had to be compressed while a client waited."""
    cpu_seconds: float = 0.0


class Service:
    """Answers searches over prepared records."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._free_at = 0.0
        self._deflated: dict[tuple[int, int, int], bytes] = {}
        self._cpu_at_start = 0.0
        self.take_load(Load())

    def take_load(self, load: Load) -> None:
        """Work under *load* from now on, with a new account."""
        self.load = load
        self._account = Account()
        self._cpu_at_start = time.process_time()

    def account(self) -> Account:
        """Return the account so far."""
        self._account.cpu_seconds = time.process_time() - self._cpu_at_start
        return self._account

    def answer(
        self, query: str, body: bytes, *, takes_gzip: bool, now: float
    ) -> tuple[bytes, list[bytes | memoryview], float]:
        """Return header lines, the body in pieces, and how many seconds to wait before."""
        try:
            return self._page(query, body, takes_gzip=takes_gzip, now=now)
        except (RefusalError, ValueError, msgspec.MsgspecError) as error:
            refusal = RefusalError(400, "VALIDATION_ERROR", str(error))
            return b"HTTP/1.1 400 Bad Request\r\n", [failure(refusal, _SETTINGS)], 0.0

    def _page(
        self, query: str, body: bytes, *, takes_gzip: bool, now: float
    ) -> tuple[bytes, list[bytes | memoryview], float]:
        offset, limit = _place(query)
        first, after, is_window = self._stretch(body)
        begin = min(first + offset, after)
        end = min(begin + limit, after)
        account = self._account
        account.requests += 1
        account.rows_sent += end - begin
        account.rows_skipped += begin - first
        account.rows_counted += is_window * (after - first)
        delay = self._delay(begin - first, now)
        if takes_gzip and self.load.gzip:
            compressed = self._compressed(begin, end, after - first)
            return b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n", [compressed], delay
        return b"HTTP/1.1 200 OK\r\n", self._pieces(begin, end, after - first), delay

    def _stretch(self, body: bytes) -> tuple[int, int, bool]:
        """Return where the rows that match the filter begin and end."""
        criteria = _decode_body(body) if body.strip() not in (b"", b"{}") else {}
        if unknown := set(criteria) - _KNOWN:
            raise ValueError(f"this server filters by createdOn only, not {sorted(unknown)}")
        earliest, latest = (
            None if criteria.get(name) is None else read_instant(criteria[name])
            for name in ("createdOnFrom", "createdOnTo")
        )
        begin, end = self._records.between(earliest, latest)
        return begin, end, bool(criteria)

    def _delay(self, skipped: int, now: float) -> float:
        if not self.load.skip_cost:
            return self.load.latency
        self._free_at = max(self._free_at, now) + skipped * self.load.skip_cost
        return self.load.latency + self._free_at - now

    def _pieces(self, begin: int, end: int, total: int) -> list[bytes | memoryview]:
        before, after = success([_PLACE], total, _SETTINGS).split(_PLACE)
        return [before, self._records.slice(begin, end), after]

    def _compressed(self, begin: int, end: int, total: int) -> bytes:
        key = (begin, end, total)
        if key not in self._deflated:
            self._account.prepared += 1
            packer = zlib.compressobj(wbits=31)
            pieces = [packer.compress(piece) for piece in self._pieces(begin, end, total)]
            self._deflated[key] = b"".join(pieces) + packer.flush()
        return self._deflated[key]


def _place(query: str) -> tuple[int, int]:
    """Return offset and limit."""
    parameters: Mapping[str, str] = dict(parse_qsl(query))
    if parameters.get("orderBy", "createdOn") != "createdOn" or "DESC" in parameters.values():
        raise ValueError("this server knows one order: by createdOn, ascending")
    offset = int(parameters.get("offset", 0))
    limit = int(parameters.get("limit", _SETTINGS.default_limit))
    if offset < 0 or not 1 <= limit <= MAX_LIMIT:
        raise ValueError(f"offset must not be negative, limit must be 1 to {MAX_LIMIT}")
    return offset, limit
