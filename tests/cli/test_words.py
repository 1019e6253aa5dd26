"""What the command says to people: it commands no terminal, and can be acted on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from enkash_async.cli import main
from enkash_async.cli.words import say, say_lines, shell_line

HARMFUL = "\x1b]0;title\x07\x9b2J\u202e\x7f\u2066"
"""A title, a cleared screen, a direction of writing, and what has no width."""


def is_harmless(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["enkash-async", *arguments])
    return main(), capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["-o", f"missing{HARMFUL}/x.jsonl"],
        ["-o", "x.csv", "--columns", HARMFUL],
        ["-o", "x.csv", "--columns", HARMFUL, "--debug"],
        ["--filter-file", HARMFUL],
        ["--format", HARMFUL],
        [f"--{HARMFUL}"],
        ["--json", f"missing{HARMFUL}/x"],
        ["--base-url", HARMFUL],
    ],
    ids=lambda arguments: arguments[0] + arguments[-1][:7],
)
def test_names_in_a_refusal_command_no_terminal(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    command = ["customers", "export", "--sandbox", "--rows", "5", *arguments]
    status, said = run(monkeypatch, capsys, *command)

    assert status == 2
    assert is_harmless(said)
    assert "\nerror: " in f"\n{said.lower()}"


def test_the_name_of_a_script_of_faults_commands_no_terminal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / HARMFUL).write_text("no TOML")
    with pytest.raises(SystemExit):
        run(monkeypatch, capsys, "sandbox", "--faults", HARMFUL)

    assert is_harmless(capsys.readouterr().err)


def test_an_account_on_stderr_is_the_same_json_and_commands_no_terminal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"two  blanks {HARMFUL}.jsonl"
    command = ["customers", "export", "--sandbox", "--rows", "5", "--quiet", "--json", "-o", name]
    status, said = run(monkeypatch, capsys, *command)

    assert status == 0
    assert is_harmless(said)
    assert json.loads(said)["path"] == str(folder / name)


@pytest.mark.parametrize(
    "argument",
    [
        "",
        "plain",
        "two  blanks",
        "it's",
        "back\\slash",
        "\u00e9\u202e7",
        HARMFUL,
        "\x1b'1\\n\n",
        "\udcff1",
    ],
    ids=ascii,
)
def test_a_command_to_go_on_with_is_read_as_it_was_given(argument: str) -> None:
    line = shell_line(["printf", "%s", argument])
    assert is_harmless(line)
    assert "\n" not in line

    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert done.stdout == argument.encode(errors="surrogateescape")


def test_a_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"a\n{HARMFUL}\rb\u2028c")

    said = capsys.readouterr().err
    assert is_harmless(said)
    assert said.count("\n") == 1


def test_several_lines_keep_their_indents(capsys: pytest.CaptureFixture[str]) -> None:
    say_lines(f"one\n  two {HARMFUL}\n\n    three")

    said = capsys.readouterr().err
    assert is_harmless(said)
    assert [len(line) - len(line.lstrip()) for line in said.split("\n")] == [0, 2, 0, 4, 0]


@pytest.mark.parametrize("stream", [None, "closed"])
def test_nobody_to_tell_is_no_error(
    stream: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    closed = (tmp_path / "closed").open("w")
    closed.close()
    monkeypatch.setattr(sys, "stderr", None if stream is None else closed)

    say("nobody hears it")
