"""What the export command adds: filters from files, accounts for machines, ends from outside."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import pyarrow.parquet
import pytest

from enkash_async import CustomerFilter
from enkash_async.cli import main
from enkash_async.cli.filter_file import read_filter
from enkash_async.sandbox import SandboxSettings, SearchCall, open_sandbox
from tests.export.killed import survives

pytestmark = pytest.mark.anyio

ROWS = ("--sandbox", "--rows", "40")
COMMAND = [sys.executable, "-m", "enkash_async.cli"]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    for name in [name for name in os.environ if name.startswith("ENKASH_")]:
        monkeypatch.delenv(name)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["enkash-async", *map(str, arguments)])
        status = main()
        return status, *capsys.readouterr()

    return run


# Errors


@pytest.mark.parametrize(
    "error", [pyarrow.ArrowInvalid("no row group"), TypeError("no str"), KeyError("a")], ids=repr
)
def test_what_is_no_misuse_is_shown_and_can_be_gone_on_from(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Some libraries' errors are ValueErrors, and may come after all records did."""

    def write_table(*_: object, **__: object) -> None:
        raise error

    path = tmp_path / "c.parquet"
    with monkeypatch.context() as broken:
        broken.setattr("pyarrow.parquet.ParquetWriter.write_table", write_table)
        status, _, err = call("customers", "export", *ROWS, "-o", path, "--json")
    account = next(json.loads(line) for line in err.splitlines() if line.startswith("{"))
    assert (status, account["status"], account["error"]) == (1, 1, type(error).__name__)
    assert "Traceback" in err
    assert f"error: {type(error).__name__}: {error}" in err
    assert err.splitlines()[-1].startswith("40 records are in ")
    assert call("customers", "export", *ROWS, "-o", path, "--resume")[0] == 0
    assert pyarrow.parquet.read_table(path).num_rows == 40


@pytest.mark.parametrize("debug", [False, True])
def test_a_misuse_has_its_traceback_for_who_looks_for_it(
    call: Any, tmp_path: Path, debug: bool
) -> None:
    options = ("--columns", "nope", *["--debug"] * debug)
    status, _, err = call("customers", "export", *ROWS, "-o", tmp_path / "c.csv", *options)
    assert status == 2
    assert err.splitlines()[-1].startswith("error: there is no column 'nope'")
    assert ("Traceback" in err) is debug


def test_what_is_not_installed_is_no_defect(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    status, _, err = call("customers", "export", *ROWS, "-o", tmp_path / "c.jsonl.zst")
    assert status == 2
    assert err.splitlines()[-1].startswith("error: zstd needs zstandard, which is not installed")
    assert "Traceback" not in err


# Filters


def test_windows_are_filters_that_divide_the_customers(call: Any, tmp_path: Path) -> None:
    status, out, _ = call("customers", "windows", *ROWS, "--max-records", 15)
    lines = out.splitlines()
    assert status == 0
    assert len(lines) >= 3
    ids = list[str]()
    for number, line in enumerate(lines):
        path, target = tmp_path / "filter.json", tmp_path / f"{number}.jsonl"
        path.write_text(line)
        assert call("customers", "export", *ROWS, "--filter-file", path, "-o", target)[0] == 0
        ids += [json.loads(one)["customerId"] for one in target.read_text().splitlines()]
    assert len(ids) == len(set(ids)) == 40


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("f.json", '{"panOrGstin": "ABCDE1234F", "created_on_from": "2024-01-01"}'),
        ("f.toml", 'panOrGstin = "ABCDE1234F"\ncreatedOnFrom = 2024-01-01T00:00:00Z'),
        ("f.toml", 'panOrGstin = "ABCDE1234F"\ncreatedOnFrom = 2024-01-01'),
        ("f.toml", 'panOrGstin = "ABCDE1234F"\ncreatedOnFrom = 2024-01-01T05:30:00+05:30'),
        ("f", 'pan_or_gstin = "ABCDE1234F"\ncreated_on_from = "2024-01-01"'),
        ("f", '{"panOrGstin": "ABCDE1234F", "createdOnFrom": "20240101", "modifiedOn": null}'),
    ],
)
def test_a_filter_file_is_json_or_toml(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    fields = read_filter(str(tmp_path / name))
    assert CustomerFilter(**fields).as_wire() == {
        "panOrGstin": "ABCDE1234F",
        "createdOnFrom": "2024-01-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"legalNames": "x"}', "no field 'legalNames'"),
        ('{"level": "LEVEL_1", "level ": 1}', "no field"),
        ('{"createdOnFrom": "2024-13-01"}', "no ISO date"),
        ('{"createdOnFrom": 12}', "must be an ISO time"),
        ('{"legalName": 12}', "legal_name must be a str"),
        ('{"level": "LEVEL_1"}\n{"level": "LEVEL_2"}', "more than one filter"),
        ('{"level": ', "no JSON"),
        ("", "is empty"),
        ("level", "no TOML"),
        ('{"customerStatus": "ACTIVE"}', "as an option and in"),
        ("[]", "filter.json must hold one JSON object, and holds a list; give one of its filters"),
        ("[7]", "filter.json must hold one JSON object, and holds a list; give one of its filters"),
        ("[" * 100_000, "filter.json holds what cannot be a filter"),
        ('{"dsoFrom": ' + "9" * 5000 + "}", "filter.json holds what cannot be a filter"),
        (
            '{"createdOnFrom": "2024-01-01T10:00"}',
            "created_on_from: '2024-01-01T10:00' has no zone",
        ),
        ("created_on_from = 2024-01-01T10:00:00", "has no zone; add one, such as Z or +05:30"),
        (
            "created_on_from = 10:00:00",
            "created_on_from must be an ISO time with a zone, or a date",
        ),
        ('{"balanceAmount": "much"}', "filter.json: balance_amount is no amount"),
        ('{"legalName": "\udcff"}', "filter.json is no UTF-8"),
        ('legalName = "\udcff"', "filter.toml is no UTF-8"),
    ],
)
def test_a_filter_file_that_cannot_be_used(call: Any, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / ("filter.json" if text[:1] in ("{", "[") else "filter.toml")
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    status, out, err = call(
        "customers", "count", *ROWS, "--status", "ACTIVE", "--filter-file", path
    )
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_filter_from_stdin_and_credentials_from_files(tmp_path: Path) -> None:
    async def run() -> None:
        async with open_sandbox(SandboxSettings(rows=40)) as sandbox:
            (tmp_path / "token").write_text(sandbox.token + "\n")
            env = {
                "ENKASH_BASE_URL": sandbox.base_url,
                "ENKASH_TOKEN_FILE": str(tmp_path / "token"),
            }
            wanted = sandbox.customer_ids()[3]
            done = await anyio.run_process(
                [
                    sys.executable,
                    "-m",
                    "enkash_async.cli",
                    *["customers", "count", "--filter-file", "-"],
                ],
                input=json.dumps({"customerIds": [wanted]}).encode(),
                env=env,
            )
            assert done.stdout == b"1\n"

    anyio.run(run)


# What is said


def test_an_account_in_a_pipe_is_written_once(call: Any, tmp_path: Path) -> None:
    """Its reader would take an empty one for the end."""
    pipe = tmp_path / "account"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        account = pool.submit(pipe.read_text)
        options = ["--quiet", "-o", tmp_path / "c.csv", f"--json={pipe}"]
        assert call("customers", "export", *ROWS, *options) == (0, "", "")
        assert json.loads(account.result())["records"] == 40


def test_an_account_for_machines(call: Any, tmp_path: Path) -> None:
    target, account = tmp_path / "c.csv", tmp_path / "account.json"
    options = ["--quiet", "-o", target, f"--json={account}"]
    assert call("customers", "export", *ROWS, *options) == (0, "", "")
    found = json.loads(account.read_text())
    assert (found["status"], found["verdict"], found["records"]) == (0, "COMPLETE", 40)
    assert found["path"] == str(target)
    assert found["report"]["records_delivered"] == 40

    status, _, err = call("customers", "export", *ROWS, "--quiet", "-o", "/dev/full", "--json")
    assert status == 1
    failed = json.loads(err.splitlines()[0])
    assert (failed["status"], failed["error"]) == (1, "OSError")
    assert err.splitlines()[-1] == "error: /dev/full: No space left on device"

    # What could not be told in the end is not begun.
    for place, said in {
        tmp_path / "no" / "a.json": "cannot write",
        target: "file of its own",
        tmp_path / f"{target.name}.state": "file of its own",
        tmp_path / f"{target.name}.bad.jsonl": "file of its own",
    }.items():
        before = target.read_bytes()
        status, _, err = call("customers", "export", *ROWS, "-o", target, f"--json={place}")
        assert (status, target.read_bytes()) == (2, before)
        assert said in err


def test_a_folder_of_parts(call: Any, tmp_path: Path) -> None:
    folder = tmp_path / "out.csv"
    options = ["-o", f"{folder}/", "--parts", 30, "--json"]
    status, _, err = call("customers", "export", *ROWS, *options)
    assert status == 0
    assert json.loads(err.splitlines()[-1])["parts"] == 2
    assert sorted(os.listdir(folder)) == ["_SUCCESS", "part-00000.csv", "part-00001.csv"]
    account = folder / "account.json"
    status, _, err = call("customers", "export", *ROWS, *options[:4], f"--json={account}")
    assert (status, account.exists()) == (2, False)
    assert "file of its own" in err
    (folder / "mine").touch()
    status, _, err = call("customers", "export", *ROWS, *options)
    assert (status, "holds mine" in err) == (2, True)


def test_an_account_of_another_run_is_not_left(call: Any, tmp_path: Path) -> None:
    account = tmp_path / "account.json"
    account.write_text("{}")
    options = ["-o", tmp_path / "c.xlsx", "--json", account]
    assert call("customers", "export", *ROWS, *options)[0] == 2
    assert json.loads(account.read_text())["status"] == 2
    options = ["-o", f"{tmp_path}/c.csv", "--rename", "id", "--json", account]
    assert call("customers", "export", *ROWS, *options)[0] == 2
    assert account.read_text() == ""


def test_an_account_that_cannot_be_written_in_the_end(call: Any, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    options = ["-o", tmp_path / "c.csv", "--quiet", "--json", "/dev/full"]
    status, _, err = call("customers", "export", *ROWS, *options)
    assert (status, err) == (1, "error: /dev/full: No space left on device\n")
    assert (tmp_path / "c.csv").exists()


def test_more_is_shown_where_it_is_asked_for(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    levels = list[str]()
    monkeypatch.setattr("enkash_async.session.log.show_at", levels.append)
    for options in ([], ["-v"], ["-vv"]):
        monkeypatch.setattr(os, "environ", {**os.environ, "ENKASH_LOG": ""})
        assert call("customers", "count", *ROWS, *options)[0] == 0
    monkeypatch.setattr(os, "environ", {**os.environ, "ENKASH_LOG": "debug"})
    assert call("customers", "count", *ROWS, "--verbose")[0] == 0
    assert levels == ["", "info", "debug", "info"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"level": "LEVEL_1"}]', "must hold one JSON object, and holds a list"),
        ("[ ]", "must hold one JSON object, and holds a list"),
        ('[\n  "LEVEL_1"\n]', "must hold one JSON object, and holds a list"),
        ('[filter]\nlevel = "LEVEL_1"', "a filter has no field 'filter'"),
        ("[filter", "is no TOML"),
    ],
)
def test_a_list_is_not_taken_for_toml(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "filter"
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        read_filter(str(path))


@pytest.mark.parametrize(
    ("command", "way"),
    [
        (("export",), "customers export"),
        (("windows", "--sandbox"), "customers windows"),
        (("customers", "sandbox"), "sandbox"),
    ],
)
def test_a_command_that_stands_elsewhere_is_named(
    call: Any, command: tuple[str, ...], way: str
) -> None:
    status, _, err = call(*command)
    assert status == 2
    assert f"No such command '{command[-1 if way == 'sandbox' else 0]}' here" in err
    assert err.endswith(f"there is 'enkash-async {way}'.\n")


@pytest.mark.parametrize("command", [("exports",), ("customers", "exports")])
def test_one_that_stands_nowhere_is_unknown(call: Any, command: tuple[str, ...]) -> None:
    status, _, err = call(*command)
    assert (status, "No such command 'exports'" in err, "there is" in err) == (2, True, False)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (0, "0 records in 1 page, "),
        (1, "sandbox: 1 invented customer, "),
        (1, "1 record in 2 pages, "),
        (12, "12 records in 2 pages, "),
    ],
)
def test_a_number_and_its_noun_agree(call: Any, tmp_path: Path, rows: int, said: str) -> None:
    reading = ("--sandbox", "--rows", rows, "--method", "search", "--page-size", 10)
    status, _, err = call("customers", "export", *reading, "-o", tmp_path / "c.jsonl")
    assert status == 0
    assert said in err


def test_explain_asks_little_and_writes_nothing(call: Any, tmp_path: Path) -> None:
    status, out, _ = call("customers", "explain", *ROWS, "--json")
    found = json.loads(out)
    assert status == 0
    assert (found["customers"], found["method"], found["windows"]) == (40, "crawl", 1)
    assert found["bytes"] > 40 * 500
    assert "recordsCount counts all matches" in found["findings"]
    status, out, _ = call("customers", "explain", *ROWS, "--order-by", "createdOn")
    assert "read by        search" in out


@pytest.mark.parametrize(
    ("option", "customers"),
    [
        (("--created-from", "1980-01-01"), 40),
        (("--created-to", "1980-01-01"), 0),
        (("--created-from", "1980-01-01", "--created-to", "2100-01-01"), 40),
    ],
)
def test_days_on_the_command_line(
    call: Any, tmp_path: Path, option: tuple[str, ...], customers: int
) -> None:
    path = tmp_path / "c.jsonl"
    assert call("customers", "export", *ROWS, *option, "-o", path)[0] == 0
    assert len(path.read_bytes().splitlines()) == customers
    status, out, _ = call("customers", "explain", *ROWS, *option, "--json")
    assert (status, json.loads(out)["customers"]) == (0, customers)


def test_the_completion_script_names_commands_and_options(call: Any, tmp_path: Path) -> None:
    status, script, _ = call("completion", "bash")
    assert status == 0
    test = (
        "COMP_WORDS=(enkash-async customers export --res); COMP_CWORD=3; _enkash_async;"
        ' echo "${COMPREPLY[@]}"; COMP_WORDS=(enkash-async cust); COMP_CWORD=1; _enkash_async;'
        ' echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script + test], capture_output=True, text=True, check=True, env={}
    )
    assert done.stdout == "--resume\ncustomers\n"


def test_data_commands_no_terminal() -> None:
    near, far = pty.openpty()
    try:
        answer = b'{"customerId":"K1","legalName":"a\\u009b2J\\u202eb"}'.decode("unicode_escape")

        async def run() -> None:
            from aiohttp import web

            async def hook(call: SearchCall) -> web.Response:
                body = f'{{"payload":{{"data":[{answer}],"recordsCount":1}}}}'
                return web.Response(text=body, content_type="application/json")

            async with open_sandbox(SandboxSettings(rows=1)) as sandbox:
                sandbox.on_search = hook
                command = ["customers", "export", "--quiet", "--method", "search"]
                await anyio.run_process(
                    [*COMMAND, *command],
                    stdout=far,
                    env={"ENKASH_BASE_URL": sandbox.base_url, "ENKASH_TOKEN": sandbox.token},
                )

        anyio.run(run)
        shown = os.read(near, 4096)
        assert b"a\\u009b2J\\u202eb" in shown
        assert json.loads(shown)["legalName"] == "a\x9b2J\u202eb"
    finally:
        os.close(near)
        os.close(far)


# Ends from outside


async def test_killed_again_and_again_the_file_is_the_same(tmp_path: Path) -> None:
    async with open_sandbox(SandboxSettings(rows=3000)) as sandbox:
        assert await survives(sandbox, tmp_path, "c.jsonl.gz", kills=1, seed=3) >= 1


INTERRUPTED_IMPORT = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, *rest):
        if name == "enkash_async.cli":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
signal.signal(signal.SIGINT, signal.default_int_handler)
from enkash_async_command import main
sys.exit(main())
"""


def test_an_interrupt_while_the_sdk_is_imported_says_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IMPORT], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")


def test_a_planted_link_or_part_is_not_followed(call: Any, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("keep")
    for name in ("c.jsonl.part", "c.jsonl.state.new", "c.jsonl.bad.jsonl.part"):
        (tmp_path / name).symlink_to(precious)
    status, _, err = call("customers", "export", *ROWS, "-o", tmp_path / "c.jsonl")
    assert status in (1, 2)
    assert "Traceback" not in err
    assert precious.read_text() == "keep"


def test_streams_that_are_closed(tmp_path: Path) -> None:
    command = f"{sys.executable} -m enkash_async.cli customers export {' '.join(ROWS)}"
    for redirection, status in {
        f"-o {tmp_path}/c.jsonl <&- >&- 2>&-": 0,
        "2>&- >/dev/null": 0,
        ">&-": 2,
    }.items():
        done = subprocess.run(
            ["bash", "-c", f"{command} {redirection}"], capture_output=True, check=False, env={}
        )
        assert done.returncode == status, redirection
        assert b"Traceback" not in done.stderr
    assert (tmp_path / "c.jsonl").read_bytes().count(b"\n") == 40


@pytest.mark.parametrize(
    "command", [["count"], ["windows"], ["get", "KC1"], ["explain"], ["explain", "--json"]]
)
def test_what_has_nowhere_to_go_is_not_asked_for(
    command: list[str], call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    status, _, said = call("customers", *command, *ROWS)

    assert (status, said) == (
        2,
        "error: stdout is closed, and what was asked for would go there\n",
    )


def test_a_non_blocking_pipe_gets_everything() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    command = ["customers", "export", "--sandbox", "--rows", "400", "--quiet"]
    with subprocess.Popen([*COMMAND, *command], stdout=writer) as p:
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            assert pipe.read().count(b"\n") == 400
    assert p.returncode == 0
