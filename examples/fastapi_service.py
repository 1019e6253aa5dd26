"""A FastAPI service over the customers of EnKash: a page, one of them, and all as a stream.

    pip install fastapi uvicorn
    python examples/fastapi_service.py --sandbox
    curl 'http://127.0.0.1:8080/customers?status=active&page_size=50'
    curl http://127.0.0.1:8080/customers.ndjson

Without --sandbox, address and credentials come from the ENKASH_ variables of the environment. With
several workers, each has a session of its own, so that limits of a session count for each of them:

    pip install fastapi uvicorn uvloop
    uvicorn --app-dir examples --factory fastapi_service:create_app --workers 2
"""

import argparse
import math
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import TypeAdapter

import enkash_async as enkash
from enkash_async.sandbox import serve_sandbox


def of_request(request: Request) -> enkash.Customers:
    # FastAPI calls this in a worker thread, where no event loop runs; none is needed.
    session: enkash.EnKashSession = request.app.state.session
    return session.customers


Customers = Annotated[enkash.Customers, Depends(of_request)]


# All else is personal and bank data, or of no use to others.
PUBLISHED = {"customer_id", "legal_name", "net_amount", "created_on"}
ROW = TypeAdapter(enkash.Customer)


def make_app(session: enkash.EnKashSession) -> FastAPI:
    """Return the app, which opens *session* when it starts and closes it when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
        async with session:
            yield

    app = FastAPI(lifespan=lifespan)
    # A web request waits for seconds; a nightly job on the same session may wait for minutes.
    app.state.session = session.with_options(timeout=10)

    @app.get(
        "/customers",
        response_model_include={"records": {"__all__": PUBLISHED}, "total": True, "has_more": True},
    )
    async def page(
        customers: Customers, status: str = "all", offset: int = 0, page_size: int = 50
    ) -> enkash.Page[enkash.Customer]:
        return await customers.search(customer_status=status, offset=offset, page_size=page_size)

    @app.get("/customers/{customer_id}", response_model_include=PUBLISHED)
    async def one(customers: Customers, customer_id: str) -> enkash.Customer:
        return await customers.get(customer_id)

    @app.get("/customers.ndjson")
    async def stream(customers: Customers) -> StreamingResponse:
        async def lines() -> AsyncIterator[bytes]:
            # Left as soon as the client is gone, which stops the fetches.
            async with customers.search(order_by="created_on") as search:
                async for customer in search:
                    yield ROW.dump_json(customer, include=PUBLISHED) + b"\n"
                if search.report.verdict is enkash.Verdict.INCOMPLETE:
                    # Breaks the answer off, as any error does: the client sees that it has no end.
                    raise enkash.IncompleteSearchError(str(search.report))

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    @app.exception_handler(enkash.EnKashError)
    async def explain(request: Request, error: enkash.EnKashError) -> JSONResponse:
        answer = {"error": type(error).__name__}
        if isinstance(error, enkash.InvalidArgumentError):
            answer["message"] = str(error)
        response = JSONResponse(answer, error.http_status)
        if isinstance(error, enkash.RateLimitedError):
            response.headers["Retry-After"] = str(math.ceil(error.retry_after or 1))
        return response

    return app


def create_app() -> FastAPI:
    """Return the app of one worker; its session opens when the worker starts."""
    return make_app(enkash.EnKashSession.from_env())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Answer customers from EnKash as JSON.")
    parser.add_argument("--sandbox", action="store_true", help="answer invented customers")
    parser.add_argument("--port", type=int, default=8080)
    options = parser.parse_args()
    if options.sandbox:
        with serve_sandbox() as sandbox:
            auth = enkash.BearerToken(sandbox.token)
            uvicorn.run(make_app(enkash.EnKashSession(sandbox.base_url, auth)), port=options.port)
    else:
        uvicorn.run(create_app(), port=options.port)
