"""Query customers with DuckDB and Polars: as they come, and from a Parquet file.

    pip install 'enkash-async[arrow]' duckdb polars
    python examples/duckdb_polars.py --sandbox --parquet customers.parquet

Without --sandbox, address and credentials come from the ENKASH_ variables of the environment.
"""

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path

import duckdb
import polars

from enkash_async import BearerToken, EnKashSession
from enkash_async.arrow import CustomerStream
from enkash_async.sandbox import SandboxSettings, serve_sandbox

BY_STATE = "SELECT state, count(*) AS customers, sum(net_amount) AS net FROM {} GROUP BY ALL"


def export(customers: CustomerStream, path: Path) -> None:
    """Write the Parquet file by DuckDB, a page at a time; it is there only once it is whole."""
    partial = path.with_name(f"{path.name}.partial")
    # DuckDB finds the argument by its name. It holds whole groups of rows in memory, and customers
    # are wide: its own groups of 122,880 rows take hundreds of MiB.
    written = duckdb.sql("FROM customers")
    written.write_parquet(str(partial), compression="zstd", row_group_size=20_480)
    partial.replace(path)


def main(options: argparse.Namespace) -> int:
    serving = serve_sandbox(SandboxSettings(rows=options.rows)) if options.sandbox else None
    with serving or nullcontext() as sandbox:

        def open_session() -> EnKashSession:
            if sandbox is None:
                return EnKashSession.from_env()
            return EnKashSession(sandbox.base_url, BearerToken(sandbox.token))

        customers = CustomerStream(open_session)
        try:
            # DuckDB reads as much as the query needs: of these, the first pages.
            print(duckdb.sql("SELECT customer_id, legal_name FROM customers LIMIT 3"))
            # Each query of the stream reads the service again; more than one go to the file.
            export(customers, options.parquet)
        except duckdb.Error as error:
            print(f"{error}\n{customers.report or 'Nothing was read.'}", file=sys.stderr)
            return 1
        print(customers.report)

    print(duckdb.sql(f"{BY_STATE.format(repr(str(options.parquet)))} ORDER BY net DESC LIMIT 3"))
    by_state = polars.scan_parquet(options.parquet).group_by("state")
    net = by_state.agg(polars.len().alias("customers"), polars.col("net_amount").sum().alias("net"))
    print(net.sort("net", descending=True).head(3).collect())
    # Without a file in between: polars.DataFrame(customers).
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Query customers with DuckDB and Polars.")
    parser.add_argument("--parquet", type=Path, default=Path("customers.parquet"))
    parser.add_argument("--sandbox", action="store_true", help="read invented customers")
    parser.add_argument("--rows", type=int, default=5_000, help="customers in the sandbox")
    sys.exit(main(parser.parse_args()))
