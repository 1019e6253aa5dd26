"""`python -m benchmarks.codecs ROUNDS NAME...`: CPU time of decoding the page on standard input.

All run in one process and take turns, so that what disturbs the machine disturbs all alike.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC
from functools import partial
from gc import collect
from importlib.util import find_spec
from typing import Any

import attrs
import msgspec

from benchmarks.peers.bare import decode as decode_structs
from enkash_async import Customer, SearchReport
from enkash_async._decoding.decoder import RecordDecoder
from enkash_async._decoding.rows import Rows
from enkash_async._decoding.slice_decoder import SliceDecoder
from enkash_async._wire.page import PagePayload, payload_steps
from enkash_async._wire.response import Response

Decode = Callable[[bytes], Sequence[Any]]


def sdk() -> Decode:
    """Return what the SDK does between the answer's bytes and the records it hands out."""
    decoder = RecordDecoder(Customer, UTC)
    slices: SliceDecoder[list[Customer]] = SliceDecoder(
        decoder.decode_many, list, SearchReport(), None, decode_list=decoder.decode_list
    )
    return partial(_sdk_records, slices)


def _sdk_records(slices: SliceDecoder[list[Customer]], body: bytes) -> Sequence[Any]:
    page, records = _page(body), list[Customer]()
    rows = Rows(page.records, range(len(page.records)), 0)
    while len(records) < len(rows):
        records += slices.decode(rows, len(records))[0]
    return records


def sdk_split() -> Decode:
    """Return the part of it that all ways of reading share: the envelope, and where rows lie."""
    return lambda body: _page(body).records


def _page(body: bytes) -> PagePayload:
    steps = payload_steps(Response(200, {}, body))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            page: PagePayload = end.value
            return page


def structs() -> Decode:
    """Return the practical limit."""
    return lambda body: decode_structs(body).payload.data


def of_peer(module: str) -> Decode:
    """Return the function with which a peer decodes a page."""
    decode: Decode = importlib.import_module(f"benchmarks.peers.{module}").decode
    return decode


def plain_dicts() -> Decode:
    """Return the standard library's way, without types."""
    return lambda body: json.loads(body)["payload"]["data"]


def msgspec_dicts() -> Decode:
    """Return msgspec's way, without types."""
    decode = msgspec.json.Decoder().decode
    return lambda body: decode(body)["payload"]["data"]


@attrs.frozen
class Codec:
    """A way to decode a page; *make* returns the function that does."""

    name: str
    title: str
    make: Callable[[], Decode]
    needs: tuple[str, ...] = ()

    def missing(self) -> str | None:
        """Say what it lacks, None if it can run."""
        for module in self.needs:
            if find_spec(module) is None:
                return f"{module} is not installed: pip install 'enkash-async[bench]'"
        return None


CODECS = (
    Codec("structs", "msgspec structs", structs),
    Codec("sdk", "enkash-async, attrs records", sdk),
    Codec("sdk-split", "enkash-async, undecoded records", sdk_split),
    Codec("msgspec-dicts", "msgspec, dicts", msgspec_dicts),
    Codec("json-dicts", "json, dicts", plain_dicts),
    Codec("pydantic", "pydantic models", partial(of_peer, "httpx_pydantic"), ("httpx", "pydantic")),
    Codec("cattrs", "json + cattrs, attrs records", partial(of_peer, "gather_cattrs")),
)


def measure(page: bytes, rounds: int, names: Sequence[str]) -> dict[str, list[float]]:
    """Return the microseconds of CPU for each record, by codec and round."""
    decoders = {codec.name: codec.make() for codec in CODECS if codec.name in names}
    count = len(json.loads(page)["payload"]["data"])
    taken: dict[str, list[float]] = {name: [] for name in decoders}
    for number in range(-1, rounds):
        for name, decode in decoders.items():
            collect()
            started = time.process_time()
            records = decode(page)
            seconds = time.process_time() - started
            if len(records) != count:
                raise RuntimeError(f"{name} made {len(records)} records of {count}")
            del records
            if number >= 0:
                taken[name].append(seconds / count * 1e6)
    return taken


if __name__ == "__main__":
    found = measure(sys.stdin.buffer.read(), int(sys.argv[1]), sys.argv[2:])
    print(msgspec.json.encode(found).decode())
