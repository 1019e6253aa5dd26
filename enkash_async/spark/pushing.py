"""Filters of a query that narrow what is asked for. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from enkash_async.customers.filters import CustomerFilter

MARGIN = timedelta(seconds=1)
"""How much further than a span is asked: it is not known which ends the service includes."""

LOWER = {"GreaterThan", "GreaterThanOrEqual", "EqualTo", "EqualNullSafe"}
UPPER = {"LessThan", "LessThanOrEqual", "EqualTo", "EqualNullSafe"}


def narrowed_by(criteria: CustomerFilter, filters: Iterable[Any]) -> CustomerFilter:
    """Return *criteria* that match at least what passes all of Spark's *filters* on created_on."""
    begin, end = criteria.created_on_from, criteria.created_on_to
    for one in filters:
        moment = getattr(one, "value", None)
        if getattr(one, "attribute", None) != ("created_on",) or not isinstance(moment, datetime):
            continue
        moment = moment.astimezone(UTC)
        kind = type(one).__name__
        # A bound that is a day stays: what is no instant until a session reads it, it decides.
        if kind in LOWER and (begin is None or isinstance(begin, datetime)):
            begin = max(moment - MARGIN, begin or moment - MARGIN)
        if kind in UPPER and (end is None or isinstance(end, datetime)):
            end = min(moment + MARGIN, end or moment + MARGIN)
    if isinstance(begin, datetime) and isinstance(end, datetime) and begin > end:
        # Nothing passes, as Spark will find by itself.
        return criteria
    return attrs.evolve(criteria, created_on_from=begin, created_on_to=end)
