"""What do offsets cost a server that has to walk to them?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs

from benchmarks.peers import BASELINE, SDK, Peer
from benchmarks.results import Result, Row
from benchmarks.running import Bench, prepared_server
from benchmarks.server.service import Load

SKIP_COST = 50e-9
"""Seconds for each row skipped: what SQLite takes for these records on one machine."""

NAMES = (BASELINE, SDK, "sdk-crawl", "sdk-windows")


def run(bench: Bench) -> Result:
    """Read lists of growing length from a server on which skipping rows takes time."""
    result = Result(
        name="growth",
        question="Each row that an offset skips costs the server 50 ns: how does the cost grow?",
        columns=("seconds", "records_per_s", "rows_skipped", "walked_per_record", "requests"),
    )
    peers = bench.chosen(NAMES, result)
    sizes = _sizes(bench)
    for size in sizes:
        part = Result(name="", question="")
        with prepared_server(bench, size) as server:
            most = 1 if bench.options.quick or size > 100_000 else 1000
            load = Load(skip_cost=SKIP_COST)
            bench.measure(part, peers, server, load=load, most_repeats=most)
        for row in part.rows:
            _note_walk(row, size)
            result.rows.append(
                attrs.evolve(row, name=row_name(row.name, size), title=f"{row.title}, {size:,}")
            )
        result.failures |= {row_name(name, size): why for name, why in part.failures.items()}
    result.notes += [_growth_note(result, peer, sizes) for peer in peers]
    result.notes.append(
        "walked: rows skipped, counted for a window, or sent; a row counted or sent costs the"
        " server nothing here, and requests wait for each other"
    )
    return result


def row_name(name: str, size: int) -> str:
    """Return the name of a peer's row for one length."""
    return f"{name}@{size}"


def _sizes(bench: Bench) -> list[int]:
    if bench.options.rows:
        return [bench.options.rows // 4, bench.options.rows]
    return [20_000, 80_000] if bench.options.quick else [10_000, 100_000, 1_000_000]


def _note_walk(row: Row, size: int) -> None:
    for run in row.runs:
        walked = run["rows_skipped"] + run["rows_counted"] + run["rows_sent"]
        run["walked_per_record"] = walked / size


def exponent(result: Result, name: str) -> float | None:
    """Return by which power of the length the rows walked grow, over the last step."""
    rows = [row for row in result.rows if row.name.partition("@")[0] == name and row.runs]
    if len(rows) < 2:
        return None
    (small, few), (large, many) = (
        (int(row.name.partition("@")[2]), row.value("walked_per_record") or 0) for row in rows[-2:]
    )
    return 1 + math.log(many / few) / math.log(large / small)


def _growth_note(result: Result, peer: Peer, sizes: Sequence[int]) -> str:
    power = exponent(result, peer.name)
    shown = "unknown" if power is None else f"N^{power:.2f}"
    span = f"{sizes[-2]:,} to {sizes[-1]:,}"
    return f"{peer.title}: rows walked grow as {shown} from {span} customers"
