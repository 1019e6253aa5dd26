"""The handle of a running sandbox."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any, cast

from aiohttp import web

from enkash_async.sandbox.account import ACCOUNT
from enkash_async.sandbox.data.customers.table import CUSTOMERS
from enkash_async.sandbox.data.served_list import ServedList
from enkash_async.sandbox.faults import FaultScript
from enkash_async.sandbox.faults.injection import Injection
from enkash_async.sandbox.faults.script import as_script
from enkash_async.sandbox.service.calls import SearchCall
from enkash_async.sandbox.service.tokens import Tokens
from enkash_async.sandbox.settings import SandboxSettings

SearchHook = Callable[[SearchCall], Awaitable[web.StreamResponse | None]]


class Sandbox:
    """A running sandbox; made by `open_sandbox`.

    Its plain methods wait for the store and so hold up the event loop a little. A hook may call
    them. *searches* are all that were asked for, refused ones too, and *in_flight* those of them
    that are being answered. *ca_file* is where the certificate to trust is, None without tls.
    """

    on_search: SearchHook | None
    """Awaited with each accepted search before its page is read; an answer it gives is sent."""

    def __init__(
        self,
        settings: SandboxSettings,
        lists: Mapping[str, ServedList],
        tokens: Tokens,
        injection: Injection,
    ) -> None:
        self.settings = settings
        self.base_url = ""
        self.ca_file: str | None = None
        self.token = ACCOUNT.token
        self.client_id = ACCOUNT.client_id
        self.client_secret = ACCOUNT.client_secret
        self.username = ACCOUNT.username
        self.password = ACCOUNT.password
        self.company_id = ACCOUNT.company_id
        self.searches: list[SearchCall] = []
        self.token_requests = 0
        self.in_flight = 0
        self.max_in_flight = 0
        self.on_search = None
        self._injection = injection
        self._lists = lists
        self._loop = asyncio.get_running_loop()
        self._tokens = tokens

    @property
    def environ(self) -> dict[str, str]:
        """Return the environment in which the SDK finds this sandbox and logs in."""
        trusted = {} if self.ca_file is None else {"SSL_CERT_FILE": self.ca_file}
        return trusted | {
            "ENKASH_BASE_URL": self.base_url,
            "ENKASH_CLIENT_ID": self.client_id,
            "ENKASH_CLIENT_SECRET": self.client_secret,
            "ENKASH_USERNAME": self.username,
            "ENKASH_PASSWORD": self.password,
            "ENKASH_COMPANY_ID": self.company_id,
        }

    def list_at(self, path: str) -> ServedList:
        """Return the list that is searched at *path*; KeyError if there is none."""
        return self._lists[path]

    def customer_ids(self) -> list[str]:
        """Return the ids of all customers in the default order."""
        return self._customers.ids()

    def records(self) -> list[dict[str, Any]]:
        """Return all customers as on the wire, in the default order, money as Decimal."""
        return self._customers.records()

    def insert(
        self,
        customers: int | Mapping[str, Any] | Iterable[Mapping[str, Any]],
        *,
        newest: bool = True,
    ) -> list[str]:
        """Add customers and return their ids in order.

        A number of them is invented, created after all others, or before these if not *newest*.
        Those created before still sort after the rows that have no createdOn. Fields of one or
        more are taken as `make_customer` takes them.
        """
        if isinstance(customers, int):
            return self._customers.insert(customers, newest=newest)
        if not isinstance(customers, Iterable):
            raise TypeError(f"customers must be a number, or fields of them, got {customers!r}")
        given = cast(
            "Iterable[Mapping[str, Any]]",
            [customers] if isinstance(customers, Mapping) else customers,
        )
        added = [self._customers.put(fields) for fields in given]
        return [one["customerId"] for one in added]

    def make_customer(self, **fields: Any) -> dict[str, Any]:
        """Add a customer with these *fields*, the others invented; return it as on the wire.

        Names are those of the wire or of Python: `legalName`, `legal_name`. Times are aware
        datetimes, texts, or days, which begin at midnight in UTC; amounts Decimals or whole
        numbers, contacts and reminders mappings, and None is null. `level`, which no answer shows,
        is there for filters. It is the newest unless `created_on` is given. TypeError or
        ValueError, with the name, for what cannot be.
        """
        return self._customers.put(fields)

    def update(self, customer_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Change *fields* of a customer, named as in `make_customer`; return it as on the wire.

        KeyError if there is no such customer.
        """
        return self._customers.update(customer_id, fields)

    def insert_at(self, position: int, count: int) -> list[str]:
        """Add customers that stand from *position* on in the default order; return their ids.

        Raises ValueError if *position* is beyond the end, or if its neighbours were created
        at the same instant and have no free ids between them.
        """
        return self._customers.insert_at(position, count)

    def delete(self, customer_ids: str | Iterable[str]) -> int:
        """Delete these customers, or one, and return how many of them there were."""
        return self._customers.delete(customer_ids)

    def expire_tokens(self) -> None:
        """Make every issued token invalid; `token` stays valid."""
        self._tokens.expire()

    def revoke(self, token: str) -> None:
        """Make one issued token invalid."""
        self._tokens.revoke(token)

    def lock_account(self) -> None:
        """Refuse every login from now on; issued tokens stay valid."""
        self._tokens.lock()

    @property
    def faults(self) -> FaultScript:
        """Return what goes wrong on purpose. Setting it begins the script from its beginning.

        What is set may be the text of a script, which a FaultScriptError says is none.
        """
        return self._injection.script

    @faults.setter
    def faults(self, script: FaultScript | str) -> None:
        self._injection.begin(as_script(script))

    @property
    def faults_injected(self) -> Counter[str]:
        """Return how often a fault of each kind took place."""
        return self._injection.counts

    def release_stalls(self) -> None:
        """Let go every answer that a fault holds up now. May be called from any thread."""
        self._loop.call_soon_threadsafe(self._injection.holds.release)

    def close(self) -> None:
        """Let go what faults hold up, now and from now on; `open_sandbox` calls it."""
        self._injection.holds.close()

    @contextmanager
    def counting(self) -> Generator[None, None, None]:
        """Count a search as in flight until the block is left."""
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            yield
        finally:
            self.in_flight -= 1

    def __repr__(self) -> str:
        return f"<Sandbox on {self.base_url}, {len(self.searches)} searches so far>"

    @property
    def _customers(self) -> ServedList:
        return self._lists[CUSTOMERS.path]
