"""How fast can all customers be read when the network costs nothing?"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.peers import BASELINE, IDLE, READERS, SDK, SERVER
from benchmarks.results import Result
from benchmarks.running import Bench, prepared_server
from benchmarks.server.service import Load

COLUMNS = (
    *("records_per_s", "cpu_us", "first_ms", "peak_mib", "growth_mib"),
    *("requests", "server_busy"),
)
FEW = (SERVER, BASELINE, SDK, "sdk-raw", "gather", "httpx")


def plain(bench: Bench) -> Result:
    """Read pages of 1,000 over loopback."""
    result = Result(
        name="plain",
        question="All customers, pages of 1,000, no latency: how fast, and at what cost?",
        baseline=BASELINE,
        columns=COLUMNS,
    )
    return _measured(bench, result, [peer.name for peer in READERS if peer.name != IDLE], Load())


def compressed(bench: Bench) -> Result:
    """Read the same compressed."""
    result = Result(
        name="gzip",
        question="The same with answers compressed by gzip",
        baseline=BASELINE,
        columns=COLUMNS,
    )
    names = FEW if bench.options.quick else [peer.name for peer in READERS if peer.name != IDLE]
    # A page is compressed when it is first asked for, so a first round does not count.
    return _measured(bench, result, names, Load(gzip=True), warm_up=True)


def _measured(
    bench: Bench, result: Result, names: Sequence[str], load: Load, *, warm_up: bool = False
) -> Result:
    peers = bench.chosen(names, result)
    if load.gzip:
        # It asks for no compression, so that its row would say nothing new.
        peers = [peer for peer in peers if peer.name != SERVER]
    with prepared_server(bench, bench.options.rows_or(20_000, 100_000)) as server:
        bench.measure(result, peers, server, load=load, warm_up=warm_up)
        result.notes.append(f"{server.rows:,} customers of about 1.4 KB")
    if any(row.value("pages_prepared_late") for row in result.rows):
        result.notes.append("pages were compressed while clients waited: figures are too low")
    return result
