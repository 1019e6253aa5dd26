"""The commands and their help."""

from __future__ import annotations

from functools import partial

import click

from enkash_async import CustomerFilter, __version__
from enkash_async.cli.connection import Connection, connection_options
from enkash_async.cli.export import Export
from enkash_async.cli.lookup import print_count, print_record
from enkash_async.cli.options import FILTER_NOTE, Extent, extent_options, filter_options
from enkash_async.cli.running import EXIT_STATUSES, Status, debug_option, run_job
from enkash_async.sandbox.command import run as run_sandbox


def run() -> int:
    """Run the command of `sys.argv` and return its exit status."""
    try:
        # Not in click's own way, which ends Ctrl-C and a closed pipe with status 1.
        status = cli.main(prog_name="enkash-async", standalone_mode=False)
    except click.Abort:
        return Status.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return int(status or 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_STATUSES)
@click.version_option(__version__)
def cli() -> None:
    """Read the customers of EnKash Accounts Receivable."""


@cli.group()
def customers() -> None:
    """Export, count and look up customers."""


@customers.command(epilog=FILTER_NOTE + "\n" + EXIT_STATUSES)
@click.option(
    "-o",
    "--output",
    default="-",
    show_default=True,
    type=click.Path(dir_okay=False, allow_dash=True),
    help="File that appears under its name when it is complete or CHANGED; - is stdout.",
)
@click.option("--quiet", is_flag=True, help="No progress bar and no summary.")
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Requests in flight at most.",
)
@extent_options
@filter_options
@connection_options
@debug_option
def export(
    *,
    output: str,
    quiet: bool,
    concurrency: int,
    extent: Extent,
    criteria: CustomerFilter,
    connection: Connection,
    debug: bool,
) -> int:
    """Write every customer as one line of JSON, as the service sent it.

    A summary on stderr says whether anything is missing. Of an INCOMPLETE read the file keeps
    the temporary name that is printed then; a failed one leaves no file.
    """
    job = Export(
        connection=connection,
        criteria=criteria,
        extent=extent,
        concurrency=concurrency,
        output=output,
        quiet=quiet,
    )
    return run_job(job.run, debug=debug)


@customers.command(epilog=FILTER_NOTE)
@filter_options
@connection_options
@debug_option
def count(*, criteria: CustomerFilter, connection: Connection, debug: bool) -> int:
    """Print how many customers there are, by the service's own count."""
    return run_job(partial(print_count, connection, criteria), debug=debug)


@customers.command()
@click.argument("customer_id")
@connection_options
@debug_option
def get(*, customer_id: str, connection: Connection, debug: bool) -> int:
    """Print one customer as JSON, as the service sent it."""
    return run_job(partial(print_record, connection, customer_id), debug=debug)


@cli.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True},
    options_metavar="[OPTIONS; --help lists them]",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="")
def sandbox(*, arguments: tuple[str, ...]) -> int:
    """Serve invented customers until Ctrl-C."""
    return run_sandbox(arguments, prog="enkash-async sandbox")
