"""What one crawl of the chaos run does, drawn from its number. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Any, Literal, get_args

import attrs

from enkash_async.sandbox import Fault, FaultScript, SandboxSettings, faults
from enkash_async.sandbox.faults.answers import ErrorType, RetryAfterForm
from enkash_async.sandbox.faults.oddities import OddForm

View = Literal["records", "pages", "raw_pages"]
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

BODY_MEGABYTES = 16
"""The bound of a session: above a page of 5,000 rows, below a body that is too large."""

ERROR_TYPES: tuple[ErrorType, ...] = get_args(ErrorType)

LYING = frozenset({"duplicate_rows", "reorder_rows"})
"""Faults against which there is no guarantee: docs/guarantees.md, where an assumption is broken."""

STALLING = frozenset({"stall", "stall_inside"})

CHANGING = frozenset({"insert_rows", "delete_rows"})

Draw = Callable[[Random], faults.Kind]

DRAWS: Mapping[str, Draw] = MappingProxyType(
    {
        "latency": lambda r: faults.Latency(r.uniform(0, 0.02), jitter=r.uniform(0, 0.05)),
        "stall": lambda r: faults.Stall(r.choice([None, 0.05])),
        "stall_inside": lambda r: faults.StallInside(r.choice([None, 0.05])),
        "trickle": lambda r: faults.Trickle(r.randint(2, 10), seconds=0.005),
        "reset": lambda r: faults.Reset(),
        "reset_inside": lambda r: faults.ResetInside(),
        "close_after": lambda r: faults.CloseAfter(),
        "truncate": lambda r: faults.Truncate(),
        "broken_json": lambda r: faults.BrokenJson(),
        "garbage": lambda r: faults.Garbage(),
        "html": lambda r: faults.Html(),
        "empty": lambda r: faults.Empty(),
        "content_type": lambda r: faults.ContentType(),
        "error": lambda r: faults.Error(r.choice(ERROR_TYPES), r.choice([None, 200])),
        "bare_failure": lambda r: faults.BareFailure(),
        "http_error": lambda r: faults.HttpError(
            r.choice([407, 408, 421, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529, 530])
        ),
        "rate_limit": lambda r: faults.RateLimit(
            r.choice([None, 0, 0.02, 0.1, 600]), r.choice(get_args(RetryAfterForm))
        ),
        "odd_answer": lambda r: faults.OddAnswer(r.choice(get_args(OddForm))),
        "no_content": lambda r: faults.NoContent(r.choice([204, 205])),
        "redirect": lambda r: faults.Redirect(),
        "ceiling": lambda r: faults.Ceiling(r.randint(0, 5000)),
        "huge_body": lambda r: faults.HugeBody(BODY_MEGABYTES + 1),
        "gzip_bomb": lambda r: faults.GzipBomb(BODY_MEGABYTES + 1),
        "expire_tokens": lambda r: faults.ExpireTokens(),
        "lock_out": lambda r: faults.LockOut(),
        "insert_rows": lambda r: faults.InsertRows(r.randint(1, 20), _place(r)),
        "delete_rows": lambda r: faults.DeleteRows(r.randint(1, 20), _place(r)),
        "duplicate_rows": lambda r: faults.DuplicateRows(r.randint(1, 3)),
        "reorder_rows": lambda r: faults.ReorderRows(),
        "bad_record": lambda r: faults.BadRecord(),
    }
)
"""How the severity of each kind of fault is drawn."""


@attrs.frozen(kw_only=True)
class Leg:
    """One search of a crawl, and how it is left; the next one goes on where it ended.

    *share* says when: after this share of the list. *delay* is how long after that in seconds.
    """

    view: View
    page_size: int
    first: bool
    companion: bool
    new_session: bool
    leaving: Leaving
    share: float
    delay: float


@attrs.frozen(kw_only=True)
class Plan:
    """Everything that one crawl does."""

    settings: SandboxSettings
    session: Mapping[str, Any]
    log_in: bool
    by_windows: bool
    query: Mapping[str, Any]
    set_aside: bool
    legs: tuple[Leg, ...]

    @property
    def kinds(self) -> set[str]:
        return {fault.kind.name for fault in self.settings.faults.faults}

    @property
    def is_guaranteed(self) -> bool:
        """Say whether the assumptions of docs/guarantees.md hold, so that nothing may be lost."""
        wrong_count = self.settings.count_style in ("plus_one", "minus_one")
        if self.settings.unstable_order or (self.by_windows and wrong_count):
            return False
        return not self.kinds & LYING

    @property
    def stalls(self) -> bool:
        """Say whether answers may never come to their end."""
        return bool(self.kinds & STALLING)

    @property
    def changes(self) -> bool:
        """Say whether customers come and go."""
        return bool(self.kinds & CHANGING)


def draw(seed: int, number: int, rows: int) -> Plan:
    """Return the plan of crawl *number* of a run."""
    random = Random(f"{seed} {number}")
    by_windows = random.random() < 0.4
    addressing: dict[str, Any] = {
        "offset_unit": random.choice(["rows", "rows", "pages"]),
        "first_offset": random.choice([0, 0, 1]),
    }
    knobs = _knobs(random, rows)
    # Without an order, and with offsets in pages or no end to them, a search creeps on by a few
    # rows a request before it gives up.
    creeps = addressing["offset_unit"] == "pages" or knobs["past_end"] == "last_page"
    settings = SandboxSettings(
        **knobs,
        **addressing,
        unstable_order=random.random() < 0.1 and not creeps,
        faults=_script(random, rows),
    )
    query: dict[str, Any] = {}
    if random.random() < 0.1:
        query["max_records"] = random.randint(1, rows)
    if not by_windows:
        query |= {
            "order_by": random.choice([None, "createdOn", "customerId"]),
            "direction": random.choice([None, "ASC", "DESC"]),
            "full_check": random.random() < 0.2,
        }
    return Plan(
        settings=settings,
        session={
            "max_concurrency": random.choice([1, 2, 3, 8, 16]),
            "prefetch_bytes": random.choice([0, 100_000, 2**20, 2**25]),
            **addressing,
        },
        log_in=random.random() < 0.5,
        by_windows=by_windows,
        query=query,
        set_aside=random.random() < 0.5,
        legs=tuple(
            # Small pages in no order take thousands of requests until the search gives up.
            attrs.evolve(leg, page_size=5000) if settings.unstable_order else leg
            for leg in [_leg(random, rows) for _ in range(random.randint(1, 6))]
        ),
    )


def _knobs(random: Random, rows: int) -> dict[str, Any]:
    return {
        "rows": rows,
        "seed": random.randint(1, 1000),
        "page_cap": random.choice([None, None, random.randint(rows // 50 + 13, rows)]),
        "past_end": random.choice(["empty", "last_page"]),
        "count_style": random.choice(
            ["total"] * 5
            + ["page", "missing", "null", "plus_one", "minus_one", "text", "fraction", "huge"]
        ),
        "date_style": random.choice(
            ["iso_z", "iso_offset", "iso_compact_offset", "blank", "compact", "epoch_ms", "epoch_s"]
        ),
        "created_on_bounds": random.choice(["inclusive", "half_open", "exclusive"]),
        "clock_resolution": random.choice(["ms", "s"]),
        "spread": random.choice(["even", "rising", "bulk"]),
        "rows_without_created_on": random.choice([0, 0, 0, random.randint(0, rows // 100)]),
        "success_code": random.choice([0, 200, None]),
        "error_status": random.choice(["http", "ok"]),
        "success_error": random.choice(["null"] * 3 + ["missing", "text", "list", "nulls"]),
        "token_life_style": random.choice(["number", "text", "fraction", "missing"]),
        "token_spelling": random.choice(["snake", "camel"]),
        "gzip": random.random() < 0.2,
    }


def _script(random: Random, rows: int) -> FaultScript:
    kinds = random.sample([*DRAWS], random.choice([0, 1, 1, 2, 2, 3, 4]))
    injected = [_fault(random, DRAWS[kind](random), rows) for kind in kinds]
    return FaultScript(injected, random.randint(0, 2**31))


def _fault(random: Random, kind: faults.Kind, rows: int) -> Fault:
    conditions: list[dict[str, Any]] = [
        {},
        {"times": random.randint(1, 5)},
        {"probability": random.uniform(0.01, 0.5)},
        {"probability": 0.05, "burst": random.randint(2, 10)},
        {"every": random.randint(2, 20)},
        {"skip": random.randint(1, 20), "times": random.randint(1, 20)},
        {"row": random.randrange(rows)},
        {"row": random.randrange(rows), "times": random.randint(1, 3)},
        {"offset_from": random.randrange(rows)},
        {"requests": random.sample(range(30), 5)},
    ]
    if not kind.search_only:
        conditions.append({"on": "token", "times": random.randint(1, 3)})
    return Fault(kind, **random.choice(conditions))


def _leg(random: Random, rows: int) -> Leg:
    return Leg(
        view=random.choice(["records", "pages", "raw_pages"]),
        page_size=random.choice([rows // 50 + 13, 250, 500, 1000, 5000]),
        first=random.random() < 0.2,
        companion=random.random() < 0.2,
        new_session=random.random() < 0.5,
        leaving=random.choice(["never", *get_args(Leaving)]),
        share=random.random(),
        delay=random.choice([0.0, random.uniform(0, 0.05)]),
    )


def _place(random: Random) -> Any:
    return random.choice(["anywhere", "anywhere", "start", "end"])
