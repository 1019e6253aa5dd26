"""An asset of Dagster that is all customers as a file, made every night.

    pip install enkash-async dagster
    PYTHONPATH=examples dagster dev -f examples/dagster_customers.py

`python examples/dagster_customers.py` makes it once. Address and credentials come from the ENKASH_
variables of the process, the file's name from ENKASH_EXPORT.
"""

import os
from typing import Any

import dagster
from export_task import export_customers


def customers() -> Any:
    account = export_customers(os.environ.get("ENKASH_EXPORT", "customers.jsonl.gz"))
    return dagster.MaterializeResult(metadata=account)


asset = dagster.asset(
    name="customers",
    retry_policy=dagster.RetryPolicy(max_retries=3, delay=600),
    # EnKash counts requests by account: give this pool a limit of one.
    pool="enkash",
)(customers)
defs = dagster.Definitions(
    assets=[asset],
    schedules=[
        dagster.ScheduleDefinition(name="nightly", cron_schedule="30 2 * * *", target=[asset])
    ],
)

if __name__ == "__main__":
    dagster.materialize([asset])
