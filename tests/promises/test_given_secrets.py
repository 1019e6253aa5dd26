"""What is given to the SDK, or stands in the environment, is not shown where it cannot be used."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import enkash_async
from enkash_async import BearerToken, EnKashSession, OAuthPassword, Token, blocking
from enkash_async.cli.connection import Connection, open_session
from tests.support.secrets import assert_keeps

pytestmark = pytest.mark.anyio

SECRET = "planted-4711"
URL = "https://api.example"
CREDENTIALS = {
    "ENKASH_BASE_URL": URL,
    "ENKASH_CLIENT_ID": "CEK1234567",
    "ENKASH_CLIENT_SECRET": SECRET + "a",
    "ENKASH_USERNAME": SECRET + "b",
    "ENKASH_PASSWORD": SECRET + "c",
}
PROXY = f"http://user:{SECRET}@proxy.example:99999999"

# What cannot be used, beside what can.
ENVIRONMENTS: dict[str, dict[str, str]] = {
    "no address": {"ENKASH_BASE_URL": ""},
    "credentials in the address": {"ENKASH_BASE_URL": f"https://u:{SECRET}@api.example"},
    "an address without a port": {"ENKASH_BASE_URL": f"https://u:{SECRET}@api.example:99999999"},
    "no password": {"ENKASH_PASSWORD": ""},
    "a line break": {"ENKASH_PASSWORD": f"{SECRET}\nd"},
    "a colon": {"ENKASH_CLIENT_ID": f"CEK:{SECRET}"},
    "a token with its scheme": {"ENKASH_TOKEN": f"Bearer {SECRET}"},
    "a token that no header holds": {"ENKASH_TOKEN": f"{SECRET} ü"},
    "a host that is none": {"ENKASH_ALLOW_HTTP": f"http://{SECRET}"},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "an unknown option": {"pagesize": 5},
    "a wrong option": {"page_size": 0},
    "a broken proxy": {"proxy": PROXY},
    "a proxy of the wrong type": {"proxy": [PROXY]},
    "a broken header": {"headers": {"X-Key": f"{SECRET}\n"}},
}
KINDS: list[Any] = [EnKashSession, blocking.EnKashSession]


def refused(make: Callable[[], object]) -> BaseException:
    with pytest.raises((TypeError, ValueError)) as caught:
        make()
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", ENVIRONMENTS)
def test_what_cannot_be_used_of_an_environment_leaves_nothing_of_it(
    kind: Any, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = CREDENTIALS | ENVIRONMENTS[wrong]
    assert_keeps(refused(lambda: kind.from_env(environ)), SECRET)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert_keeps(refused(kind.from_env), SECRET)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", OPTIONS)
def test_an_option_that_cannot_be_used_leaves_nothing_of_what_was_given(
    kind: Any, wrong: str
) -> None:
    options = OPTIONS[wrong]
    assert_keeps(refused(lambda: kind.from_env(CREDENTIALS, **options)), SECRET)
    assert_keeps(refused(lambda: kind(URL, BearerToken(SECRET), **options)), SECRET)
    session = kind(URL, BearerToken(SECRET))
    assert_keeps(refused(lambda: session.with_options(**options)), SECRET)


anything: Any = {kind.__name__: kind for kind in (BearerToken, OAuthPassword, Token)}

MADE: dict[str, Callable[[], object]] = {
    "a misspelled name": lambda: anything["OAuthPassword"](client_id="c", passwort=SECRET),
    "positions": lambda: anything["OAuthPassword"]("c", SECRET),
    "too many positions": lambda: anything["BearerToken"](SECRET, SECRET),
    "a blank": lambda: OAuthPassword(
        client_id="c", client_secret="s", username="u", password=SECRET + " "
    ),
    "half a character": lambda: OAuthPassword(
        client_id="c", client_secret=SECRET, username="u", password="\ud800"
    ),
    "bytes": lambda: anything["BearerToken"](SECRET.encode()),
    "a line break": lambda: Token(SECRET + "\n"),
    "positions of a session": lambda: anything_session(URL, BearerToken(SECRET), SECRET),
}
anything_session: Any = EnKashSession


@pytest.mark.parametrize("wrong", MADE)
def test_credentials_that_cannot_be_made_leave_nothing_of_what_was_given(wrong: str) -> None:
    assert_keeps(refused(MADE[wrong]), SECRET)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_a_broken_proxy_of_the_environment_is_not_shown(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, PROXY)
    with pytest.raises(enkash_async.ConfigurationError, match=name) as caught:
        await EnKashSession(URL, BearerToken(SECRET)).open()
    assert_keeps(caught.value, SECRET)
    assert_keeps(refused(blocking.EnKashSession(URL, BearerToken(SECRET)).open), SECRET)


@pytest.mark.parametrize("wrong", [{"ENKASH_PASSWORD": ""}, {"ENKASH_TOKEN_FILE": "/nowhere"}])
async def test_the_commands_leave_nothing_of_the_environment(
    wrong: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (CREDENTIALS | wrong).items():
        monkeypatch.setenv(name, value)
    connection = Connection(
        sandbox=False, rows=None, base_url=URL, offset_unit="rows", first_offset=0, max_rate=None
    )
    with pytest.raises(Exception, match=next(iter(wrong))) as caught:
        async with open_session(connection):
            pass
    assert_keeps(caught.value, SECRET)


@pytest.mark.parametrize("kind", KINDS)
def test_a_session_that_was_not_made_has_a_repr(kind: Any) -> None:
    assert "could not be made" in repr(kind.__new__(kind))


SHOW = """
import inspect, pydoc
import enkash_async
from enkash_async import blocking
for kind in (enkash_async.EnKashSession, blocking.EnKashSession):
    print(pydoc.render_doc(kind), inspect.signature(kind), inspect.signature(kind.from_env))
"""


def test_help_and_signatures_show_nothing_of_the_environment() -> None:
    # In a new process, since defaults are made when a module is imported.
    shown = subprocess.run(
        [sys.executable, "-c", SHOW],
        env=os.environ | CREDENTIALS,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "environ" in shown
    assert SECRET not in shown


def public_functions() -> list[Any]:
    found: list[Any] = []
    for module in (enkash_async, blocking):
        for kind in (getattr(module, name) for name in module.__all__):
            found += [kind] if inspect.isfunction(kind) else []
            if inspect.isclass(kind):
                found += [one for _, one in inspect.getmembers(kind, inspect.isroutine)]
    return found


def test_no_default_is_a_part_of_the_process() -> None:
    """Such as its environment or its arguments, which `help()` would show."""
    parts = (os.environ, sys.argv, sys.path, sys.stdin, sys.stdout, sys.stderr)
    functions = public_functions()
    assert len(functions) > 100
    for function in functions:
        try:
            parameters = inspect.signature(function).parameters.values()
        except (ValueError, TypeError):
            # Of a method that is written in C.
            continue
        assert not any(one.default is part for one in parameters for part in parts), function
