"""What does it cost to write all customers to a file, in each form?

    python -m benchmarks.exports --rows 1000000 jsonl csv parquet httpx

Each row runs in a process of its own against the benchmark's server, which is another one. It
prints records/s, CPU for each record, peak memory and the size of what was written. `httpx` is a
loop of httpx, json and csv; `dlt` a pipeline to files of JSON Lines. *--python* runs these two with
another interpreter, which has them.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.jobs import CONCURRENCY, HEADERS, SEARCH_PATH, TOKEN

FORMS = {
    "jsonl": "c.jsonl",
    "jsonl.gz": "c.jsonl.gz",
    "jsonl.zst": "c.jsonl.zst",
    "csv": "c.csv",
    "csv.gz": "c.csv.gz",
    "csv.zst": "c.csv.zst",
    "parquet": "c.parquet",
    "parquet parts": "c.parquet/",
}
PEERS = ("httpx", "dlt")
PAGE_SIZE = 1000
MIB = 1024 * 1024


async def _write(form: str, base_url: str, folder: str) -> int:
    from enkash_async import BearerToken, EnKashSession
    from enkash_async.export import export

    async with EnKashSession(
        base_url, BearerToken(TOKEN), page_size=PAGE_SIZE, max_concurrency=CONCURRENCY
    ) as session:
        result = await export(session.customers, f"{folder}/{FORMS[form]}", method="search")
    assert result.is_good, result
    return result.records


def _write_with_httpx(base_url: str, folder: str) -> int:
    import httpx

    written, names = 0, list[str]()
    with httpx.Client(headers=HEADERS) as client, Path(folder, "c.csv").open("w") as file:
        writer: Any = None
        while True:
            address = f"{base_url}{SEARCH_PATH}?offset={written}&limit={PAGE_SIZE}"
            answer = client.post(address, json={}).raise_for_status()
            page: list[dict[str, Any]] = json.loads(answer.content)["payload"]["data"]
            if writer is None:
                names = list(page[0])
                writer = csv.DictWriter(file, names, extrasaction="ignore")
                writer.writeheader()
            writer.writerows(page)
            written += len(page)
            if len(page) < PAGE_SIZE:
                return written


def _write_with_dlt(base_url: str, folder: str) -> int:
    import dlt
    from dlt.sources.helpers.rest_client import RESTClient
    from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
    from dlt.sources.helpers.rest_client.paginators import OffsetPaginator

    token: Any = TOKEN
    client = RESTClient(base_url, auth=BearerTokenAuth(token), data_selector="payload.data")
    paginator = OffsetPaginator(limit=PAGE_SIZE, total_path="payload.recordsCount")
    pages = client.paginate(SEARCH_PATH, method="POST", json={}, paginator=paginator)
    pipeline = dlt.pipeline(
        "customers",
        pipelines_dir=f"{folder}/work",
        destination=dlt.destinations.filesystem(bucket_url=f"{folder}/out"),
        dataset_name="d",
    )
    pipeline.run(pages, table_name="customers", loader_file_format="jsonl")
    counts: dict[str, int] = pipeline.last_trace.last_normalize_info.row_counts
    return counts["customers"]


def run_one(name: str, base_url: str) -> None:
    """Write all customers, and print what it took as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        if name == "httpx":
            records = _write_with_httpx(base_url, folder)
        elif name == "dlt":
            records = _write_with_dlt(base_url, folder)
        else:
            records = asyncio.run(_write(name, base_url, folder))
        seconds = time.perf_counter() - started
        out = Path(folder, "out") if name == "dlt" else Path(folder)
        size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024
    print(json.dumps([records, seconds, cpu, peak, size]))


def main() -> None:
    """Run the rows that were asked for, and print a table."""
    # The interpreter of the peers need not have what the server does.
    from benchmarks.serving import open_server

    parser = argparse.ArgumentParser(description="Measure exports.")
    parser.add_argument("names", nargs="*", default=[*FORMS, *PEERS], metavar="NAME")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--python", default=sys.executable, help="for httpx and dlt")
    options = parser.parse_args()
    print("| form | records/s | CPU, us a record | peak, MiB | file, MB |\n|" + " --- |" * 5)
    with open_server(options.rows) as server:
        for name in options.names:
            python = options.python if name in PEERS else sys.executable
            code = f"from benchmarks.exports import run_one; run_one({name!r}, {server.base_url!r})"
            done = subprocess.run([python, "-c", code], stdout=subprocess.PIPE, check=True)
            records, seconds, cpu, peak, size = json.loads(done.stdout.splitlines()[-1])
            assert records == options.rows, f"{name}: {records} of {options.rows} came"
            print(
                f"| {name} | {records / seconds:,.0f} | {cpu / records * 1e6:.1f} |"
                f" {peak / MIB:.0f} | {size / 1e6:,.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
