"""The command line, through its entry point: what it writes, where, and its exit status."""

import asyncio
import fcntl
import os
import pty
import shlex
import signal
import stat
import struct
import sys
import termios
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

import anyio
import attrs
import msgspec
import pytest
from aiohttp import web
from anyio.from_thread import BlockingPortal, start_blocking_portal

from enkash_async import (
    AuthenticationError,
    ConfigurationError,
    EnKashError,
    EnKashSession,
    IncompleteSearchError,
    InvalidAccessError,
    RecordNotFoundError,
    UnauthorizedError,
)
from enkash_async.cli import main
from enkash_async.cli.running import status_of
from enkash_async.sandbox import Sandbox, SandboxSettings, SearchCall, open_sandbox

pytestmark = pytest.mark.anyio

ROWS = 300
COMMAND = [sys.executable, "-m", "enkash_async.cli"]
EXPORT = ("customers", "export", "--page-size", "70")
WRONG = "not-the-secret"

Record = dict[str, Any]
decode = msgspec.json.Decoder(Record, float_hook=Decimal).decode


@attrs.frozen
class Outcome:
    status: int
    out: bytes
    err: str


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of this process with no other EnKash variables than these."""
    return {k: v for k, v in os.environ.items() if not k.startswith("ENKASH_")} | variables


def with_token(sandbox: Sandbox) -> dict[str, str]:
    return environment(ENKASH_BASE_URL=sandbox.base_url, ENKASH_TOKEN=sandbox.token)


def with_password(sandbox: Sandbox, password: str) -> dict[str, str]:
    return environment(
        ENKASH_BASE_URL=sandbox.base_url,
        ENKASH_CLIENT_ID=sandbox.client_id,
        ENKASH_CLIENT_SECRET=sandbox.client_secret,
        ENKASH_USERNAME=sandbox.username,
        ENKASH_PASSWORD=password,
        ENKASH_COMPANY_ID=sandbox.company_id,
    )


@attrs.frozen
class Served:
    """A sandbox in another thread, so that a command can have this one."""

    sandbox: Sandbox
    portal: BlockingPortal

    def records(self) -> list[Record]:
        return self.portal.call(self.sandbox.records)

    def ids(self) -> list[str]:
        return self.portal.call(self.sandbox.customer_ids)


@contextmanager
def serving(**settings: Any) -> Iterator[Served]:
    opening = open_sandbox(SandboxSettings(**{"rows": ROWS, **settings}))
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(opening) as sandbox,
    ):
        yield Served(sandbox, portal)


Execute = Callable[..., Outcome]


@pytest.fixture
def execute(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Execute:
    """Run the command inside this process; nothing secret may be in what it writes."""

    def run(served: Served, *arguments: object, env: dict[str, str] | None = None) -> Outcome:
        with monkeypatch.context() as patch:
            patch.setattr(os, "environ", env or with_token(served.sandbox))
            patch.setattr(sys, "argv", ["enkash-async", *map(str, arguments)])
            status = main()
        out, err = capfd.readouterr()
        sandbox = served.sandbox
        for secret in (sandbox.token, sandbox.password, sandbox.client_secret, WRONG):
            assert secret not in out + err
        assert "Traceback" not in err
        return Outcome(status, out.encode(), err)

    return run


def records_in(lines: bytes) -> list[Record]:
    return [decode(line) for line in lines.split(b"\n")[:-1]]


def ids_in(lines: bytes) -> list[str]:
    return [record["customerId"] for record in records_in(lines)]


def invented(rows: int) -> list[Record]:
    """Return the customers that `--sandbox --rows` invents."""

    async def read() -> list[Record]:
        async with open_sandbox(SandboxSettings(rows=rows)) as sandbox:
            return sandbox.records()

    return asyncio.run(read())


Call = Callable[..., int]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run the command inside this process."""
    for name in [name for name in os.environ if name.startswith("ENKASH_")]:
        monkeypatch.delenv(name)

    def run(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["enkash-async", *map(str, arguments)])
        return main()

    return run


def small(command: str, *arguments: object, rows: int = 20) -> tuple[object, ...]:
    return ("customers", command, "--sandbox", "--rows", rows, *arguments)


# Exports that succeed


async def test_export_writes_every_record_to_the_file(tmp_path: Path) -> None:
    target = tmp_path / "customers.jsonl"
    async with open_sandbox(SandboxSettings(rows=ROWS)) as sandbox:
        done = await anyio.run_process(
            [*COMMAND, *EXPORT, "-o", str(target)], check=False, env=with_token(sandbox)
        )
        assert done.returncode == 0, done.stderr
        assert records_in(target.read_bytes()) == sandbox.records()
    assert os.listdir(tmp_path) == [target.name]
    assert done.stdout == b""
    assert f"{ROWS} records in" in done.stderr.decode()
    assert "verdict COMPLETE" in done.stderr.decode()


def test_stdout_holds_nothing_but_data(execute: Execute) -> None:
    with serving() as served:
        outcome = execute(served, *EXPORT, "--quiet")
        assert records_in(outcome.out) == served.records()
    assert (outcome.status, outcome.err) == (0, "")


def test_filters_and_order_reach_the_service(execute: Execute) -> None:
    options = "--status inactive --created-from 2020-01-01 --created-to 2030-01-01T05:30:00+05:30"
    order = "--order-by createdOn --direction desc --max-records 50"
    with serving() as served:
        outcome = execute(served, *EXPORT, *options.split(), *order.split())
        search = served.sandbox.searches[0]
        inactive = [r["createdOn"] for r in served.records() if not r["active"]]
    assert search.body == {
        "customerStatus": "INACTIVE",
        "createdOnFrom": "2020-01-01T00:00:00Z",
        "createdOnTo": "2030-01-01T00:00:00Z",
    }
    assert (search.order_by, search.direction) == ("createdOn", "DESC")
    written = [record["createdOn"] for record in records_in(outcome.out)]
    assert written == sorted(inactive, reverse=True)[:50]
    assert outcome.status == 0


def test_offsets_may_count_pages_from_one(execute: Execute) -> None:
    with serving(offset_unit="pages", first_offset=1) as served:
        options = ("--offset-unit", "pages", "--first-offset", 1)
        outcome = execute(served, *EXPORT, *options)
        assert ids_in(outcome.out) == served.ids()
    assert outcome.status == 0


def test_the_rate_of_requests_is_that_of_the_session(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = list[float | None]()

    class Noted(EnKashSession):
        def __init__(self, *given: Any, **options: Any) -> None:
            rates.append(options["max_rate"])
            super().__init__(*given, **options)

    monkeypatch.setattr("enkash_async.cli.connection.EnKashSession", Noted)
    assert call(*small("count", "--max-rate", "2.5")) == 0
    assert call(*small("count")) == 0
    assert rates == [2.5, None]


def test_the_sandbox_needs_no_environment(
    call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "customers.jsonl"
    assert call(*small("export", "-o", target)) == 0
    assert records_in(target.read_bytes()) == invented(20)
    assert capsys.readouterr().err.startswith("sandbox: 20 invented customers")


def test_a_file_is_replaced_behind_its_link_and_keeps_its_mode(call: Call, tmp_path: Path) -> None:
    target, link = tmp_path / "private.jsonl", tmp_path / "latest.jsonl"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    assert call(*small("export", "-o", link)) == 0
    assert link.is_symlink()
    assert len(target.read_bytes().splitlines()) == 20
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_named_pipe_is_written_to_and_not_replaced(call: Call, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert call(*small("export", "-o", pipe)) == 0
        assert pipe.is_fifo()
        assert os.read(reader, 1 << 20).count(b"\n") == 20
    finally:
        os.close(reader)


# The bar


@pytest.mark.parametrize(("terminal", "shown"), [("xterm", True), ("dumb", False)])
async def test_the_bar_is_for_terminals_that_can_show_it(terminal: str, shown: bool) -> None:
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    try:
        done = await anyio.run_process(
            [*COMMAND, *map(str, small("export"))],
            stdout=DEVNULL,
            stderr=far,
            env=environment(TERM=terminal),
        )
        assert done.returncode == 0
        assert (b"records/s]" in os.read(near, 1 << 16)) is shown
    finally:
        os.close(near)
        os.close(far)


# Exports that are not complete


def test_an_incomplete_export_leaves_the_target_alone(execute: Execute, tmp_path: Path) -> None:
    target = tmp_path / "customers.jsonl"
    target.write_text("old")
    with serving(count_style="plus_one") as served:
        outcome = execute(served, *EXPORT, "-o", target)
        [part] = tmp_path.glob("*.part")
        assert ids_in(part.read_bytes()) == served.ids()
    assert outcome.status == 4
    assert target.read_text() == "old"
    assert "verdict INCOMPLETE: recordsCount" in outcome.err
    assert str(part) in outcome.err


@pytest.mark.parametrize("strict", [False, True])
def test_a_changed_list_has_its_file_unless_strict(
    execute: Execute, tmp_path: Path, strict: bool
) -> None:
    target = tmp_path / "customers.jsonl"
    with serving(count_style="minus_one") as served:
        options = ["--method", "search", *(["--strict"] * strict)]
        outcome = execute(served, *EXPORT, "-o", target, *options)
    assert outcome.status == (4 if strict else 0)
    assert "verdict CHANGED: recordsCount" in outcome.err
    assert target.exists() is not strict
    assert target.with_name("customers.jsonl.part").exists() is strict


def test_what_came_without_a_proof_gets_its_name_by_the_command_that_is_told(
    execute: Execute, tmp_path: Path
) -> None:
    target = tmp_path / "a b.jsonl"
    with serving(count_style="plus_one") as served:
        outcome = execute(served, *EXPORT, "-o", target)
        *_, anew, kept = outcome.err.splitlines()
        command = shlex.split(anew.partition("export anew with: ")[2])
        assert command == ["enkash-async", *map(str, EXPORT), "-o", str(target)]
        asked = len(served.sandbox.searches)
        outcome = execute(served, *shlex.split(kept.partition("with: ")[2])[1:])
        assert len(served.sandbox.searches) == asked
        assert ids_in(target.read_bytes()) == served.ids()
    assert outcome.status == 4
    assert os.listdir(tmp_path) == [target.name]


def test_a_wrong_option_is_named_and_the_export_begun_anew(
    execute: Execute, tmp_path: Path
) -> None:
    target = tmp_path / "c.jsonl"
    command = [*EXPORT, "--method", "search", "-o", target]
    with serving(offset_unit="pages") as served:
        outcome = execute(served, *command)
        *_, error, anew, on = outcome.err.splitlines()
        assert outcome.status == 4
        assert "--offset-unit pages" in error
        right = [*shlex.split(anew.partition("export anew with: ")[2])[1:]]
        assert shlex.split(on.partition("go on with: ")[2])[1:] == [*right, "--resume"]
        assert execute(served, *right, "--offset-unit", "pages").status == 0
        assert ids_in(target.read_bytes()) == served.ids()


def test_a_failing_page_leaves_what_came_and_says_how_to_go_on(
    execute: Execute, tmp_path: Path
) -> None:
    async def refuse(call: SearchCall) -> web.Response | None:
        error = {"errorMessage": "no\nmore\x1b[2J", "errorType": "VALIDATION_ERROR"}
        body = {"errorResponse": error, "payload": None, "response_code": 1}
        return web.json_response(body, status=400) if call.offset > 100 else None

    target = tmp_path / "a b.jsonl"
    with serving() as served:
        served.sandbox.on_search = refuse
        command = [*EXPORT, "--method", "search", "-o", target]
        outcome = execute(served, *command)
        came = target.with_name("a b.jsonl.part").read_bytes()
        assert ids_in(came) == served.ids()[: len(ids_in(came))] != []
        served.sandbox.on_search = None
        *_, error, hint = outcome.err.splitlines()
        assert outcome.status == 1
        assert error.startswith("error: no more?[2J (HTTP 400, VALIDATION_ERROR")
        how = hint.partition("go on with: ")[2]
        assert shlex.split(how) == ["enkash-async", *map(str, command), "--resume"]
        assert execute(served, *shlex.split(how)[1:]).status == 0
        assert ids_in(target.read_bytes()) == served.ids()
    assert os.listdir(tmp_path) == [target.name]


def test_a_full_disk_is_one_line(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    assert call(*small("export", "--quiet", "-o", "/dev/full")) == 1
    assert capsys.readouterr().err == "error: /dev/full: No space left on device\n"


# Credentials


def test_a_wrong_password_is_tried_once(execute: Execute) -> None:
    with serving() as served:
        outcome = execute(served, *EXPORT, env=with_password(served.sandbox, WRONG))
        assert served.sandbox.token_requests == 1
    assert outcome.status == 3
    assert "error: the token endpoint refused the login" in outcome.err


def test_a_wrong_token_is_refused_too(execute: Execute) -> None:
    with serving() as served:
        env = with_token(served.sandbox) | {"ENKASH_TOKEN": WRONG}
        outcome = execute(served, "customers", "count", env=env)
    assert (outcome.status, outcome.out) == (3, b"")


@pytest.mark.parametrize("command", ["count", "export"])
def test_credentials_that_may_not_do_this_are_refused_too(execute: Execute, command: str) -> None:
    async def forbid(call: SearchCall) -> web.Response | None:
        error = {"errorMessage": "no", "errorType": "INVALID_ACCESS"}
        return web.json_response({"errorResponse": error}, status=403)

    with serving() as served:
        served.sandbox.on_search = forbid
        outcome = execute(served, "customers", command)
    assert (outcome.status, outcome.out) == (3, b"")
    assert "INVALID_ACCESS" in outcome.err


def test_the_right_password_works_at_the_address_of_the_option(execute: Execute) -> None:
    with serving() as served:
        env = with_password(served.sandbox, served.sandbox.password) | {
            "ENKASH_BASE_URL": "https://no.example"
        }
        address = ("--base-url", served.sandbox.base_url)
        outcome = execute(served, "customers", "count", *address, env=env)
    assert (outcome.status, outcome.out, outcome.err) == (0, b"300\n", "")


def test_missing_environment_is_named_in_one_line(
    call: Call, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("customers", "count") == 2
    address_missing = capsys.readouterr().err
    monkeypatch.setenv("ENKASH_BASE_URL", "https://api.example")
    monkeypatch.setenv("ENKASH_USERNAME", "someone")
    assert call("customers", "export", "-o", os.devnull) == 2
    credentials_missing = capsys.readouterr().err
    assert "ENKASH_BASE_URL" in address_missing
    assert "ENKASH_TOKEN" in credentials_missing
    assert "ENKASH_PASSWORD" in credentials_missing
    assert address_missing.count("\n") == credentials_missing.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "variables", "named"),
    [
        ("http://api.example", {}, "--base-url must be https"),
        ("ftp://api.example", {"ENKASH_BASE_URL": "https://b.example"}, "--base-url must be an"),
        (None, {"ENKASH_BASE_URL": "http://api.example"}, "ENKASH_BASE_URL must be https"),
        ("https://api.example", {"ENKASH_TOKEN": "a b"}, "ENKASH_TOKEN must be printable"),
        ("https://api.example", {"ENKASH_TOKEN_FILE": "a b"}, "ENKASH_TOKEN_FILE must be"),
        (None, {"ENKASH_BASE_URL_FILE": "api.example"}, "ENKASH_BASE_URL_FILE must be an"),
    ],
)
def test_what_cannot_be_used_is_named_as_it_was_given(
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    given: str | None,
    variables: dict[str, str],
    named: str,
) -> None:
    if "ENKASH_TOKEN_FILE" not in variables:
        monkeypatch.setenv("ENKASH_TOKEN", "t")
    for name, value in variables.items():
        file = tmp_path / name
        file.write_text(value)
        monkeypatch.setenv(name, str(file) if name.endswith("_FILE") else value)
    address = [] if given is None else ["--base-url", given]
    assert call("customers", "count", *address) == 2
    assert capsys.readouterr().err.startswith(f"error: {named}")


def test_explain_without_a_count_says_that_it_is_unknown(execute: Execute) -> None:
    with serving(count_style="missing") as served:
        outcome = execute(served, "customers", "explain")
    assert outcome.status == 0
    first, *_, last = outcome.out.decode().splitlines()
    assert first == "customers      unknown"
    assert last == "found          the service sends no recordsCount"


# Count and get


def test_count_prints_the_number(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*small("count", "--status", "ACTIVE")) == 0
    active = sum(record["active"] for record in invented(20))
    assert capsys.readouterr().out == f"{active}\n"


def test_get_prints_the_record_as_it_is_on_the_wire(
    call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = invented(20)[7]
    assert call(*small("get", wanted["customerId"])) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert decode(out.encode()) == wanted


def test_get_indents_on_a_terminal(
    call: Call, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = invented(20)[7]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert call(*small("get", wanted["customerId"])) == 0
    assert "\n  " in capsys.readouterr().out


@pytest.mark.parametrize("debug", [False, True])
def test_an_unknown_id_is_an_error(
    call: Call, capsys: pytest.CaptureFixture[str], debug: bool
) -> None:
    assert call(*small("get", "nobody", *(["--debug"] * debug))) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith("error: no customer has the id 'nobody'")
    assert (RecordNotFoundError.__name__ in err) is debug


EXPLAIN = ("customers", "explain", "--json")


@pytest.mark.parametrize(("rows", "windows"), [(100, 1), (320, 1), (330, 3), (600, 8)])
def test_explain_says_into_how_many_windows_a_crawl_cuts(
    execute: Execute, rows: int, windows: int
) -> None:
    with serving(rows=rows) as served:
        done = execute(served, *EXPLAIN, "--page-size", 20)
        before = len(served.sandbox.searches)
        execute(served, "customers", "export", "--method", "crawl", "--page-size", 20)
        asked = served.sandbox.searches[before:]
    assert msgspec.json.decode(done.out)["windows"] == windows
    # All rows are counted in no window, and in the one that is cut.
    read = {(call.body.get("createdOnFrom"), call.body.get("createdOnTo")) for call in asked}
    assert len(read) == windows + (1 if windows == 1 else 2)


@pytest.mark.parametrize(
    ("bad", "settings", "rows"),
    [((), {}, 50), ((3,), {}, 50), ((0, 7, 49), {}, 50), ((3,), {"page_cap": 20}, 20)],
)
def test_explain_counts_the_rows_that_came(
    execute: Execute, bad: tuple[int, ...], settings: dict[str, Any], rows: int
) -> None:
    """A record that cannot be read is no sign of a cap."""
    with serving(rows=100, **settings) as served:

        async def spoil(call: SearchCall) -> web.Response | None:
            found = served.sandbox.records()
            for place in bad:
                found[place]["customerId"] = []
            page = found[call.offset : call.offset + min(call.limit, rows)]
            payload = {"data": page, "recordsCount": len(found)}
            body = {"response_code": 0, "errorResponse": None, "payload": payload}
            return web.Response(body=msgspec.json.encode(body), content_type="application/json")

        if bad:
            served.sandbox.on_search = spoil
        done = execute(served, *EXPLAIN, "--page-size", 50)
    found = msgspec.json.decode(done.out)
    said = [text for text in found["findings"] if "a page holds at most" in text]
    assert (found["customers"], found["page_size"], found["page_rows"]) == (100, 50, rows)
    assert [f"at most {rows} records" in text for text in said] == [True] * (rows < 50)


DAY = {"createdOnFrom": "2026-03-08T00:00:00Z", "createdOnTo": "2026-03-08T23:59:59.999999Z"}


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("--created-from=2026-03-08 --created-to=2026-03-08", DAY),
        ("--created-from=20260308 --created-to=2026-W10-7", DAY),
        ('{"createdOnFrom": "2026-03-08", "created_on_to": "2026-03-08"}', DAY),
        ("created_on_from = 2026-03-08\ncreated_on_to = 2026-03-08", DAY),
        ('created_on_from = "2026-03-08"\ncreated_on_to = "2026-W10-7"', DAY),
        ("--modified-on=2026-03-08", {"modifiedOn": "2026-03-08T00:00:00Z"}),
        ('{"modifiedOn": "2026-03-08"}', {"modifiedOn": "2026-03-08T00:00:00Z"}),
        ("--created-to=2026-03-08T05:30:00+05:30", {"createdOnTo": "2026-03-08T00:00:00Z"}),
    ],
)
def test_a_day_means_what_it_means_in_python(
    execute: Execute, tmp_path: Path, text: str, body: dict[str, str]
) -> None:
    path = tmp_path / "filter"
    path.write_text(text)
    options = text.split() if text.startswith("--") else ["--filter-file", path]
    with serving(rows=3) as served:
        assert execute(served, "customers", "count", *options).status == 0
        assert served.sandbox.searches[0].body == body


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (("get", ""), {}, "customer_id must not be empty"),
        (("get", "KC\udcff"), {}, "customer_ids must be text that can be written as UTF-8"),
        (("get", "KC\n"), {}, "control characters"),
        (("count", "--sandbox"), {"ENKASH_LOG": "loud"}, "ENKASH_LOG must be debug or info"),
        (("count", "--company-id", "\udcff"), {}, "company_id must be text"),
        (("count", "--dso-from", "5", "--dso-to", "3"), {}, "dso_from must not lie after dso_to"),
        (
            ("count", "--created-from", "2024-12-02T00:00Z", "--created-to", "2024-12-01"),
            {},
            "--created-from must not lie after --created-to",
        ),
        (("windows", "--created-from", "2999-01-01"), {}, "--created-from lies in the future"),
    ],
)
def test_what_cannot_be_asked_is_wrong_usage_and_not_asked(
    execute: Execute, arguments: tuple[str, ...], variables: dict[str, str], said: str
) -> None:
    with serving(rows=3) as served:
        env = with_token(served.sandbox) | variables
        outcome = execute(served, "customers", *arguments, env=env)
        assert (outcome.status, outcome.out) == (2, b"")
        assert said in outcome.err
        assert not served.sandbox.searches


# Usage


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rows", 5), "--rows goes with --sandbox"),
        (("--sandbox", "--base-url", "https://x.example"), "exclude each other"),
        (("--sandbox", "--page-size", 5001), "5001"),
        (("--sandbox", "--max-rate", 0), "--max-rate"),
        (("--sandbox", "--status", "odd"), "odd"),
        (("--sandbox", "--created-from", "2024-13-01"), "no ISO date"),
        (("--sandbox", "--created-from", "2024-12-01T10:00"), "no zone"),
        (("--sandbox", "--created-from", "2024-12-02", "--created-to", "2024-12-01"), "after"),
        (("--sandbox", "--rows", 1, "--order-by", "", "-o", os.devnull), "order_by"),
        (("--sandbox", "-o", "/no/such/folder/file"), "No such file or directory"),
        (("--sandbox", "-o", "x.json"), "no export is written as .json"),
        (("--sandbox", "-o", "x.csv", "--format", "jsonl"), "named as csv"),
        (("--sandbox", "-o", "/usr/"), "which no export in this form has finished"),
        (("--sandbox", "--columns", "nobody"), "no column"),
        (("--sandbox", "--rename", "x"), "OLD=NEW"),
        (("--sandbox", "--resume"), "stream cannot be gone on with"),
        (("--sandbox", "--method", "crawl", "--order-by", "id"), "is for search"),
        ((f"--token={WRONG}",), "No such option"),
        (("--sandbox", "--max-rate", "nan"), "--max-rate"),
        (("--sandbox", "--csv-bom"), "style of CSV"),
        (("--sandbox", "--csv-flat", "-o", "x.parquet"), "style of CSV"),
        (("--sandbox", "--columns", ""), "--columns names no column"),
        (("--sandbox", "--mask", " , "), "--mask names no column"),
    ],
)
def test_wrong_usage(
    call: Call, capsys: pytest.CaptureFixture[str], arguments: tuple[object, ...], said: str
) -> None:
    assert call("customers", "export", *arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert WRONG not in err


def test_no_option_takes_a_secret_or_personal_data(
    call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("customers", "export", "--help") == 0
    text = capsys.readouterr().out
    for name in ("token", "secret", "password", "pan", "ifsc", "account", "contact", "phone"):
        assert f"--{name}" not in text
    assert "Exit status:" in text


def test_sandbox_has_the_options_of_the_server(
    call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        call("sandbox", "--help")
    assert ended.value.code == 0
    assert "--count-style" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["click", "tqdm"])
def test_without_the_extra_one_sentence_says_what_to_install(
    call: Call, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    for module in [module for module in sys.modules if module.startswith("enkash_async.cli.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    assert call("customers", "count") == 2
    assert "pip install 'enkash-async[cli]'" in capsys.readouterr().err


def test_interrupted_before_it_began(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("enkash_async.cli.commands.run_job", interrupt)
    assert call(*small("count")) == 130


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (EnKashError("x"), 1),
        (RecordNotFoundError("x", 200), 1),
        (AuthenticationError("x"), 3),
        (UnauthorizedError("x", 401), 3),
        (InvalidAccessError("x", 403), 3),
        (ConfigurationError("x"), 2),
        (IncompleteSearchError("x"), 4),
        (OSError("x"), 1),
    ],
)
def test_status_of_an_error(error: Exception, status: int) -> None:
    assert status_of(error) == status


# Broken off from outside


async def test_a_reader_that_goes_away_is_no_error() -> None:
    export = shlex.join([*COMMAND, *EXPORT])
    script = f"{export} | head -n 1; exit ${{PIPESTATUS[0]}}"
    async with open_sandbox(SandboxSettings(rows=ROWS)) as sandbox:
        done = await anyio.run_process(["bash", "-c", script], check=False, env=with_token(sandbox))
        assert ids_in(done.stdout) == sandbox.customer_ids()[:1]
    assert (done.returncode, done.stderr) == (141, b"")


def held_from(offset: int) -> tuple[anyio.Event, Callable[[SearchCall], Awaitable[None]]]:
    """Return a hook that never answers a page from *offset* on, and the event of its coming."""
    came = anyio.Event()

    async def hold(call: SearchCall) -> None:
        if call.offset >= offset:
            came.set()
            await anyio.sleep_forever()

    return came, hold


needs_sigint, needs_sighup = (
    pytest.mark.skipif(
        signal.getsignal(number) == signal.SIG_IGN,
        reason=f"started with {number.name} ignored, as {by} does; the command respects that",
    )
    for number, by in ((signal.SIGINT, "a shell in the background"), (signal.SIGHUP, "nohup"))
)


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGTERM, 143),
        pytest.param(signal.SIGHUP, 129, marks=needs_sighup),
        pytest.param(signal.SIGINT, 130, marks=needs_sigint),
    ],
)
async def test_a_signal_leaves_what_can_be_gone_on_with(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    account, folder = tmp_path / "account.json", tmp_path / "out"
    folder.mkdir()
    target = folder / "customers.jsonl"
    # With one request in flight, two pages wait at most: when the tenth is asked for, some are
    # written.
    options = ["--page-size", "20", "--method", "search", "--concurrency", "1"]
    command = [*COMMAND, *EXPORT, *options, "-o", str(target), "--json", str(account)]
    async with open_sandbox(SandboxSettings(rows=ROWS)) as sandbox:
        came, sandbox.on_search = held_from(190)
        async with await anyio.open_process(
            command, stderr=PIPE, env=with_token(sandbox)
        ) as process:
            with anyio.fail_after(20):
                await came.wait()
                process.send_signal(number)
                assert process.stderr
                err = await process.stderr.receive()
                while b"a second signal" not in err:
                    err += await process.stderr.receive()
                process.send_signal(number)
                assert await process.wait() == status
            err += b"".join([chunk async for chunk in process.stderr])
        assert b"Traceback" not in err
        assert b"--resume" in err.splitlines()[-1]
        assert not target.exists()
        assert decode(account.read_bytes())["status"] == status
        for name in os.listdir(folder):
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
        sandbox.on_search = None
        done = await anyio.run_process([*command, "--resume"], env=with_token(sandbox))
        assert b"going on after" in done.stderr
        assert ids_in(target.read_bytes()) == sandbox.customer_ids()
    assert os.listdir(folder) == [target.name]


async def test_sigterm_ends_an_export_whose_reader_is_stuck() -> None:
    reader, writer = os.pipe()
    try:
        async with open_sandbox(SandboxSettings(rows=ROWS)) as sandbox:
            command = [*COMMAND, *EXPORT, "--page-size", "200", "--method", "search"]
            # The pipe holds less than the first page; the second page is asked for behind it.
            came, sandbox.on_search = held_from(1)
            async with await anyio.open_process(
                command, stdout=writer, stderr=PIPE, env=with_token(sandbox)
            ) as process:
                with anyio.fail_after(20):
                    await came.wait()
                    process.send_signal(signal.SIGTERM)
                    assert await process.wait() == 143
    finally:
        os.close(reader)
        os.close(writer)
