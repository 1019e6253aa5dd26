"""Read customers into a pandas DataFrame, with exact amounts and times in UTC.

    pip install 'enkash-async[arrow]' pandas
    python examples/pandas_frame.py --sandbox

Without --sandbox, address and credentials come from the ENKASH_ variables of the environment.
The frame is in memory as a whole; for more than that take examples/duckdb_polars.py.
"""

import argparse
import sys
from contextlib import nullcontext

import pandas
import pyarrow

from enkash_async import BearerToken, EnKashSession
from enkash_async.arrow import CustomerStream
from enkash_async.sandbox import SandboxSettings, serve_sandbox


def frame_of(customers: CustomerStream) -> pandas.DataFrame:
    """Keep Arrow's types: pandas' own would make floats of amounts, and of numbers beside a gap."""
    return pyarrow.table(customers).to_pandas(types_mapper=pandas.ArrowDtype)


def main(options: argparse.Namespace) -> int:
    serving = serve_sandbox(SandboxSettings(rows=options.rows)) if options.sandbox else None
    with serving or nullcontext() as sandbox:

        def open_session() -> EnKashSession:
            if sandbox is None:
                return EnKashSession.from_env()
            return EnKashSession(sandbox.base_url, BearerToken(sandbox.token))

        customers = CustomerStream(open_session)
        try:
            frame = frame_of(customers)
        except pyarrow.ArrowInvalid as error:
            print(f"{error}\n{customers.report or 'Nothing was read.'}", file=sys.stderr)
            return 1
    print(customers.report)
    print(frame.groupby("state")["net_amount"].agg(["count", "sum"]).nlargest(3, "count"))
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Read customers into a pandas DataFrame.")
    parser.add_argument("--sandbox", action="store_true", help="read invented customers")
    parser.add_argument("--rows", type=int, default=5_000, help="customers in the sandbox")
    sys.exit(main(parser.parse_args()))
