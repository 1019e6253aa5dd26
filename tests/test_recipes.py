"""Each snippet of docs/recipes.md runs as it stands, against the sandbox."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from enkash_async.sandbox import SandboxSettings, open_sandbox
from tests.support.sessions import session_for

pytestmark = pytest.mark.anyio

PAGE = (Path(__file__).parent.parent / "docs" / "recipes.md").read_text()
SECTIONS = {
    text.partition("\n")[0]: re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    for text in PAGE.split("\n## ")[1:]
}
RECIPES = [(title, snippet) for title, snippets in SECTIONS.items() for snippet in snippets]

QUESTIONS = {
    "Only ACTIVE customers created this year",
    "What happens when my token expires",
    "Which exceptions must I catch",
    "Go on tomorrow, in another process",
    "Some of the customers in DuckDB, Polars or pandas",
    "At most 5 requests a second",
    "Proxy, own CA, mTLS",
    "User agent and extra headers",
    "Use it synchronously",
}


def test_the_questions_of_users_have_a_heading_and_a_snippet_each() -> None:
    assert {title for title, snippets in SECTIONS.items() if snippets} >= QUESTIONS


@pytest.mark.parametrize(("title", "snippet"), RECIPES)
async def test_a_recipe_runs(
    title: str, snippet: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = f"import asyncio, os\nasync def recipe(session):\n{textwrap.indent(snippet, '    ')}"
    names: dict[str, Any] = {}
    exec(compile(code, title, "exec"), names)
    async with open_sandbox(SandboxSettings(rows=60)) as sandbox:
        monkeypatch.setenv("ENKASH_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("ENKASH_TOKEN", sandbox.token)
        async with session_for(sandbox) as session:
            await names["recipe"](session)
    # Whoever was created before this year is not printed.
    assert capsys.readouterr().out or "this year" in title
