"""Options that say which customers to read, in which order, and how many."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import attrs
import click

from enkash_async import CustomerFilter, CustomerLevel, CustomerStatus, Direction
from enkash_async.cli.filter_file import read_filter
from enkash_async.cli.gathering import choice, gathered
from enkash_async.cli.times import time_of


def _time(ctx: click.Context, param: click.Parameter, text: str | None) -> date | None:
    try:
        return None if text is None else time_of(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _amount(ctx: click.Context, param: click.Parameter, text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        raise click.BadParameter(f"{text!r} is no amount") from None


def _filter(
    customer_status: str | None,
    level: str | None,
    created_on_from: date | None,
    created_on_to: date | None,
    modified_on: date | None,
    company_id: str | None,
    parent_company_id: str | None,
    unique_ref_no: str | None,
    customer_ids: tuple[str, ...],
    balance_amount: Decimal | None,
    dso_from: int | None,
    dso_to: int | None,
    select_all: bool | None,
    filter_file: str | None,
) -> CustomerFilter:
    given = {
        "customer_status": customer_status,
        "level": level,
        "created_on_from": created_on_from,
        "created_on_to": created_on_to,
        "modified_on": modified_on,
        "company_id": company_id,
        "parent_company_id": parent_company_id,
        "unique_ref_no": unique_ref_no,
        "customer_ids": customer_ids or None,
        "balance_amount": balance_amount,
        "dso_from": dso_from,
        "dso_to": dso_to,
        "select_all": select_all,
    }
    fields: dict[str, Any] = {} if filter_file is None else read_filter(filter_file)
    for name, value in given.items():
        if value is None:
            continue
        if name in fields:
            raise ValueError(f"{name} is given as an option and in {filter_file}")
        fields[name] = value
    return CustomerFilter(**fields)


filter_options = gathered(
    _filter,
    "criteria",
    click.option("--status", "customer_status", type=choice(CustomerStatus)),
    click.option("--level", type=choice(CustomerLevel)),
    click.option(
        "--created-from",
        "created_on_from",
        metavar="WHEN",
        callback=_time,
        help="ISO time with a zone, or a date, which means its first instant in UTC.",
    ),
    click.option(
        "--created-to",
        "created_on_to",
        metavar="WHEN",
        callback=_time,
        help="Likewise, but a date means its last instant: the day counts as a whole.",
    ),
    click.option(
        "--modified-on",
        metavar="WHEN",
        callback=_time,
        help="ISO time with a zone, or a date, which means its first instant in UTC.",
    ),
    click.option("--company-id", metavar="ID"),
    click.option("--parent-company-id", metavar="ID"),
    click.option("--unique-ref-no", metavar="TEXT"),
    click.option(
        "--customer-id",
        "customer_ids",
        metavar="ID",
        multiple=True,
        help="May be given more than once.",
    ),
    click.option("--balance-amount", metavar="AMOUNT", callback=_amount),
    click.option("--dso-from", type=int, metavar="N"),
    click.option("--dso-to", type=int, metavar="N"),
    click.option("--select-all/--no-select-all", "select_all", default=None),
    click.option(
        "--filter-file",
        metavar="FILE",
        help="More fields of the filter, as JSON or TOML; - is stdin. For personal and bank data:"
        " everybody on this machine can read the arguments of a process.",
    ),
)

FILTER_NAMES = (
    "customer_status level created_on_from created_on_to modified_on company_id parent_company_id"
    " unique_ref_no customer_ids balance_amount dso_from dso_to select_all filter_file"
)
"""The options of a filter, by name."""


@attrs.frozen
class Extent:
    """How to read the list, and how much of it."""

    method: Any
    order_by: str | None
    direction: str | None
    page_size: int | None
    max_records: int | None
    strict: bool


extent_options = gathered(
    Extent,
    "extent",
    click.option(
        "--method",
        type=click.Choice(["crawl", "search"]),
        help="crawl: by windows of createdOn, proven by their counts; search: page by page."
        "  [default: crawl, where a few counts show that it serves]",
    ),
    click.option(
        "--order-by",
        metavar="NAME",
        help="Field that does not change while the list is read, such as createdOn; reads by"
        " search.",
    ),
    click.option("--direction", type=choice(Direction)),
    click.option("--page-size", type=click.IntRange(1, 5000), help="Records asked for at once."),
    click.option(
        "--max-records", type=click.IntRange(1, 2**31 - 1), help="Stop after so many records."
    ),
    click.option("--strict", is_flag=True, help="Take CHANGED for a failure, too."),
)

EXTENT_NAMES = "method order_by direction page_size max_records strict concurrency"
