"""Options that say which customers to read, in which order, and how many."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, time
from typing import Any

import attrs
import click

from enkash_async import CustomerFilter, CustomerLevel, CustomerStatus, Direction
from enkash_async.cli.gathering import choice, gathered


def _instant(ctx: click.Context, param: click.Parameter, text: str | None) -> datetime | None:
    """Return the aware datetime that *text* spells; a bare date is midnight UTC."""
    if text is None:
        return None
    with contextlib.suppress(ValueError):
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no ISO date or time") from None
    if instant.tzinfo is None:
        raise click.BadParameter(f"{text!r} has no zone; add one, such as Z or +05:30")
    return instant


def _customer_filter(
    customer_status: str | None,
    level: str | None,
    created_on_from: datetime | None,
    created_on_to: datetime | None,
    company_id: str | None,
    parent_company_id: str | None,
    legal_name: str | None,
) -> CustomerFilter:
    return CustomerFilter(
        customer_status=customer_status,
        level=level,
        created_on_from=created_on_from,
        created_on_to=created_on_to,
        company_id=company_id,
        parent_company_id=parent_company_id,
        legal_name=legal_name,
    )


filter_options = gathered(
    _customer_filter,
    "criteria",
    click.option("--status", "customer_status", type=choice(CustomerStatus)),
    click.option("--level", type=choice(CustomerLevel)),
    click.option(
        "--created-from",
        "created_on_from",
        metavar="WHEN",
        callback=_instant,
        help="ISO time with a zone, or a date, which means midnight UTC.",
    ),
    click.option(
        "--created-to", "created_on_to", metavar="WHEN", callback=_instant, help="Likewise."
    ),
    click.option("--company-id", metavar="ID"),
    click.option("--parent-company-id", metavar="ID"),
    click.option("--legal-name", metavar="NAME"),
)

FILTER_NOTE = """
There is no option to filter by phone, PAN, GSTIN or bank account: everybody on this machine can
read the arguments of a process. Use CustomerFilter in Python for that.
"""


@attrs.frozen(kw_only=True)
class Extent:
    """How to read the list, and how much of it."""

    order_by: str | None
    direction: str | None
    page_size: int | None
    max_records: int | None
    strict: bool

    def as_arguments(self) -> dict[str, Any]:
        """Return the arguments of a search that reads so."""
        return attrs.asdict(self)


extent_options = gathered(
    Extent,
    "extent",
    click.option(
        "--order-by",
        metavar="NAME",
        help="Field that does not change while the list is read, such as createdOn.",
    ),
    click.option("--direction", type=choice(Direction)),
    click.option("--page-size", type=click.IntRange(1, 5000), help="Records asked for at once."),
    click.option(
        "--max-records", type=click.IntRange(1, 2**31 - 1), help="Stop after so many records."
    ),
    click.option("--strict", is_flag=True, help="Fail on any verdict but COMPLETE."),
)
