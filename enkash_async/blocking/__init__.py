"""The same session for programs without an event loop: `with` and `for` instead of `async`.

    from enkash_async.blocking import EnKashSession

    with EnKashSession.from_env() as session:
        for customer in session.customers.search(customer_status="active"):
            ...

Nothing is done twice: an event loop in a thread of its own (anyio's portal) runs the session of
`enkash_async`, with the same names, errors and guarantees. Several threads may share a session;
one thread reads a search at a time. `export` writes files. Begin with `session`.
"""

from enkash_async._frames import hide
from enkash_async.blocking.customers import Customers, CustomerSearch
from enkash_async.blocking.session import EnKashSession

__all__ = ["CustomerSearch", "Customers", "EnKashSession"]

hide()
