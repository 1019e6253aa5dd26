"""`python -m benchmarks.plot RESULTS.json [FOLDER]`: draws the picture that the README shows."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("agg")

from matplotlib import pyplot as plt

from benchmarks.peers import BASELINE, PEERS, SERVER

SCENARIO = "plain"

Row = Mapping[str, Any]

OWN, LIMIT, PEER = "#0b6e6e", "#8a8f98", "#c9ced6"
INK, FAINT = "#22262b", "#6b7280"
TIMES = "\N{MULTIPLICATION SIGN}"
STYLE = {
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.bottom": False,
    "axes.spines.left": False,
    "ytick.color": INK,
    "ytick.left": False,
    "figure.facecolor": "white",
    "savefig.dpi": 160,
    "savefig.bbox": "tight",
}


def draw(results: Mapping[str, Any], folder: Path) -> Path:
    """Draw speed and cost without latency, and return the path of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{SCENARIO}.png"
    with mpl.rc_context(STYLE):
        figure = _figure(shown(results))
        figure.text(0, -0.02, _caption(results), fontsize=7.5, color=FAINT, va="top")
        figure.savefig(path)
        plt.close(figure)
    return path


def shown(results: Mapping[str, Any]) -> list[Row]:
    """Return the rows to draw."""
    # A file of results may be older than this, and hold rows that are measured no more.
    names = {peer.name for peer in PEERS} - {SERVER}
    [scenario] = [one for one in results["scenarios"] if one["name"] == SCENARIO]
    return [row for row in scenario["rows"] if row["runs"] and row["name"] in names]


def _figure(rows: Sequence[Row]) -> Any:
    figure, (speed, cost) = plt.subplots(
        1, 2, figsize=(9.2, 0.9 + 0.33 * len(rows)), layout="constrained"
    )
    _titled(speed, "Records per second", f"no latency; longer is better; {TIMES} the bare loop")
    _bars(speed, rows, "records_per_s", "{:,.0f}", names=True)
    _titled(cost, "CPU per record, µs", "of the client's process; shorter is better")
    _bars(cost, rows, "cpu_us", "{:.1f}", names=False)
    return figure


def _titled(axes: Any, title: str, below: str) -> None:
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", pad=22)
    axes.text(0, 1.02, below, transform=axes.transAxes, fontsize=8.5, color=FAINT)


def _bars(axes: Any, rows: Sequence[Row], measure: str, form: str, *, names: bool) -> None:
    """Draw one bar for each row, and its figure after it."""
    values = [row["median"].get(measure) or 0 for row in rows]
    places = range(len(rows))
    axes.barh(places, values, color=[_colour(row["name"]) for row in rows], height=0.68)
    for place, row, value in zip(places, rows, values, strict=True):
        ratio = row["ratio"].get(measure)
        share = "" if ratio is None else f"  {ratio:.2f}{TIMES}"
        axes.text(value, place, f" {form.format(value)}{share}", va="center", fontsize=9)
    axes.set_yticks(places, [row["title"] if names else "" for row in rows])
    axes.invert_yaxis()
    axes.set_xticks([])
    # Room for the figure of the longest bar.
    axes.set_xlim(0, max(values, default=1) * 1.35)


def _colour(name: str) -> str:
    if name.startswith("sdk"):
        return OWN
    return LIMIT if name == BASELINE else PEER


def _caption(results: Mapping[str, Any]) -> str:
    packages = results["packages"]
    revision = (results["revision"] or "unknown")[:9] + ("+" if results["changed"] else "")
    return (
        f"{results['cpu']}, {results['cores']} cores; {results['python']};"
        f" aiohttp {packages['aiohttp']}, msgspec {packages['msgspec']};"
        f" revision {revision}, {results['measured_at'][:10]}"
        + ("; quick run" if results["quick"] else "")
    )


def main(given: Sequence[str]) -> None:
    """Draw the results in a file into a folder, by default the one beside this module."""
    source = Path(given[0])
    folder = Path(given[1]) if len(given) > 1 else Path(__file__).parent / "results"
    print(draw(json.loads(source.read_text()), folder))


if __name__ == "__main__":
    main(sys.argv[1:])
