"""`python -m benchmarks.plot RESULTS.json [FOLDER]`: draws what a run found."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("agg")

from matplotlib import pyplot as plt
from matplotlib.ticker import LogLocator

Scenario = Mapping[str, Any]
Row = Mapping[str, Any]

OWN, LIMIT, PEER = "#0b6e6e", "#8a8f98", "#c9ced6"
INK, FAINT, GOAL = "#22262b", "#6b7280", "#b4532a"
TIMES = "\N{MULTIPLICATION SIGN}"
STYLE = {
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": FAINT,
    "axes.edgecolor": "#d5d9e0",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.color": FAINT,
    "ytick.color": INK,
    "ytick.left": False,
    "figure.facecolor": "white",
    "savefig.dpi": 160,
    "savefig.bbox": "tight",
}


def draw(results: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw each picture for which the run has a scenario, and return their paths."""
    scenarios = {scenario["name"]: scenario for scenario in results["scenarios"]}
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    with mpl.rc_context(STYLE):
        for name, picture in PICTURES.items():
            if name not in scenarios or not _rows(scenarios[name]):
                continue
            figure = picture(scenarios[name])
            figure.text(0, -0.02, _caption(results), fontsize=7.5, color=FAINT, va="top")
            path = folder / f"{name}.png"
            figure.savefig(path)
            plt.close(figure)
            drawn.append(path)
    return drawn


def _caption(results: Mapping[str, Any]) -> str:
    packages = results["packages"]
    revision = (results["revision"] or "unknown")[:9] + ("+" if results["changed"] else "")
    return (
        f"{results['cpu']}, {results['cores']} cores; {results['python']};"
        f" aiohttp {packages['aiohttp']}, msgspec {packages['msgspec']};"
        f" revision {revision}, {results['measured_at'][:10]}"
        + ("; quick run" if results["quick"] else "")
    )


def _rows(scenario: Scenario) -> list[Row]:
    return [row for row in scenario["rows"] if row["runs"]]


def _bars(
    axes: Any, rows: Sequence[Row], measure: str, show: Callable[[Row], str], *, names: bool
) -> None:
    """Draw one bar for each row, with its figure behind it."""
    values = [row["median"].get(measure) or 0 for row in rows]
    places = range(len(rows))
    axes.barh(places, values, color=[_colour(row) for row in rows], height=0.68)
    for place, row, value in zip(places, rows, values, strict=True):
        axes.text(value, place, f" {show(row)}", va="center", fontsize=9, color=INK, clip_on=False)
    axes.set_yticks(places, [row["title"] if names else "" for row in rows])
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    if axes.get_xscale() == "linear":
        axes.set_xlim(0, max(values, default=1) * 1.35)


def _colour(row: Row) -> str:
    name = row["name"].partition("@")[0]
    if name.startswith("sdk") or name == "enkash_async":
        return OWN
    return LIMIT if name in ("bare", "structs", "server") else PEER


def _titled(axes: Any, title: str, below: str) -> None:
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", pad=22)
    axes.text(0, 1.02, below, transform=axes.transAxes, fontsize=8.5, color=FAINT)


def _figure(columns: int, rows: int) -> tuple[Any, list[Any]]:
    figure, axes = plt.subplots(
        1, columns, figsize=(9.2, 0.9 + 0.33 * rows), layout="constrained", squeeze=False
    )
    return figure, list(axes[0])


def _share(row: Row, measure: str) -> str:
    ratio = row["ratio"].get(measure)
    return "" if ratio is None else f"  {ratio:.2f}{TIMES}"


def plain(scenario: Scenario) -> Any:
    """Draw speed and cost without latency."""
    rows = [row for row in _rows(scenario) if row["name"] != "server"]
    figure, (speed, cost) = _figure(2, len(rows))
    _titled(speed, "Records per second", f"no latency; longer is better; {TIMES} the bare loop")
    _bars(
        speed,
        rows,
        "records_per_s",
        lambda row: f"{row['median']['records_per_s']:,.0f}{_share(row, 'records_per_s')}",
        names=True,
    )
    _titled(cost, "CPU per record, µs", "of the client's process; shorter is better")
    _bars(
        cost,
        rows,
        "cpu_us",
        lambda row: f"{row['median']['cpu_us']:.1f}{_share(row, 'cpu_us')}",
        names=False,
    )
    return figure


def latency(scenario: Scenario) -> Any:
    """Draw the share of the ideal that each client reaches over a slow network."""
    rows = sorted(_rows(scenario), key=lambda row: row["median"]["seconds"])
    rows = [row for row in rows if row["name"] != "server"]
    figure, (axes,) = _figure(1, len(rows))
    _titled(
        axes,
        "100 ms a page: seconds for all",
        "shorter is better; share of the ideal, pages * 100 ms / 8",
    )
    _bars(
        axes,
        rows,
        "seconds",
        lambda row: f"{row['median']['seconds']:.1f} s  {row['median']['of_ideal']:.0%}",
        names=True,
    )
    return figure


def stalls(scenario: Scenario) -> Any:
    """Draw how long a neighbour waits, on a scale that has room for all."""
    rows = _rows(scenario)
    figure, (axes,) = _figure(1, len(rows))
    _titled(
        axes,
        "How long a neighbour on the event loop waits, ms",
        "pages of 5,000; the wait that 99.9 % of moments do not exceed; shorter is better;"
        " logarithmic",
    )
    waits = [row["median"]["stall_p999_ms"] for row in rows]
    places = range(len(rows))
    # Points, since the length of a bar says nothing on a logarithmic scale.
    axes.hlines(places, 0.1, waits, color="#e3e6eb", linewidth=1)
    axes.scatter(waits, places, color=[_colour(row) for row in rows], s=60, zorder=3)
    for place, wait in zip(places, waits, strict=True):
        axes.annotate(
            f"{wait:,.1f}", (wait, place), (8, 0), textcoords="offset points", va="center"
        )
    axes.set_yticks(places, [row["title"] for row in rows])
    axes.set_ylim(len(rows) - 0.5, -1.1)
    axes.set_xscale("log")
    axes.set_xlim(min(1.0, min(waits) / 2), max(waits) * 4)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()
    axes.axvline(10, color=GOAL, linewidth=1, linestyle=(0, (3, 3)))
    axes.text(10.5, -0.75, "goal: 10 ms", color=GOAL, fontsize=8, va="center")
    return figure


def decode(scenario: Scenario) -> Any:
    """Draw what records cost to make."""
    rows = sorted(_rows(scenario), key=lambda row: row["median"]["decode_us"])
    figure, (axes,) = _figure(1, len(rows))
    _titled(
        axes, "Bytes to records: CPU per record, µs", f"shorter is better; {TIMES} msgspec structs"
    )
    _bars(
        axes,
        rows,
        "decode_us",
        lambda row: f"{row['median']['decode_us']:.1f}{_share(row, 'decode_us')}",
        names=True,
    )
    return figure


def growth(scenario: Scenario) -> Any:
    """Draw what a server walks for each record, over the length of the list."""
    return _lines(
        scenario,
        "walked_per_record",
        "Rows the server walks for each record read",
        "skipped by offsets, counted for windows, or sent; flat is linear in all",
        log=True,
    )


def memory(scenario: Scenario) -> Any:
    """Draw the peak over the length of the list."""
    return _lines(
        scenario,
        "peak_mib",
        "Peak memory of the client, MiB",
        "over the number of customers read",
        log=False,
    )


def _lines(scenario: Scenario, measure: str, title: str, below: str, *, log: bool) -> Any:
    figure, axes = plt.subplots(figsize=(7.6, 3.6), layout="constrained")
    series: dict[str, list[tuple[int, float]]] = {}
    titles: dict[str, str] = {}
    for row in _rows(scenario):
        name, _, size = row["name"].partition("@")
        series.setdefault(name, []).append((int(size), row["median"][measure]))
        titles[name] = row["title"].rpartition(", ")[0]
    _titled(axes, title, below)
    axes.set_xscale("log")
    if log:
        axes.set_yscale("log")
    _draw_lines(axes, series, titles)
    axes.margins(y=0.12)
    axes.grid(axis="y", color="#eceef2")
    axes.set_axisbelow(True)
    sizes = sorted({size for points in series.values() for size, _ in points})
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    if log:
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=12))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    else:
        axes.set_ylim(bottom=0)
    return figure


def _draw_lines(
    axes: Any, series: Mapping[str, Sequence[tuple[int, float]]], titles: Mapping[str, str]
) -> None:
    widths = {"sdk": 2.4}
    dashes = {"sdk-crawl": "--", "sdk-windows": ":", "sdk-pages": ":"}
    for name, points in series.items():
        axes.plot(
            *zip(*points, strict=True),
            marker="o",
            markersize=4,
            color=OWN if name.startswith("sdk") else LIMIT if name == "bare" else FAINT,
            linewidth=widths.get(name, 1.6),
            linestyle=dashes.get(name, "-"),
            label=titles[name],
        )
    axes.legend(frameon=False, fontsize=8.5, loc="upper left", bbox_to_anchor=(1.0, 1.0))


PICTURES: Mapping[str, Callable[[Scenario], Any]] = {
    "plain": plain,
    "latency": latency,
    "stalls": stalls,
    "decode": decode,
    "growth": growth,
    "memory": memory,
}


def main(given: Sequence[str]) -> None:
    """Draw the results in a file into a folder, by default the one beside this module."""
    source = Path(given[0])
    folder = Path(given[1]) if len(given) > 1 else Path(__file__).parent / "results"
    for path in draw(json.loads(source.read_text()), folder):
        print(path)


if __name__ == "__main__":
    main(sys.argv[1:])
