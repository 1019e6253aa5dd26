"""Answers as aiohttp sends them."""

from aiohttp import web

from enkash_async.sandbox.service.envelope import RefusalError, failure
from enkash_async.sandbox.settings import SandboxSettings


def json_reply(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")


def refused(refusal: RefusalError, settings: SandboxSettings) -> web.Response:
    """Return the error envelope, inside HTTP 200 if the settings say so."""
    status = 200 if settings.error_status == "ok" else refusal.status
    return json_reply(failure(refusal, settings), status)


class ScriptedRefusal:
    """Makes the error envelope that a fault asks for, with exactly the status it names."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings

    def __call__(self, status: int, error_type: str, message: str) -> web.Response:
        refusal = RefusalError(status, error_type, message)
        return json_reply(failure(refusal, self._settings), status)
