"""What the body of a search asks of a table. No I/O."""

from collections.abc import Mapping

from enkash_async.sandbox.data.conditions import Condition, Filter, instant
from enkash_async.sandbox.data.table import Table
from enkash_async.sandbox.settings import CreatedOnBounds

# Lower and upper bound.
_BOUNDS: dict[CreatedOnBounds, tuple[str, str]] = {
    "inclusive": (">=", "<="),
    "half_open": (">=", "<"),
    "exclusive": (">", "<"),
}


def filters_of(table: Table, bounds: CreatedOnBounds) -> Mapping[str, Filter]:
    """Return the filters of *table* by the name of their field, those of creation included."""
    created = table.created
    lower, upper = _BOUNDS[bounds]
    return {
        **table.filters,
        created.begin: instant(created.column, lower, created.read),
        created.end: instant(created.column, upper, created.read),
    }


def read_filters(
    body: Mapping[str, object], filters: Mapping[str, Filter]
) -> tuple[list[Condition], dict[str, str]]:
    """Return the conditions that *body* asks for, and by field what is wrong with its value.

    Fields that are no filters are ignored; null is as good as a field left out.
    """
    conditions: list[Condition] = []
    wrong: dict[str, str] = {}
    for field, value in body.items():
        if value is None or field not in filters:
            continue
        try:
            condition = filters[field](value)
        except ValueError as error:
            wrong[field] = str(error)
        else:
            conditions += [condition] if condition else []
    # The same fields in another order must give the same SQL for the count to be reused.
    return sorted(conditions, key=lambda condition: condition.sql), wrong
