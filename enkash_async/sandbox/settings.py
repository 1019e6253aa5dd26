"""Everything that can be set about a sandbox. No I/O."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Literal

import attrs

from enkash_async.sandbox.faults import FaultScript
from enkash_async.sandbox.faults.script import as_script
from enkash_async.sandbox.keywords import keywords_named
from enkash_async.sandbox.knobs import KNOB, Day, Flag, Knob, OneOf, Seconds, Text, Whole

OffsetUnit = Literal["rows", "pages"]
FirstOffset = Literal[0, 1]
PastEnd = Literal["empty", "last_page"]
CountStyle = Literal[
    "total", "page", "missing", "null", "plus_one", "minus_one", "text", "fraction", "huge"
]
SuccessError = Literal["null", "missing", "text", "list", "nulls"]
TokenLifeStyle = Literal["number", "text", "fraction", "missing"]
DateStyle = Literal[
    "iso_z", "iso_offset", "iso_compact_offset", "blank", "compact", "epoch_ms", "epoch_s"
]
SuccessCode = Literal[0, 200] | None
ErrorStatus = Literal["http", "ok"]
TokenSpelling = Literal["snake", "camel"]
CreatedOnBounds = Literal["inclusive", "half_open", "exclusive"]
ClockResolution = Literal["ms", "s"]
Spread = Literal["even", "rising", "bulk"]

MAX_LIMIT = 5000

_FIRST_DAY = date(10, 1, 1)
"""Customers were created up to five years before, and no time is before year 1."""

_NO_FAULTS = FaultScript()


def _today() -> date:
    return datetime.now(UTC).date()


@keywords_named
@attrs.frozen(kw_only=True)
class SandboxSettings:
    """What a sandbox holds and how it answers what the documentation leaves open.

    Most knobs stand for an open question about the service; their defaults are no claim about it.
    Raises TypeError or ValueError for a value that a knob cannot have.
    """

    rows: int = attrs.field(
        default=25_000, metadata={KNOB: Whole("invented customers to start with")}
    )
    seed: int = attrs.field(default=1, metadata={KNOB: Whole("same seed, rows and day, same data")})
    until: date = attrs.field(
        factory=_today,
        metadata={
            KNOB: Day("day (UTC) on whose eve the newest customer was created", at_least=_FIRST_DAY)
        },
    )
    extremes: bool = attrs.field(
        default=False,
        metadata={KNOB: Flag("some amounts no float can hold, and some awkward names")},
    )
    host: str = attrs.field(default="127.0.0.1", metadata={KNOB: Text("address to listen on")})
    port: int = attrs.field(
        default=0, metadata={KNOB: Whole("port to listen on; 0 takes a free one", at_most=65_535)}
    )

    tls: bool = attrs.field(
        default=False,
        metadata={KNOB: Flag("serve https, with a certificate that the program openssl makes")},
    )
    ca_file: str = attrs.field(
        default="",
        metadata={KNOB: Text("where to write the certificate to trust; a temporary file if empty")},
    )
    access_log: bool = attrs.field(
        default=False, metadata={KNOB: Flag("log each request to the logger enkash_async.sandbox")}
    )

    page_cap: int | None = attrs.field(
        default=None,
        metadata={KNOB: Whole("silently cap every limit at this", at_least=1, optional=True)},
    )
    default_limit: int = attrs.field(
        default=100,
        metadata={KNOB: Whole("limit of a request without one", at_least=1, at_most=MAX_LIMIT)},
    )
    offset_unit: OffsetUnit = attrs.field(
        default="rows", metadata={KNOB: OneOf(OffsetUnit, "what an offset counts")}
    )
    first_offset: FirstOffset = attrs.field(
        default=0, metadata={KNOB: OneOf(FirstOffset, "offset of the first row or page")}
    )
    past_end: PastEnd = attrs.field(
        default="empty", metadata={KNOB: OneOf(PastEnd, "answer to an offset past the end")}
    )
    ignore_offset: bool = attrs.field(
        default=False, metadata={KNOB: Flag("answer every request with the first page")}
    )
    count_style: CountStyle = attrs.field(
        default="total", metadata={KNOB: OneOf(CountStyle, "what recordsCount says")}
    )
    unstable_order: bool = attrs.field(
        default=False, metadata={KNOB: Flag("without orderBy, another order for every request")}
    )

    date_style: DateStyle = attrs.field(
        default="iso_z", metadata={KNOB: OneOf(DateStyle, "how dates are written in answers")}
    )
    created_on_bounds: CreatedOnBounds = attrs.field(
        default="inclusive",
        metadata={KNOB: OneOf(CreatedOnBounds, "which ends createdOnFrom and createdOnTo include")},
    )
    clock_resolution: ClockResolution = attrs.field(
        default="ms", metadata={KNOB: OneOf(ClockResolution, "precision of createdOn")}
    )
    spread: Spread = attrs.field(
        default="even",
        metadata={
            KNOB: OneOf(Spread, "createdOn over the years; bulk: three rows in ten at one instant")
        },
    )
    rows_without_created_on: int = attrs.field(
        default=0, metadata={KNOB: Whole("so many of the rows have createdOn null")}
    )

    success_code: SuccessCode = attrs.field(
        default=0,
        metadata={KNOB: OneOf(SuccessCode, "response_code of a success; none leaves it out")},
    )
    success_message: str = attrs.field(
        default="SUCCESS", metadata={KNOB: Text("response_message of a success")}
    )
    success_error: SuccessError = attrs.field(
        default="null", metadata={KNOB: OneOf(SuccessError, "errorResponse of a success")}
    )
    error_status: ErrorStatus = attrs.field(
        default="http",
        metadata={KNOB: OneOf(ErrorStatus, "ok: errors of a search come inside HTTP 200")},
    )
    token_spelling: TokenSpelling = attrs.field(
        default="snake", metadata={KNOB: OneOf(TokenSpelling, "field names in token answers")}
    )
    token_life: int = attrs.field(
        default=86_399, metadata={KNOB: Whole("seconds until an issued token expires")}
    )
    token_life_style: TokenLifeStyle = attrs.field(
        default="number", metadata={KNOB: OneOf(TokenLifeStyle, "how expires_in is written")}
    )
    lock_out: bool = attrs.field(
        default=True, metadata={KNOB: Flag("lock the account after three wrong logins in a row")}
    )
    latency: float = attrs.field(
        default=0.0, metadata={KNOB: Seconds("how much longer every search takes")}
    )
    gzip: bool = attrs.field(
        default=False, metadata={KNOB: Flag("compress pages for clients that accept it")}
    )

    faults: FaultScript = attrs.field(default=_NO_FAULTS, converter=as_script)
    """What goes wrong on purpose, or the text of it; `sandbox.faults` can be set while it runs."""

    clock: Callable[[], float] = attrs.field(default=time.monotonic, repr=False, eq=False)
    """Tells issued tokens how much time has passed."""

    def __attrs_post_init__(self) -> None:
        for name, knob in knobs().items():
            knob.check(name, getattr(self, name))
        if self.rows_without_created_on > self.rows:
            raise ValueError(
                f"rows_without_created_on ({self.rows_without_created_on}) "
                f"must not exceed rows ({self.rows})"
            )

    @property
    def tick(self) -> int:
        """The milliseconds between two instants that createdOn can tell apart."""
        return 1000 if self.clock_resolution == "s" else 1


def knobs() -> dict[str, Knob]:
    """Return the knobs of `SandboxSettings` by name."""
    fields = attrs.fields(SandboxSettings)
    return {field.name: field.metadata[KNOB] for field in fields if KNOB in field.metadata}
