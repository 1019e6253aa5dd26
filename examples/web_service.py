"""A web service that answers customers from EnKash, by one session for the life of the app.

    python examples/web_service.py --sandbox
    curl 'http://127.0.0.1:8080/customers?status=ACTIVE&page_size=50'

Without --sandbox, address and credentials come from the ENKASH_ variables of the environment.
"""

import argparse
import logging
import math
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

import enkash_async as enkash
from enkash_async.sandbox import SandboxSettings, open_sandbox

SESSION = web.AppKey("SESSION", enkash.EnKashSession)

# What is not here is between this service and EnKash, and a 502.
STATUSES: dict[type[enkash.EnKashError], int] = {
    enkash.ValidationError: 400,
    enkash.UnprocessableRequestError: 400,
    enkash.RateLimitedError: 503,
    enkash.RequestTimeoutError: 504,
}


async def list_customers(request: web.Request) -> web.Response:
    try:
        # Wrong arguments are refused here; nothing is sent before the await.
        search = request.app[SESSION].customers.search(
            enkash.CustomerFilter(customer_status=request.query.get("status", "ALL")),
            page_size=int(request.query.get("page_size", "50")),
        )
    except ValueError as error:
        return web.json_response({"error": str(error)}, status=400)
    page = await search
    return web.json_response({"records": [as_json(one) for one in page], "total": page.total})


def as_json(customer: enkash.Customer) -> dict[str, Any]:
    """Choose what to publish: the other fields hold personal and bank data."""
    amount, created = customer.net_amount, customer.created_on
    return {
        "customer_id": customer.customer_id,
        "legal_name": customer.legal_name,
        "net_amount": None if amount is None else format(amount, "f"),
        "created_on": None if created is None else created.isoformat(),
    }


@web.middleware
async def errors_as_statuses(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except enkash.EnKashError as error:
        logging.getLogger(__name__).warning("%s: %s", request.path, error)
        status = STATUSES.get(type(error), 502)
        response = web.json_response({"error": type(error).__name__}, status=status)
        if isinstance(error, enkash.RateLimitedError):
            response.headers["Retry-After"] = str(math.ceil(error.retry_after or 1))
        return response


def make_app(session: AbstractAsyncContextManager[enkash.EnKashSession]) -> web.Application:
    """Return the app, which opens *session* when it starts and closes it when it ends."""

    async def session_of_the_app(app: web.Application) -> AsyncIterator[None]:
        async with session as app[SESSION]:
            yield

    app = web.Application(middlewares=[errors_as_statuses])
    app.cleanup_ctx.append(session_of_the_app)
    app.router.add_get("/customers", list_customers)
    return app


@asynccontextmanager
async def open_sandbox_session() -> AsyncGenerator[enkash.EnKashSession, None]:
    async with (
        open_sandbox(SandboxSettings(rows=1_000)) as sandbox,
        enkash.EnKashSession(sandbox.base_url, enkash.BearerToken(sandbox.token)) as session,
    ):
        yield session


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Answer customers from EnKash as JSON.")
    parser.add_argument("--sandbox", action="store_true", help="answer invented customers")
    parser.add_argument("--port", type=int, default=8080)
    options = parser.parse_args()
    session = open_sandbox_session() if options.sandbox else enkash.EnKashSession.from_env()
    web.run_app(make_app(session), host="127.0.0.1", port=options.port)
