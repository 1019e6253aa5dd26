"""Reading a search whose end the test wants to see."""

from enkash_async import CustomerSearch


async def read_into(seen: list[str | None], search: CustomerSearch) -> None:
    """Add the ids of all customers to *seen*, which keeps those that came before an error."""
    async for customer in search:
        seen.append(customer.customer_id)  # noqa: PERF401
