"""The order of the rows that a search gets. No I/O."""

import attrs

from enkash_async.sandbox.data.table import Table

# A prime above every seeded number: multiplying by a key modulo a prime is a permutation.
PRIME = 2**31 - 1


@attrs.frozen
class Order:
    """The order of a search. With *shuffle*, rows with the same value are shuffled by that key.

    Without a *column* it is the default order, or with *shuffle* no order at all.
    """

    column: str | None = None
    descending: bool = False
    shuffle: int | None = None

    def sql(self, table: Table) -> str:
        """Return the terms of an ORDER BY."""
        terms: list[str] = []
        if self.column:
            terms.append(f'"{self.column}"')
        elif self.shuffle is None:
            terms.append(f'"{table.created.column}"')
        number = f'"{table.number}"'
        terms.append(
            number if self.shuffle is None else f"{number} % {PRIME} * {self.shuffle} % {PRIME}"
        )
        way = "DESC" if self.descending else "ASC"
        return ", ".join(f"{term} {way}" for term in terms)
