"""What faults may do to the lists and the account of a sandbox. No I/O."""

from collections.abc import Iterable
from typing import Protocol


class ChangeableList(Protocol):
    """A list of the service that changes while it is read."""

    @property
    def time_field(self) -> str:
        """The field of a record that says when it was created."""
        ...

    def ids(self) -> list[str]:
        """Return what tells the rows apart, in the default order."""
        ...

    def insert(self, count: int, *, newest: bool = True) -> list[str]:
        """Add rows created after all others, or before."""
        ...

    def insert_at(self, position: int, count: int) -> list[str]:
        """Add rows that stand from *position* on; ValueError if there is no room for them."""
        ...

    def delete(self, ids: Iterable[str]) -> int:
        """Delete these rows."""
        ...


class Logins(Protocol):
    """Tokens that can end, and an account that can be locked."""

    def expire(self) -> None:
        """Make every issued token invalid."""
        ...

    def lock(self) -> None:
        """Refuse every login from now on."""
        ...
