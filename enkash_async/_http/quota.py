"""How many retries a session can afford. No I/O.

Costs and paying back are those of botocore's standard mode (botocore/retries/standard.py). Where a
service is down, each request keeps to its own number of attempts, yet all of them together are a
storm; what they spend together is bounded here.
"""

from __future__ import annotations

RETRY_COST = 5
TIMEOUT_COST = 10
"""A request that timed out has held a place, here and at the service, for a long time."""


class RetryQuota:
    """What is left for the retries of all requests of a session; a *size* of None sets no bound."""

    def __init__(self, size: int | None) -> None:
        self._size = size
        self.left = 0 if size is None else size

    def spend(self, cost: int) -> bool:
        """Take *cost*, and say whether there was enough."""
        if self._size is None:
            return True
        if cost > self.left:
            return False
        self.left -= cost
        return True

    def succeed(self, spent: int) -> None:
        """Give back what a request had *spent* before it came to a good end; 1 if that is 0."""
        if self._size is not None:
            self.left = min(self._size, self.left + max(1, spent))
