"""What is released: the same bytes whenever it is built, with what belongs there and no more."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = ("enkash_async", "enkash_async_command", "enkash_async_pytest", "pyspark_enkash")
SECRET = re.compile(rb"-----BEGIN|AKIA[0-9A-Z]{16}|gh[pousr]_\w{30}")


def build(into: Path) -> dict[str, Path]:
    """Build sdist and wheel with what is installed, without a network."""
    environ = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(into)]
    subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True, timeout=120)
    return {path.suffix: path for path in into.iterdir()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return build(tmp_path_factory.mktemp("dist"))


def contents(path: Path) -> dict[str, bytes]:
    """Return the files of a release; those of an sdist without its top folder."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    with tarfile.open(path) as sdist:
        read = {member.name: sdist.extractfile(member) for member in sdist if member.isfile()}
        return {name.partition("/")[2]: file.read() for name, file in read.items() if file}


def package_files() -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_building_twice_gives_the_same_bytes(built: dict[str, Path], tmp_path: Path) -> None:
    again = build(tmp_path)
    assert sorted(again) == [".gz", ".whl"]
    for suffix, path in built.items():
        assert again[suffix].name == path.name
        digests = {hashlib.sha256(one.read_bytes()).hexdigest() for one in (path, again[suffix])}
        assert len(digests) == 1, suffix


def test_the_wheel_holds_the_package_its_metadata_and_nothing_else(built: dict[str, Path]) -> None:
    names = set(contents(built[".whl"]))
    [metadata] = {name.split("/")[0] for name in names if ".dist-info/" in name}
    files = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    assert names == package_files() | {f"{metadata}/{name}" for name in files}
    assert "enkash_async/py.typed" in names


def test_the_sdist_holds_what_a_packager_needs(built: dict[str, Path]) -> None:
    names = set(contents(built[".gz"]))
    wanted = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md", "PKG-INFO"}
    assert names >= wanted | package_files()
    assert {"tests/conftest.py", "docs/guarantees.md"} <= names
    # What hatchling adds by itself: its metadata, and the file that says what is left out.
    known = {*PACKAGES, "tests", "examples", "docs", "benchmarks", "CONTRIBUTING.md"}
    assert {name.split("/")[0] for name in names} <= wanted | known | {".gitignore"}


def test_no_release_holds_junk_or_secrets(built: dict[str, Path]) -> None:
    for path in built.values():
        for name, content in contents(path).items():
            assert not re.search(
                r"__pycache__|\.pyc$|\.env|\.venv|\.hypothesis|\.jsonl$|\.part$", name
            )
            assert str(ROOT).encode() not in content, name
            if name != "tests/test_release.py":
                assert SECRET.search(content) is None, name


def test_the_version_is_the_one_that_the_changelog_begins_with(built: dict[str, Path]) -> None:
    [version] = re.findall(r"^Version: (.+)$", contents(built[".gz"])["PKG-INFO"].decode(), re.M)
    assert version in built[".whl"].name
    assert version in (ROOT / "CHANGELOG.md").read_text()


def test_the_lowest_versions_are_stated_for_every_dependency() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    for requirement in [*PROJECT["project"]["dependencies"], *extras["cli"]]:
        assert re.fullmatch(r"[a-z-]+>=[0-9.]+", requirement), requirement
