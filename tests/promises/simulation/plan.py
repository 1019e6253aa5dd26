"""What one run does, as values: what a seed draws, what shrinking takes apart, what is printed."""

from __future__ import annotations

from typing import Any, Literal

import attrs

Count = Literal["total", "page", "missing", "huge"]
PastEnd = Literal["empty", "last_page", "error"]
Bounds = Literal["inclusive", "half_open", "exclusive"]
Spread = Literal["even", "rising", "bulk"]
View = Literal["records", "pages", "raw_pages", "arrow_batches"]
Where = Literal["search", "token"]

FaultKind = Literal[
    "no_connection",
    "refused_connection",
    "disconnected",
    "silent",
    "stall",
    "broken_off",
    "trickle",
    "slow",
    "cut_json",
    "garbage",
    "html",
    "empty",
    "wrong_gzip",
    "error_in_200",
    "http_error",
    "rate_limit",
    "expire_tokens",
    "bad_record",
    "nothing_found",
    "no_content",
    "odd",
    "refuse_login",
    "short_life",
]

Leaving = Literal[
    "never",
    "break",
    "drop",
    "raise",
    "cancel_task",
    "cancel_reads",
    "close_search",
    "close_session",
]


@attrs.frozen(kw_only=True)
class World:
    """The service: its list, and all that its documentation leaves open."""

    rows: int = 30
    cap: int | None = None
    count: Count = "total"
    count_limit: int | None = None
    """The largest `recordsCount`, as some search engines have one."""
    unit: Literal["rows", "pages"] = "rows"
    first_offset: int = 0
    past_end: PastEnd = "empty"
    newest_first: bool = False
    bounds: Bounds = "inclusive"
    spread: Spread = "even"
    undated: int = 0
    ignored: Literal["neither", "begin", "end", "both"] = "neither"
    """Which bounds of the time are not looked at."""
    ends_by_bytes: bool = False
    """Pages are shorter than asked for, each by another number of rows."""
    gzip: bool = False
    success_code: int | None = 0
    latency: float = 0.0
    """Seconds that an answer takes at most; each takes a share of it."""
    life: int | None = None
    """Seconds for which a token is good; None stands for one that never ends, without a login."""
    odd: str | None = None
    """How all answers are written, of `odd.ODD`."""
    numbers: str = "plain"
    """How counts and lives are written, of `odd.NUMBERS`."""
    times: str = "z"
    """How times are written, of `odd.TIMES`."""


@attrs.frozen(kw_only=True)
class Settings:
    """How the session is opened."""

    max_concurrency: int = 4
    prefetch_bytes: int = 2**20
    attempts: int = 4
    quota: int | None = 500
    max_retry_after: float = 60.0
    patience: float = 1.0
    """A factor: 1 stands for the timeouts of the defaults."""
    adaptive: bool = True


@attrs.frozen
class Fault:
    """From the request numbered *at* on, as *many* go wrong. *amount* is the kind's own."""

    at: int
    kind: FaultKind
    amount: Any = None
    many: int = 1
    on: Where = "search"


@attrs.frozen
class Change:
    """When request *at* arrives, *many* rows come or go at a *place* from 0 to 1 of the list.

    Or they are touched: their `modifiedOn` is now.
    """

    at: int
    what: Literal["insert", "delete", "touch"]
    place: float
    many: int = 1


@attrs.frozen(kw_only=True)
class Leg:
    """One search of a reader and how it is left: *after* so many records, and *delay* seconds."""

    view: View = "records"
    page_size: int = 10
    first: bool = False
    leaving: Leaving = "never"
    after: int = 0
    delay: float = 0.0
    pause: float = 0.0
    """Seconds that the caller takes over each record or page."""


@attrs.frozen(kw_only=True)
class Reader:
    """A task that reads the list once, in as many legs as it takes."""

    crawls: bool = False
    order_by: str | None = None
    direction: str | None = None
    offset: int = 0
    max_records: int | None = None
    sets_aside: bool = False
    legs: tuple[Leg, ...] = ()
    last: Leg = attrs.field(factory=Leg)
    """How it reads on when nothing goes wrong any more."""
    starts: float = 0.0


@attrs.frozen(kw_only=True)
class Plan:
    """All that one run does. *chance* decides what is left: orders, shares of the latency."""

    chance: int = 0
    disorder: float = 0.0
    """How often another callback than the oldest of the loop runs next."""
    world: World = attrs.field(factory=World)
    settings: Settings = attrs.field(factory=Settings)
    faults: tuple[Fault, ...] = ()
    changes: tuple[Change, ...] = ()
    readers: tuple[Reader, ...] = (Reader(),)
    new_session_at_end: bool = False
    piece: int | None = None
    """Bytes of an answer that the client cuts off at once; None for its own number."""

    @property
    def crawls(self) -> bool:
        """Say whether any reader reads by windows of time."""
        return any(reader.crawls for reader in self.readers)

    def sizes(self) -> list[int]:
        """Return all page sizes that are asked for."""
        return [leg.page_size for reader in self.readers for leg in (*reader.legs, reader.last)]

    def bare(self) -> str:
        """Return the text of the plan without what is as it is by default."""
        return _bare(self)


def _bare(value: Any) -> str:
    if isinstance(value, tuple):
        inside = ", ".join(map(_bare, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if not attrs.has(type(value)):
        return repr(value)
    default = _defaults(type(value))
    parts = [
        f"{field.name}={_bare(given)}"
        for field in attrs.fields(type(value))
        if (given := getattr(value, field.name)) != default.get(field.name, attrs.NOTHING)
    ]
    return f"{type(value).__name__}({', '.join(parts)})"


def _defaults(kind: type[Any]) -> dict[str, Any]:
    return {
        field.name: field.default.factory()
        if isinstance(field.default, attrs.Factory)  # type: ignore[arg-type]
        else field.default
        for field in attrs.fields(kind)
    }
