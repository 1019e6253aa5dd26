"""The session for programs without an event loop."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self, Unpack

from enkash_async import session as of_loop
from enkash_async._arguments import absent, unseen
from enkash_async._session.core import NOT_COPIED, OF_A_LIST
from enkash_async._session.options import SessionOptions, ViewOptions
from enkash_async.auth import Auth
from enkash_async.blocking.customers import Customers
from enkash_async.blocking.portal import Portal
from enkash_async.errors import InvalidArgumentError


class EnKashSession:
    """A session with the service, as `enkash_async.EnKashSession`, without `async`.

    It is opened by `with`, or `session.open()`; until it is closed, an event loop runs in a thread
    of its own. Any number of threads may share it. Functions that you give it (`hooks`, an `auth`
    of your own) run in that thread. A process that is forked has to open it again. Where an event
    loop runs already, as in a notebook, it works, and holds that loop up while it waits.
    """

    @unseen
    def __init__(self, base_url: str, auth: Auth, **options: Unpack[SessionOptions]) -> None:
        """Make a session; *options* are those of `enkash_async.EnKashSession`, but for `http`."""
        _check_options(options)
        self._session = of_loop.EnKashSession(base_url, auth, **options)
        self._portal = Portal()
        self._customers: Customers | None = None

    @classmethod
    @unseen
    def from_env(
        cls, environ: Mapping[str, str] | None = None, **options: Unpack[SessionOptions]
    ) -> Self:
        """Return a session for the address and credentials in *environ*, or in `os.environ`.

        ConfigurationError names what is missing, or cannot be used.
        """
        _check_options(options)
        return cls._of(of_loop.EnKashSession.from_env(environ, **options), Portal())

    @classmethod
    def _of(cls, session: of_loop.EnKashSession, portal: Portal) -> Self:
        made = cls.__new__(cls)
        made._session, made._portal, made._customers = session, portal, None
        return made

    @unseen
    def with_options(self, **options: Unpack[ViewOptions]) -> Self:
        """Return another view of this session, with other *options*; both are open together."""
        return self._of(self._session.with_options(**options), self._portal)

    @property
    def base_url(self) -> str:
        """Return the address to which requests go, without a slash at its end."""
        return self._session.base_url

    @property
    def is_open(self) -> bool:
        """Say whether it is open; for all its views alike."""
        return self._session.is_open

    @property
    def customers(self) -> Customers:
        """Return what can be asked of customers; whether it is open shows when it is asked."""
        if self._customers is None:
            self._customers = Customers(self._portal, self._session.customers)
        return self._customers

    def open(self) -> Self:
        """Open it, for whoever cannot use `with`. RuntimeError if it is open."""
        if self._portal.is_open:
            raise RuntimeError("the session is open already; share it, or make a second one")
        self._portal.open()
        try:
            self._portal.run(self._session.open)
        except BaseException:
            self._portal.close()
            raise
        return self

    def close(self) -> None:
        """Stop all requests and close the connections. May be called more than once."""
        if self._portal.is_open:
            try:
                self._portal.run(self._session.aclose)
            finally:
                self._portal.close()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise absent(self, name, {**OF_A_LIST, "aclose": "use `session.close()`"})

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError(NOT_COPIED)

    def __repr__(self) -> str:
        session = self.__dict__.get("_session")
        if session is None:
            return "<EnKashSession that could not be made, blocking>"
        return f"{repr(session)[:-1]}, blocking>"


def _check_options(options: SessionOptions) -> None:
    if options.get("http") is not None:
        raise InvalidArgumentError(
            "http cannot be given here: an aiohttp session belongs to the event loop in which it"
            " was made, and this session runs one of its own"
        )
