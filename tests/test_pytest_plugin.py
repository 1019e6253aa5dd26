"""The fixtures, as a project of somebody else's uses them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import enkash_async  # noqa: F401 - or every inner run would import it anew
from enkash_async.sandbox import FaultScript
from enkash_async.sandbox.faults.script import describe

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "docs" / "testing.md"

# Others are left out by name: that of hypothesis alone would double the time.
PLUGINS = ("enkash_async_pytest", "anyio.pytest_plugin", "no:cacheprovider")
OPTIONS = (*(f"-p{name}" for name in PLUGINS), "-Werror")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project in a folder of its own."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture
        def anyio_backend():
            return "asyncio"
        """
    )
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_inprocess(*OPTIONS, *arguments)


def test_plain_tests(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import asyncio
        import unittest
        import pytest
        from enkash_async import EnKashSession

        async def read():
            async with EnKashSession.from_env() as session:
                return [c.customer_id async for c in session.customers.search()]

        def test_a_loop_of_its_own(enkash_sandbox, enkash_environ):
            assert asyncio.run(read()) == enkash_sandbox.customer_ids()
            assert len(enkash_sandbox.customer_ids()) == 250
            assert enkash_sandbox.token_requests == 1

        def test_the_environment_wins_over_that_of_the_machine(monkeypatch, request):
            monkeypatch.setenv("ENKASH_TOKEN", "of another service")
            environ = request.getfixturevalue("enkash_environ")
            assert len(asyncio.run(read())) == 250
            assert environ["ENKASH_BASE_URL"].startswith("http://127.0.0.1:")

        @pytest.mark.usefixtures("enkash_environ")
        class TestInUnittestStyle(unittest.IsolatedAsyncioTestCase):
            async def test_read(self):
                self.assertEqual(len(await read()), 250)
        """
    )
    run(project).assert_outcomes(passed=3)


def test_tests_that_are_coroutines(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import asyncio
        import pytest
        from enkash_async import RetryPolicy
        from enkash_async.sandbox import Fault, FaultScript, faults

        pytestmark = pytest.mark.anyio

        @pytest.mark.enkash_sandbox(rows=30, faults='[[fault]]\\nkind = "reset"\\ntimes = 2')
        async def test_read(enkash_sandbox, make_enkash_session):
            async with make_enkash_session(retry=RetryPolicy(first_delay=0)) as session:
                search = session.customers.search()
                assert [c.customer_id async for c in search] == enkash_sandbox.customer_ids()
            assert search.report.retries == 2
            assert enkash_sandbox.faults_injected == {"reset": 2}
            assert len(enkash_sandbox.customer_ids()) == 30

        @pytest.mark.enkash_sandbox(faults=FaultScript([Fault(faults.Stall())]), page_cap=40)
        async def test_stalls_are_let_go_from_another_thread(enkash_sandbox, make_enkash_session):
            async with make_enkash_session() as session:
                counting = asyncio.create_task(session.customers.count())
                while not enkash_sandbox.faults_injected:
                    await asyncio.sleep(0)
                enkash_sandbox.release_stalls()
                assert await counting == 250
        """
    )
    run(project).assert_outcomes(passed=2)


def test_several_sandboxes(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from urllib.error import URLError
        from urllib.request import urlopen
        import pytest

        left = []

        def test_make(make_enkash_sandbox, enkash_sandbox):
            small, large = make_enkash_sandbox(rows=3), make_enkash_sandbox(rows=7, seed=2)
            assert [len(s.customer_ids()) for s in (small, large, enkash_sandbox)] == [3, 7, 250]
            assert len({s.base_url for s in (small, large, enkash_sandbox)}) == 3
            with urlopen(f"{small.base_url}/healthz") as response:
                assert response.read() == b"ok\\n"
            left.append(small)

        def test_they_end_with_their_test():
            with pytest.raises(URLError):
                urlopen(f"{left[0].base_url}/healthz")
        """
    )
    run(project).assert_outcomes(passed=2)


def test_what_is_wrong_with_a_marker_is_the_error_of_the_test(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.enkash_sandbox(faults='[[fault]]\\nkind = "rest"')
        def test_script(enkash_sandbox): ...

        @pytest.mark.enkash_sandbox(page_cap=0)
        def test_setting(enkash_sandbox): ...

        @pytest.mark.enkash_sandbox(10)
        def test_position(enkash_sandbox): ...

        @pytest.mark.enkash_sandbox(10)
        class TestOfAClass:
            @pytest.mark.enkash_sandbox(rows=5)
            def test_position(self, enkash_sandbox): ...
        """
    )
    result = run(project)
    result.assert_outcomes(errors=4)
    result.stdout.fnmatch_lines_random(
        [
            "*unknown kind 'rest' (did you mean 'reset'?)*",
            "*page_cap must be at least 1, got 0*",
            *["*the marker enkash_sandbox takes keywords, as in rows=10; got 10"] * 2,
        ]
    )


def test_markers_add_up_and_the_nearest_holds(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        of = pytest.mark.enkash_sandbox
        pytestmark = of(rows=2, page_cap=40, faults='[[fault]]\\nkind = "reset"')

        def held(sandbox):
            kinds = [fault.kind.name for fault in sandbox.faults.faults]
            return len(sandbox.customer_ids()), sandbox.settings.page_cap, kinds

        def test_of_the_module(enkash_sandbox):
            assert held(enkash_sandbox) == (2, 40, ["reset"])

        @of(rows=3)
        class TestBase:
            def test_of_the_class(self, enkash_sandbox):
                assert held(enkash_sandbox) == (3, 40, ["reset"])

            @of(faults=None, page_cap=None)
            def test_what_is_ended(self, enkash_sandbox):
                assert held(enkash_sandbox) == (3, None, [])

        @of(rows=4)
        class TestDerived(TestBase):
            def test_of_the_class(self, enkash_sandbox):
                assert held(enkash_sandbox) == (4, 40, ["reset"])

            def test_what_is_ended(self): ...

        @of(rows=5, page_cap=41)
        @pytest.mark.parametrize("rows", [5, pytest.param(6, marks=of(rows=6))])
        def test_of_a_parameter(enkash_sandbox, rows):
            assert held(enkash_sandbox) == (rows, 41, ["reset"])
        """
    )
    run(project).assert_outcomes(passed=7)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="https needs the program openssl")
def test_a_session_trusts_a_sandbox_that_serves_https(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import ssl
        import pytest
        from enkash_async import CertificateError, EnKashSession, RetryPolicy

        @pytest.mark.anyio
        @pytest.mark.enkash_sandbox(rows=3, tls=True)
        async def test_count(enkash_sandbox, make_enkash_session):
            async with make_enkash_session() as session:
                assert await session.customers.count() == 3
            trusting = ssl.create_default_context(cafile=enkash_sandbox.ca_file)
            async with EnKashSession.from_env(enkash_sandbox.environ, ssl=trusting) as session:
                assert await session.customers.count() == 3
            async with make_enkash_session(ssl=ssl.create_default_context()) as session:
                with pytest.raises(CertificateError):
                    await session.customers.count()
        """
    )
    run(project).assert_outcomes(passed=1)


def test_fixtures_and_marker_are_listed(project: pytest.Pytester) -> None:
    run(project, "--markers").stdout.fnmatch_lines(["@pytest.mark.enkash_sandbox(rows=250*"])
    listed = run(project, "--fixtures").stdout.str()
    for name in ("enkash_sandbox", "enkash_environ", "make_enkash_sandbox", "make_enkash_session"):
        assert re.search(rf"^{name} -- .*enkash_async_pytest", listed, re.M)


def test_tests_that_use_none_of_it_import_none_of_it(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    project.makeconftest("")
    project.makepyfile(
        """
        import sys

        def test_nothing_heavy_is_imported():
            assert "enkash_async_pytest" in sys.modules
            heavy = {"enkash_async", "aiohttp", "msgspec", "attr", "cattrs", "sqlite3"}
            assert not heavy & sys.modules.keys()
        """
    )
    project.runpytest_subprocess(*OPTIONS).assert_outcomes(passed=1)


# The guide


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE.read_text("utf-8"), re.M | re.S)
    return [block for name, block in found if name == language]


def test_the_example_of_the_guide_works(project: pytest.Pytester) -> None:
    code, tests, own, wide = blocks("python")
    project.makepyfile(exporting=code, test_exporting=tests, test_reminding=own, test_counting=wide)
    project.syspathinsert()
    run(project).assert_outcomes(passed=5)


def test_the_guide_lists_every_fault() -> None:
    [listed] = blocks("")
    assert listed == describe() + "\n"


def test_the_script_of_the_guide_is_one() -> None:
    [text] = blocks("toml")
    assert len(FaultScript.parse(text).faults) == 4
