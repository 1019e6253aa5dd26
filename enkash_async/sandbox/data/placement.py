"""Where in the default order added rows go. No I/O."""

from enkash_async.sandbox.data.table import Key


def keys_after(latest: int, highest: int, count: int, tick: int) -> list[Key]:
    """Return the keys of *count* rows, each created one *tick* after the one before."""
    return [(latest + tick * number, highest + number) for number in range(1, count + 1)]


def keys_before(earliest: int, highest: int, count: int, tick: int) -> list[Key]:
    """Return the keys of *count* rows created before *earliest*, in ascending order."""
    return keys_after(earliest - tick * (count + 1), highest, count, tick)


def keys_between(
    before: Key | None, after: Key | None, highest: int, count: int, tick: int, now: int
) -> list[Key]:
    """Return the keys of *count* rows that sort between two neighbours.

    They share one instant, unless there is no neighbour on one side. *now* is for rows after which
    nothing comes and before which nothing with a time does.
    Raises ValueError if neighbours of the same instant leave too few numbers between them.
    """
    if after is None:
        latest = None if before is None else before[0]
        return keys_after(now if latest is None else latest, highest, count, tick)
    if before is None and after[0] is not None:
        return keys_before(after[0], highest, count, tick)
    if before is None or before[0] == after[0]:
        return _same_instant(after[0], before[1] if before else 0, after[1], count)
    # A higher number than any sorts after *before* even where the instant is the same.
    instant = _instant_between(before[0], after[0], tick)
    return [(instant, highest + number) for number in range(1, count + 1)]


def _instant_between(before: int | None, after: int | None, tick: int) -> int | None:
    """Return an instant from *before*, which it may equal, up to *after*, which it may not."""
    # Rows without a time come first, so only *before* can be None here.
    if before is None or after is None:
        return None
    return before + (after - before) // 2 // tick * tick


def _same_instant(instant: int | None, low: int, high: int, count: int) -> list[Key]:
    if high - low <= count:
        raise ValueError(
            f"Cannot insert {count} rows between the ids {low} and {high}: there is no room."
        )
    step = (high - low) // (count + 1)
    return [(instant, low + step * number) for number in range(1, count + 1)]
