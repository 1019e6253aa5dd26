"""What the client is known to do wrong, so that the runs keep out of it. Mended: entry removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import attrs

from tests.promises.simulation.plan import Leg, Plan


@attrs.frozen
class Broken:
    """A kind of fault: what happens, how a plan keeps clear of it, and a run that shows it."""

    what: str
    avoid: Callable[[Plan], Plan]
    shown_by: tuple[int, int]
    """Seed and number of a run that fails with this entry lifted, and with no other."""


def _without_late_errors(plan: Plan) -> Plan:
    if plan.world.past_end != "error":
        return plan
    return attrs.evolve(plan, world=attrs.evolve(plan.world, past_end="empty"))


def _without_touched_rows(plan: Plan) -> Plan:
    if not any(change.what == "touch" for change in plan.changes):
        return plan
    readers = tuple(
        attrs.evolve(reader, order_by="createdOn") if reader.order_by == "modifiedOn" else reader
        for reader in plan.readers
    )
    return attrs.evolve(plan, readers=readers)


def _without_impatience(plan: Plan) -> Plan:
    return _with_legs(
        plan,
        lambda leg: attrs.evolve(leg, first=leg.first and leg.leaving != "cancel_reads"),
    )


def _with_true_counts(plan: Plan) -> Plan:
    world = plan.world
    if world.cap is None and not world.ends_by_bytes:
        return plan
    return attrs.evolve(plan, world=attrs.evolve(world, count_limit=None))


def _without_offsets_past_end(plan: Plan) -> Plan:
    most = 0 if plan.world.past_end == "last_page" else plan.world.rows
    readers = tuple(
        attrs.evolve(reader, offset=reader.offset if reader.offset <= most else 0)
        for reader in plan.readers
    )
    return attrs.evolve(plan, readers=readers)


def _without_offsets_of_capped_pages(plan: Plan) -> Plan:
    if plan.world.unit != "pages" or plan.world.cap is None:
        return plan
    readers = tuple(attrs.evolve(reader, offset=0) for reader in plan.readers)
    return attrs.evolve(plan, readers=readers)


def _with_all_bounds(plan: Plan) -> Plan:
    return attrs.evolve(plan, world=attrs.evolve(plan.world, ignored="neither"))


def _without_empty_windows(plan: Plan) -> Plan:
    faults = tuple(fault for fault in plan.faults if fault.kind != "nothing_found")
    return attrs.evolve(plan, faults=faults)


def _with_legs(plan: Plan, change: Callable[[Leg], Leg]) -> Plan:
    readers = tuple(
        attrs.evolve(reader, legs=tuple(map(change, reader.legs))) for reader in plan.readers
    )
    return attrs.evolve(plan, readers=readers)


BROKEN_TODAY: Mapping[str, Broken] = MappingProxyType(
    {
        "past_end_error": Broken(
            "A service that answers offsets past the end with an error ends a search of a list"
            " of one row, or of one that became shorter.",
            _without_late_errors,
            shown_by=(1, 59),
        ),
        "cancelled_first_page": Broken(
            "Where awaiting the first page is cancelled while it is decoded, a loop that follows"
            " begins after the records that were decoded by then.",
            _without_impatience,
            shown_by=(1, 609),
        ),
        "touched_rows": Broken(
            "In the order of modifiedOn, a row that moves to the end because it is touched makes"
            " others be lost that do not move, under CHANGED.",
            _without_touched_rows,
            shown_by=(1, 31),
        ),
        "times_ignored": Broken(
            "Where the service does not look at createdOnFrom or createdOnTo, a crawl cuts each"
            " window again and again, and hands records over more than once.",
            _with_all_bounds,
            shown_by=(1, 187),
        ),
        "count_limit": Broken(
            "A recordsCount that goes no further than some number is believed once it has been"
            " passed, so that the first short page after it counts as the last.",
            _with_true_counts,
            shown_by=(1, 581),
        ),
        "offset_past_end": Broken(
            "A search that begins past the end of the list finds a change where there is none, or"
            " where the service answers with its last page, fails after a hundred requests.",
            _without_offsets_past_end,
            shown_by=(1, 700),
        ),
        "offset_of_capped_pages": Broken(
            "Where offsets count pages and pages are shorter than asked for, a search that begins"
            " at an offset takes its first page for another place: it loses a row, COMPLETE.",
            _without_offsets_of_capped_pages,
            shown_by=(2, 9638),
        ),
        "empty_window": Broken(
            "A window of a crawl that is answered with nothing, against the count of the whole,"
            " passes as a change of the list.",
            _without_empty_windows,
            shown_by=(1, 1751),
        ),
    }
)
