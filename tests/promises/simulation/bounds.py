"""What must hold at the end of every run, as far as a plan promises it. No I/O."""

from __future__ import annotations

from collections.abc import Iterator

from enkash_async import Verdict
from tests.promises.simulation.customer_list import CustomerList
from tests.promises.simulation.ledger import Ledger
from tests.promises.simulation.plan import Plan, Reader, World

REPAIR = 110
"""Requests that finding a lost place may take, by docs/guarantees.md."""

RECOVERY = 30.0
"""Seconds, once nothing goes wrong any more, until a session is as fast as it was."""

SMALLEST_OVERLAP = 12
"""Pages of so many rows overlap, whatever their offsets count."""

Problem = tuple[str, str]


def _smallest_page(plan: Plan) -> int:
    return min([*plan.sizes(), plan.world.cap or 5000])


def overlaps(plan: Plan) -> bool:
    """Say whether all pages are large enough to overlap."""
    smallest = _smallest_page(plan)
    if plan.world.unit == "pages":
        # An answer that is an error counts nothing either.
        is_uncounted = plan.world.count != "total" or _errors(plan) > 0
        few = is_uncounted and plan.world.rows < SMALLEST_OVERLAP
        return smallest >= SMALLEST_OVERLAP and not few
    return smallest > 1


def _is_true(plan: Plan) -> bool:
    """Say whether no answer finds nothing where there is something."""
    return not any(fault.kind == "nothing_found" for fault in plan.faults)


def _errors(plan: Plan) -> int:
    """Return how many errors about the request come though it is as it should be."""
    return sum(fault.many for fault in plan.faults if fault.kind == "error_in_200")


def _may_go_back(plan: Plan) -> bool:
    """Say whether errors may come for all pages around one place, so that reading goes back.

    That takes the page in line, the one before it, and one of them once more.
    """
    return _errors(plan) >= 3


def _unalarming(plan: Plan) -> set[Verdict]:
    """Return the verdicts on a calm list that say nothing wrong, or something that is named."""
    named = {Verdict.CHANGED} if _may_go_back(plan) else set[Verdict]()
    return {Verdict.COMPLETE, *named}


def is_calm(plan: Plan, reader: Reader) -> bool:
    """Say whether nothing is in the way of the verdict COMPLETE."""
    world = plan.world
    is_known = world.count == "total" or (world.count == "page" and not reader.crawls)
    is_known = is_known and (world.count_limit or world.rows) >= world.rows
    if reader.crawls and (world.undated or world.ignored != "neither"):
        return False
    # Exceptions that docs/guarantees.md names.
    if reader.offset >= world.rows and (world.past_end != "empty" or world.unit == "pages"):
        return False
    if world.unit == "pages" and world.past_end != "empty" and world.rows <= 2:
        return False
    if reader.offset and _errors(plan) > 0:
        return False
    left = world.rows - reader.offset
    if world.unit == "pages" and reader.offset and left < SMALLEST_OVERLAP:
        # One page holds them all, and it is too small to show by another where it stands.
        return False
    is_plain = not world.ends_by_bytes and _is_true(plan)
    return is_known and is_plain and overlaps(plan) and not plan.changes


def is_promised(plan: Plan, reader: Reader) -> bool:
    """Say whether the assumptions of docs/guarantees.md hold for this reader."""
    if not reader.crawls:
        return True
    return plan.world.ignored == "neither" and _is_true(plan) and not _counts_stop(plan)


def _counts_stop(plan: Plan) -> bool:
    """Say whether the service counts fewer than there are from some number on."""
    most = plan.world.rows + sum(one.many for one in plan.changes if one.what == "insert")
    return plan.world.count_limit is not None and plan.world.count_limit < most


def _touched(plan: Plan, reader: Reader) -> int:
    """Return how many rows may move under this reader, by being changed."""
    if reader.order_by != "modifiedOn":
        return 0
    return sum(change.many for change in plan.changes if change.what == "touch")


def may_lose(plan: Plan, reader: Reader) -> int:
    """Return how many rows may be lost where docs/guarantees.md names an exception."""
    world = plan.world
    is_cut_there = world.ends_by_bytes or (reader.crawls and world.cap == world.count_limit)
    if _counts_stop(plan) and is_cut_there:
        # A page that ends too early looks whole where the count stops just there.
        return world.rows
    is_wrong_twice = not _is_true(plan) or _errors(plan) > 1
    is_wrong_too = _counts_stop(plan) or world.ignored != "neither"
    if reader.crawls and is_wrong_too and is_wrong_twice:
        # Each hides what would show the other.
        return world.rows
    touched = _touched(plan, reader)
    if touched and (world.count != "total" or _counts_stop(plan)):
        # Nothing tells how far down a row stands that was delivered.
        return world.rows
    if touched >= _smallest_page(plan):
        # All that is remembered may have moved: half of what was unread may have been deleted.
        return world.rows // 2
    # Rows that follow one another as before, and stand little further down, look unmoved.
    moved = sum(change.many for change in plan.changes if change.what != "touch")
    return max(moved, world.rows // 8) if touched > 1 else 0


def may_double(plan: Plan, reader: Reader) -> int:
    """Return how many rows may come twice where docs/guarantees.md names an exception."""
    # Rows that move up leave those behind that a token does not name.
    has_token = bool(reader.legs) and reader.direction == "DESC"
    return plan.world.rows if has_token and _touched(plan, reader) > 1 else 0


def account(plan: Plan, reader: Reader, ledger: Ledger, list_: CustomerList) -> Iterator[Problem]:
    """Say what is wrong with what one reader got."""
    # A row that is touched moves where modifiedOn is the order; the others do not.
    gone = list_.deleted | (list_.touched if reader.order_by == "modifiedOn" else set())
    lost, doubled = ledger.lost(gone), ledger.doubled(gone)
    if reader.offset and plan.changes:
        # Which rows stood there when the first page was read is known to nobody.
        lost = []
    if reader.max_records is not None:
        least = min(reader.max_records, len(ledger.there_at_first - gone))
        if ledger.count > reader.max_records:
            yield "doubled", f"{ledger.count} records, although max_records={reader.max_records}"
        lost = lost[: max(0, least - ledger.count)]
    verdict = ledger.verdict
    is_said = verdict not in (Verdict.COMPLETE, Verdict.CHANGED)
    if not is_promised(plan, reader):
        # What breaks an assumption must not pass for COMPLETE where it can be seen.
        is_said = verdict is not Verdict.COMPLETE
    if not is_said and len(lost) > may_lose(plan, reader):
        yield "lost", f"{len(lost)} under {verdict}, the first is {lost[0]}"
    if not is_said and len(doubled) > may_double(plan, reader):
        yield "doubled", f"{len(doubled)} under {verdict}, the first is {doubled[0]}"
    if is_calm(plan, reader):
        if verdict is None:
            last = ledger.errors[-1] if ledger.errors else "no error"
            yield f"unfinished after {last.partition(':')[0]}", f"a calm list: {last}"
        elif reader.max_records is None and verdict not in _unalarming(plan):
            yield "false alarm", f"{verdict} of a calm list: {'; '.join(ledger.reasons)}"
        if is_said and verdict is not None and lost:
            yield "lost", f"{len(lost)} of a calm list, the first is {lost[0]}"
        if is_said and doubled:
            yield "doubled", f"{len(doubled)} of a calm list, the first is {doubled[0]}"


def least_requests(plan: Plan, page_size: int) -> int:
    """Return how many pages the list takes, with one row of each for the overlap."""
    rows = plan.world.rows + sum(c.many for c in plan.changes if c.what == "insert")
    size = min(page_size, plan.world.cap or page_size)
    if plan.world.ends_by_bytes:
        # Each is shorter than asked for, and no more are asked for than came: down to two rows.
        size = 2
    return 1 + rows // max(1, size - 1)


def most_requests(plan: Plan) -> int:
    """Return how many requests a run may take at most."""
    total = 0
    for reader in plan.readers:
        for leg in (*reader.legs, reader.last):
            least = least_requests(plan, leg.page_size)
            cut = 4 if any(fault.on == "search" for fault in plan.faults) else 1
            total += (6 if reader.crawls else 2) * least * cut
            total += 30 + 4 * plan.settings.max_concurrency
            # Where the list ends before the offset by now, a place that was found is lost again.
            total += REPAIR if reader.offset and plan.changes else 0
            # Counts that stop are found out by windows that hold more, a filter that is ignored by
            # what windows hold: the guarantee lets a crawl ask 200 times for that.
            total += 30 if reader.crawls and plan.world.count_limit is not None else 0
            total += 200 if reader.crawls and plan.world.ignored != "neither" else 0
    spoilt = sum(fault.many for fault in plan.faults)
    return total + 3 * spoilt * plan.settings.attempts + REPAIR * len(plan.changes)


def seconds_to_read(world: World, requests: int) -> float:
    """Return how long so many requests take at most, one after the other, after all trouble."""
    return RECOVERY + 2 * requests * (world.latency + 0.05)
