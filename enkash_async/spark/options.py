"""What `.option(...)` says about a reading, checked. No I/O, and nothing secret."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import attrs

from enkash_async.customers.filters import CustomerFilter

T = TypeVar("T")

MIN_LAG = 2.0


@attrs.frozen(kw_only=True)
class SourceOptions:
    """The options of the source.

    Credentials are never options, since options travel with the plan: *variables* is how the names
    of the environment variables begin that hold them, on the driver and on each executor, and
    *auth* names a function, as `module:function`, that returns them from elsewhere.
    """

    base_url: str | None = None
    variables: str = "ENKASH_"
    auth: str | None = None
    created_on_from: datetime | None = None
    created_on_to: datetime | None = None
    customer_status: str | None = None
    max_concurrency: int = 8
    """Requests in flight, over all tasks."""
    max_rate: float | None = None
    """Requests a second, over all tasks."""
    page_size: int = 1000
    partition_records: int = 100_000
    """The most customers of a window; a task reads one or more."""
    pushdown: bool = False
    """Whether filters on `created_on` narrow what is asked for; Spark must be told too."""
    lag: float = 60.0
    """Seconds that a stream stays behind the clock."""

    @property
    def filter(self) -> CustomerFilter:
        """Return which customers are asked for."""
        return CustomerFilter(
            created_on_from=self.created_on_from,
            created_on_to=self.created_on_to,
            customer_status=self.customer_status,
        )

    @property
    def behind(self) -> timedelta:
        """Return how far a stream stays behind the clock."""
        return timedelta(seconds=self.lag)


def read_options(given: Mapping[str, str]) -> SourceOptions:
    """Return the options that Spark was *given*; ValueError names one that is wrong or unknown."""
    values = dict[str, object]()
    for name, text in given.items():
        field = _NAMES.get(name.lower())
        if field is None:
            # Spark's own, such as `path`, come in the same map.
            if name.lower() in _OF_SPARK:
                continue
            raise ValueError(
                f"the source enkash has no option {name!r}; there are {', '.join(_SPELLINGS)}."
                " Credentials are no options: set ENKASH_ variables on driver and executors"
            )
        try:
            values[field] = _READ.get(field, str)(text)
        except ValueError as error:
            raise ValueError(f"the option {name} of the source enkash {error}") from None
    return SourceOptions(**values)  # type: ignore[arg-type]


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise ValueError(f"must be a whole number of at least 1, not {text!r}")
    return int(text)


def _number(least: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or number < least:
            raise ValueError(f"must be a number of at least {least}, not {text!r}")
        return number

    return read


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"must be true or false, not {text!r}")
    return text.lower() == "true"


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"must be an ISO date or time, not {text!r}") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


_READ: dict[str, Callable[[str], object]] = {
    "created_on_from": _moment,
    "created_on_to": _moment,
    "max_concurrency": _whole,
    "max_rate": _number(0.001),
    "page_size": _whole,
    "partition_records": _whole,
    "pushdown": _flag,
    "lag": _number(MIN_LAG),
}

_OF_SPARK = {"path", "paths", "__paths__", "header"}


def _spelling(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))


_FIELDS = [field.name for field in attrs.fields(SourceOptions)]
_SPELLINGS = [*map(_spelling, _FIELDS)]
_NAMES = {_spelling(name).lower(): name for name in _FIELDS}
