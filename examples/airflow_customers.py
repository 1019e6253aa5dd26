"""A DAG of Airflow 3 that exports all customers every night.

    pip install enkash-async apache-airflow
    cp examples/airflow_customers.py examples/export_task.py "$AIRFLOW_HOME"/dags/

Running the file there runs the DAG once, without a scheduler. Address and credentials come from
the ENKASH_ variables of the worker, the file's name from ENKASH_EXPORT.
"""

import os
from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, task
from export_task import export_customers

nightly = DAG(
    "enkash_customers",
    schedule="30 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    # EnKash counts requests by account: two runs at once would share what one may take.
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=10)},
)
with nightly:
    task(export_customers)(os.environ.get("ENKASH_EXPORT", "/srv/enkash/customers.jsonl.gz"))

if __name__ == "__main__":
    nightly.test()
