"""Tables for notebooks. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

MAX_CELL = 200
"""Characters of a cell that are shown."""


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *notes: str) -> str:
    """Return an HTML table with the text of each cell, and the *notes* below it."""
    lines = [_row("th", head), *(_row("td", row) for row in rows)]
    below = "".join(f"<div>{escape(note)}</div>" for note in notes if note)
    return f"<table>{''.join(lines)}</table>{below}"


def _row(tag: str, cells: Sequence[object]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(_cell(cell))}</{tag}>' for cell in cells)}</tr>"


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 1] + "…"
