"""What does it cost to make records of the bytes of a page?"""

from __future__ import annotations

import subprocess
import sys

import msgspec

from benchmarks.codecs import CODECS
from benchmarks.results import Measures, Result, Row
from benchmarks.running import Bench, prepared_server

PAGE_SIZE = 5000


def run(bench: Bench) -> Result:
    """Decode the same page with each codec in turn, and count the processor's time."""
    result = Result(
        name="decode",
        question="Bytes of a page of 5,000 to records: how much CPU for each?",
        baseline="structs",
        columns=("decode_us",),
    )
    rounds = bench.options.repeat or (5 if bench.options.quick else 25)
    for codec in CODECS:
        if not bench.options.wants(codec.name):
            continue
        if lack := codec.missing():
            result.skipped[codec.name] = lack
            bench.options.say(f"  {codec.name}: skipped, {lack}")
            continue
        result.rows.append(Row(name=codec.name, title=codec.title, what=codec.title))
    with prepared_server(bench, PAGE_SIZE) as server:
        command = [sys.executable, "-m", "benchmarks.codecs", str(rounds)]
        names = [row.name for row in result.rows]
        decoding = subprocess.run(
            [*command, *names], input=server.page(0, PAGE_SIZE), stdout=subprocess.PIPE, check=True
        )
    found = msgspec.json.decode(decoding.stdout, type=dict[str, list[float]])
    for row in result.rows:
        row.runs = [Measures(decode_us=value) for value in found[row.name]]
        bench.options.say(f"  {row.name}: {row.value('decode_us'):.2f} us")
    result.notes.append(f"CPU time, medians of {rounds} rounds in which the codecs take turns")
    return result
