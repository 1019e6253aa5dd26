"""Plans drawn from a seed and a number. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Any, get_args

from enkash_async import ErrorType
from tests.promises.simulation.broken_today import clear_of_broken
from tests.promises.simulation.odd import NUMBERS, ODD, TIMES
from tests.promises.simulation.plan import (
    Change,
    Fault,
    FaultKind,
    Leaving,
    Leg,
    Plan,
    Reader,
    Settings,
    View,
    World,
)

Amount = Callable[[Random], Any]

STATUSES = [
    *(400, 403, 407, 408, 421, 425, 429, 500, 501, 502, 503, 504, 505, 511),
    *(520, 521, 522, 523, 524, 526, 529, 530),
]

AMOUNTS: Mapping[FaultKind, Amount] = MappingProxyType(
    {
        "no_connection": lambda r: None,
        "refused_connection": lambda r: None,
        "disconnected": lambda r: None,
        "silent": lambda r: None,
        "stall": lambda r: r.choice([0.0, 0.5, 0.99]),
        "broken_off": lambda r: r.choice([0.0, 0.5, 0.99]),
        "trickle": lambda r: (r.randint(2, 8), r.choice([0.05, 2.0, 25.0])),
        "slow": lambda r: r.choice([0.2, 1.0, 5.0, 28.0]),
        "cut_json": lambda r: r.choice([0.1, 0.5, 0.95]),
        "garbage": lambda r: None,
        "html": lambda r: None,
        "empty": lambda r: None,
        "wrong_gzip": lambda r: None,
        "error_in_200": lambda r: str(r.choice([*ErrorType, "SOMETHING_NEW"])),
        "http_error": lambda r: (
            r.choice(STATUSES),
            r.choice([None, None, 2]),
        ),
        "rate_limit": lambda r: (
            r.choice([None, None, None, 0, 1, 5, 30, 600]),
            r.choice(["seconds", "seconds", "date", "date of another clock", "fraction", "words"]),
        ),
        "expire_tokens": lambda r: None,
        "bad_record": lambda r: None,
        "nothing_found": lambda r: None,
        "no_content": lambda r: r.choice([204, 205]),
        "odd": lambda r: r.choice(list(ODD)),
        "refuse_login": lambda r: None,
        "short_life": lambda r: None,
    }
)
"""How the amount of each kind of fault is drawn."""

VIEWS: tuple[View, ...] = (
    ("records",) * 4 + ("pages",) * 2 + ("raw_pages",) * 2 + ("arrow_batches",)
)

SEARCH_ONLY: frozenset[FaultKind] = frozenset({"bad_record", "expire_tokens", "nothing_found"})
TOKEN_ONLY: frozenset[FaultKind] = frozenset({"refuse_login", "short_life"})


def draw(seed: int, number: int, lifted: frozenset[str] = frozenset()) -> Plan:
    """Return the plan of run *number*; worlds of what is broken today only where *lifted*."""
    random = Random(f"{seed} {number}")
    return clear_of_broken(_plan(random), lifted)


def _plan(random: Random) -> Plan:
    crawls = random.random() < 0.35
    rows = random.choice([0, 1, 2, random.randint(3, 30)] + [random.randint(10, 120)] * 5)
    if random.random() < 0.08:
        rows *= 4
    world = _world(random, rows)
    readers = tuple(
        _reader(random, rows, crawls=crawls and random.random() < 0.7)
        for _ in range(random.choice([1, 1, 2, 3]))
    )
    requests = requests_of(readers, rows)
    return Plan(
        chance=random.randrange(2**32),
        disorder=random.choice([0.0, 0.1, 0.5, 1.0]),
        world=world,
        settings=_settings(random),
        faults=_faults(random, requests, logs_in=world.life is not None),
        changes=changes_of(random, requests),
        readers=readers,
        new_session_at_end=random.random() < 0.3,
        piece=random.choice([None, 300, 1000, 3000]),
    )


def requests_of(readers: tuple[Reader, ...], rows: int) -> int:
    """Return about how many requests *readers* of so many *rows* come to."""
    return 3 + len(readers) * rows // 12


def _world(random: Random, rows: int) -> World:
    choice: Callable[..., Any] = random.choice
    unit = choice(["rows"] * 5 + ["pages"])
    return World(
        rows=rows,
        cap=choice([None, None, None, random.randint(2, 40)]),
        count=choice(["total"] * 12 + ["page", "missing"] * 2 + ["huge"]),
        count_limit=choice([None] * 9 + [random.randint(1, 60)]),
        unit=unit,
        first_offset=choice([0, 0, 0, 1]),
        past_end=choice(["empty", "empty", "last_page", "error"]),
        newest_first=random.random() < 0.3,
        bounds=choice(["inclusive", "half_open", "exclusive"]),
        spread=choice(["even", "rising", "bulk"]),
        undated=choice([0, 0, 0, random.randint(0, 3)]),
        ignored=choice(["neither"] * 12 + ["begin", "end", "both"]),
        # Where offsets count pages, nobody could reach the rows that are left out.
        ends_by_bytes=random.random() < 0.1 and unit == "rows",
        gzip=random.random() < 0.1,
        success_code=choice([0, 200, None]),
        latency=choice([0.0, 0.01, 0.1, 0.1, 0.5]),
        life=choice([None, 3600, 3600, 90, 20]),
        odd=choice([None] * 3 + [choice(list(ODD))]),
        numbers=choice(["plain"] * 3 + list(NUMBERS)),
        times=choice(["z"] * 3 + list(TIMES)),
    )


def _settings(random: Random) -> Settings:
    return Settings(
        max_concurrency=random.choice([1, 2, 3, 8]),
        prefetch_bytes=random.choice([0, 3_000, 20_000, 2**20]),
        attempts=random.choice([1, 2, 4, 4]),
        quota=random.choice([500, 500, 30, None]),
        max_retry_after=random.choice([60.0, 60.0, 3.0]),
        patience=random.choice([1.0, 1.0, 0.1]),
        adaptive=random.random() < 0.8,
    )


def _reader(random: Random, rows: int, *, crawls: bool) -> Reader:
    order: dict[str, Any] = {}
    if not crawls:
        order = {
            "order_by": random.choice([None, "createdOn", "createdOn", "customerId", "modifiedOn"]),
            "offset": random.choice([0] * 6 + [random.randint(0, rows + 1)]),
            "direction": random.choice([None, "ASC", "DESC"]),
        }
    return Reader(
        crawls=crawls,
        max_records=random.choice([None] * 7 + [random.randint(1, rows + 1)]),
        sets_aside=random.random() < 0.5,
        legs=tuple(leg_of(random, rows) for _ in range(random.choice([0, 1, 1, 2, 3]))),
        last=Leg(view=random.choice(VIEWS), page_size=_page_size(random)),
        starts=random.choice([0.0, 0.0, random.random()]),
        **order,
    )


def leg_of(random: Random, rows: int) -> Leg:
    """Draw one search of a reader of so many *rows*, and how it is left."""
    leaving: Leaving = random.choice(["never", "never", *get_args(Leaving)])
    return Leg(
        view=random.choice(VIEWS),
        page_size=_page_size(random),
        first=random.random() < (0.5 if leaving == "cancel_reads" else 0.2),
        leaving=leaving,
        after=random.choice([0, random.randint(0, rows + 1)]),
        delay=random.choice(
            [0.0, 0.0005, 0.001, 0.003, random.random() * 0.3, random.random() * 5]
        ),
        pause=random.choice([0.0, 0.0, 0.0, 0.05]),
    )


def _page_size(random: Random) -> int:
    return random.choice([random.randint(2, 12), random.randint(12, 30), 25, 40, 1000])


def _faults(random: Random, requests: int, *, logs_in: bool) -> tuple[Fault, ...]:
    number = random.choice([0, 1, 2, 4, random.randint(0, 12)])
    # Most troubles come in kinds: a few of them, again and again.
    kinds = random.sample([kind for kind in AMOUNTS if kind not in TOKEN_ONLY], 3)
    if random.random() < 0.1:
        at = random.randrange(requests)
        stall: FaultKind = random.choice(["slow", "silent", "stall"])
        pattern: list[FaultKind] = ["rate_limit", stall, "rate_limit"]
        return tuple(
            Fault(at + place, kind, AMOUNTS[kind](random)) for place, kind in enumerate(pattern)
        )
    faults = [_fault(random, random.choice(kinds), requests) for _ in range(number)]
    if logs_in:
        kinds = [kind for kind in AMOUNTS if kind not in SEARCH_ONLY]
        for _ in range(random.choice([0, 0, 1, 2, 4])):
            kind = random.choice(kinds)
            amount, at = AMOUNTS[kind](random), random.randrange(5)
            faults.append(Fault(at, kind, amount, random.choice([1, 1, 2, 4]), "token"))
    return tuple(faults)


def _fault(random: Random, kind: FaultKind, requests: int) -> Fault:
    many = random.choice([1, 1, 1, 2, random.randint(1, 12)])
    return Fault(random.randrange(requests), kind, AMOUNTS[kind](random), many)


def changes_of(random: Random, requests: int) -> tuple[Change, ...]:
    """Draw what becomes of the list within so many *requests*."""
    number = random.choice([0, 0, 1, 2, random.randint(0, 15)])
    return tuple(
        Change(
            random.randrange(requests),
            random.choice(["insert", "insert", "delete", "delete", "touch"]),
            random.choice([0.0, random.random(), random.random(), 1.0]),
            random.choice([1, 1, 1, 2, random.randint(1, 15)]),
        )
        for _ in range(number)
    )
