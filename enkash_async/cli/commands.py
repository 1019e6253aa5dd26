"""The commands and their help."""

from __future__ import annotations

import io
from functools import partial
from typing import Any

import click

from enkash_async import CustomerFilter, __version__
from enkash_async.cli.completion import completion
from enkash_async.cli.connection import CONNECTION_NAMES, Connection, connection_options
from enkash_async.cli.explain import explain as explain_export
from enkash_async.cli.export import Export, Layout, checked
from enkash_async.cli.gathering import gathered
from enkash_async.cli.grouping import Group, headed
from enkash_async.cli.lookup import print_count, print_record, print_windows
from enkash_async.cli.options import (
    EXTENT_NAMES,
    FILTER_NAMES,
    Extent,
    extent_options,
    filter_options,
)
from enkash_async.cli.running import EXIT_STATUSES, Status, diagnostic_options, run_job
from enkash_async.cli.words import say_lines
from enkash_async.sandbox.command import run as run_sandbox


def run() -> int:
    """Run the command of `sys.argv` and return its exit status."""
    try:
        # Not in click's own way, which ends Ctrl-C and a closed pipe with status 1.
        status = cli.main(prog_name="enkash-async", standalone_mode=False)
    except click.Abort:
        return Status.INTERRUPTED
    except click.ClickException as error:
        _show(error)
        return error.exit_code
    return int(status or 0)


def _show(error: click.ClickException) -> None:
    # What stands in its text may have come from the name of a file.
    shown = io.StringIO()
    error.show(shown)
    say_lines(shown.getvalue())


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_STATUSES,
)
@click.version_option(__version__)
def cli() -> None:
    """Read the customers of EnKash Accounts Receivable."""


@cli.group(cls=Group)
def customers() -> None:
    """Export, count and look up customers."""


concurrency_option = click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Requests in flight at most.",
)

layout_options = gathered(
    Layout,
    "layout",
    click.option(
        "-o",
        "--output",
        default="-",
        show_default=True,
        metavar="FILE",
        type=click.Path(allow_dash=True),
        help="File that appears under its name when it is COMPLETE or CHANGED; - is stdout. Its"
        " name says the form: .jsonl, .csv or .parquet, and .gz or .zst after it. With / at its"
        " end, a folder of parts.",
    ),
    click.option(
        "--parts",
        type=click.IntRange(1, 2**31 - 1),
        metavar="ROWS",
        help="Write a folder of files with so many rows each.  [default for a folder: 250000]",
    ),
    click.option(
        "--format",
        type=click.Choice(["jsonl", "csv", "parquet"]),
        help="Where the name does not say it.",
    ),
    click.option(
        "--compression",
        type=click.Choice(["none", "gzip", "zstd"]),
        help="Likewise. Parquet compresses its columns, by zstd unless given.",
    ),
    click.option("--columns", metavar="NAMES", multiple=True, help="Only these, with commas."),
    click.option(
        "--mask",
        metavar="NAMES",
        multiple=True,
        help="Columns to write as ***, with commas; personal stands for all with personal or bank"
        " data. Records that cannot be written are kept whole in --bad-records, not masked.",
    ),
    click.option("--rename", metavar="OLD=NEW", multiple=True, help="Another name for a column."),
    click.option("--csv-bom", is_flag=True, help="CSV: begin with a mark that Excel looks for."),
    click.option(
        "--csv-raw", is_flag=True, help="CSV: leave cells that a spreadsheet would run as they are."
    ),
    click.option("--csv-flat", is_flag=True, help="CSV: leave out columns that hold lists."),
    click.option(
        "--bad-records",
        metavar="FILE",
        help="Where records are kept that cannot be written.  [default: the output's name and"
        " .bad.jsonl]",
    ),
    click.option(
        "--resume",
        is_flag=True,
        help="Go on where an earlier run of the same command broke off, if it left anything.",
    ),
    click.option(
        "--keep-incomplete", is_flag=True, help="Give the file its name although INCOMPLETE."
    ),
)

ExportCommand = headed(
    Which_customers=FILTER_NAMES,
    How_they_are_read=EXTENT_NAMES,
    What_is_written=(
        "output parts format compression columns mask rename csv_bom csv_raw csv_flat bad_records"
        " resume keep_incomplete"
    ),
    Which_service=CONNECTION_NAMES,
)

EXAMPLES = """\b
Examples:
  enkash-async customers export --sandbox -o customers.jsonl
  enkash-async customers export -o customers.csv.gz --resume --quiet
  enkash-async customers export -o active.parquet --mask personal
  enkash-async customers export -o customers.parquet/ --parts 500000
  enkash-async customers export --filter-file filter.json | head -n 1
"""


@customers.command(cls=ExportCommand, epilog=EXAMPLES + "\n" + EXIT_STATUSES)
@layout_options
@extent_options
@concurrency_option
@filter_options
@connection_options
@click.option("--quiet", is_flag=True, help="No progress and no summary; errors only.")
@click.option(
    "--json",
    "json_report",
    is_flag=False,
    flag_value="-",
    metavar="[FILE]",
    help="Write an account as one line of JSON in the end, to stderr unless a file is given.",
)
@diagnostic_options
def export(
    *,
    layout: Layout,
    extent: Extent,
    concurrency: int,
    criteria: CustomerFilter,
    connection: Connection,
    quiet: bool,
    json_report: str | None,
    debug: bool,
) -> int:
    """Write every customer to a file: JSON Lines as the service sent them, CSV or Parquet.

    The file holds personal and bank data, and only you can read it. It grows as FILE.part, and
    gets its name when it is whole; what was there before stays until then. What ends the command
    leaves what came, and the last line says how to go on. Ctrl-C once finishes the page that is
    being read.

    A summary on stderr says whether anything is missing. Records that cannot be written are named
    there, and kept aside.
    """
    checked(layout, json_report)
    job = Export(
        connection=connection,
        criteria=criteria,
        extent=extent,
        layout=layout,
        concurrency=concurrency,
        quiet=quiet,
        json=json_report,
    )
    # What went to a stream cannot be gone on with, so that nothing is won by waiting for a page.
    return run_job(job.run, debug=debug, hint=None if layout.output == "-" else job.hint)


LookupCommand = headed(Which_customers=FILTER_NAMES, Which_service=CONNECTION_NAMES)


@customers.command(cls=LookupCommand)
@filter_options
@connection_options
@diagnostic_options
def count(*, criteria: CustomerFilter, connection: Connection, debug: bool) -> int:
    """Print how many customers there are, by the service's own count."""
    return run_job(partial(print_count, connection, criteria), debug=debug)


@customers.command(cls=LookupCommand)
@click.argument("customer_id")
@connection_options
@diagnostic_options
def get(*, customer_id: str, connection: Connection, debug: bool) -> int:
    """Print one customer as JSON, as the service sent it."""
    return run_job(partial(print_record, connection, customer_id), debug=debug)


@customers.command(cls=LookupCommand)
@click.option(
    "--max-records",
    type=click.IntRange(1, 2**31 - 1),
    default=50_000,
    show_default=True,
    help="Customers of one window at most.",
)
@filter_options
@connection_options
@diagnostic_options
def windows(
    *, max_records: int, criteria: CustomerFilter, connection: Connection, debug: bool
) -> int:
    """Print filters that divide the customers among several machines, one a line.

    Each line is a filter for --filter-file, and together they match each customer once. Divide
    --concurrency among the machines: they share no limit.
    """
    return run_job(partial(print_windows, connection, criteria, max_records), debug=debug)


ExplainCommand = headed(
    Which_customers=FILTER_NAMES, How_they_are_read=EXTENT_NAMES, Which_service=CONNECTION_NAMES
)


@customers.command(cls=ExplainCommand)
@extent_options
@concurrency_option
@filter_options
@connection_options
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@diagnostic_options
def explain(
    *,
    extent: Extent,
    concurrency: int,
    criteria: CustomerFilter,
    connection: Connection,
    as_json: bool,
    debug: bool,
) -> int:
    """Print what an export would ask for, after a few counts and one page; write nothing.

    The numbers are estimates: of requests, windows, bytes and time. What the counts and the page
    showed of the service is named, too.
    """
    job: Any = partial(explain_export, connection, criteria, extent, concurrency, as_json)
    return run_job(job, debug=debug)


@cli.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True},
    options_metavar="[OPTIONS; --help lists them]",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="")
def sandbox(*, arguments: tuple[str, ...]) -> int:
    """Serve invented customers until Ctrl-C."""
    return run_sandbox(arguments, prog="enkash-async sandbox")


cli.add_command(completion)
