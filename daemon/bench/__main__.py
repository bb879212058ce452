# SPDX-License-Identifier: MIT OR Apache-2.0
"""Measures the camera beside its peers and prints one table: `python daemon/bench [--quick]`.

Timings never fail the run; a measurement that cannot be made says why below the table.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "testkit")]

import drivers  # noqa: E402
import examples  # noqa: E402
import live  # noqa: E402
import measures  # noqa: E402
import software  # noqa: E402
from subjects import NODE, OURS, PYTHON, find_subjects  # noqa: E402

COLUMNS = (OURS, NODE, PYTHON, "ffmpeg", "libsrtp", "libopenh264")
Table = dict[str, dict[str, float]]


def measure(effort: measures.Effort, only: list[str]) -> tuple[Table, list[str]]:
    """Figures by measure and column."""
    table: Table = {}
    subjects, notes = find_subjects()
    for function in measures.ALL:
        if only and function.__name__ not in only:
            continue
        for subject in subjects:
            print(f"{function.__name__}: {subject.name}", file=sys.stderr, flush=True)
            try:
                figures = function(subject, effort)
            except Exception as error:  # the others are still worth having
                notes.append(f"{function.__name__}, {subject.name}: {error!r}")
                continue
            for name, value in figures.items():
                table.setdefault(name, {})[subject.name] = value
    if not only or "examples" in only:
        ours, missing = examples.run_examples()
        notes += missing
        for name, value in ours.items():
            table.setdefault(name, {})[OURS] = value
        seconds = examples.ffmpeg_mux_seconds()
        if seconds is None:
            notes.append("mux: ffmpeg is not installed")
        else:
            table.setdefault("mux", {})["ffmpeg"] = seconds * 1000
    if not only or "software" in only:
        try:
            encoders, missing = software.figures()
            table |= encoders
            notes += missing
        except (live.NotMeasured, OSError, subprocess.CalledProcessError) as error:
            notes.append(f"software: {error}")
    if not only or "live_stream" in only:
        try:
            table["live_stream"] = live.stream_cpu()
            table.setdefault("protect", {})["libsrtp"] = live.libsrtp_protect_us()
        except (live.NotMeasured, OSError, subprocess.CalledProcessError) as error:
            notes.append(f"live stream: {error}")
    if not only or "drivers" in only:
        try:
            for name, value in drivers.figures().items():
                table.setdefault(name, {})[OURS] = value
        except (live.NotMeasured, OSError) as error:
            notes.append(f"drivers: {error}")
    return table, notes


def number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def row(target: dict[str, Any], figures: dict[str, float]) -> list[str]:
    ours = figures.get(OURS)
    wanted, verdicts = [], []
    ratios = {}
    for peer in COLUMNS[1:]:
        theirs = figures.get(peer)
        if ours and theirs:
            ratios[peer] = ours / theirs if target.get("higher", False) else theirs / ours
    for peer, factor in target.get("beside", {}).items():
        wanted.append(f"{factor}x {peer}")
        if peer in ratios:
            verdicts.append(ratios[peer] >= factor)
    if "limit" in target:
        wanted.append(f"<= {target['limit']}")
        if ours is not None:
            verdicts.append(ours <= target["limit"])
    reached = "-" if not verdicts else ("yes" if all(verdicts) else "no")
    cells = [number(figures.get(column)) for column in COLUMNS]
    shown = ", ".join(f"{number(ratio)}x" for ratio in ratios.values()) or "-"
    label = f"{target['label']} [{target['unit']}]"
    return [label, *cells, shown, ", ".join(wanted) or "-", reached]


def print_table(table: Table) -> None:
    targets = tomllib.loads((HERE / "targets.toml").read_text())
    rows = [["", *COLUMNS, "ratios", "target", "reached"]]
    rows += [row(target, table.get(name, {})) for name, target in targets.items()]
    widths = [max(len(line[at]) for line in rows) for at in range(len(rows[0]))]
    for line in rows:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        print("  ".join(cells).rstrip())
    print("ratios: how many times better than each peer that has a figure, in their order")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    names = [function.__name__ for function in measures.ALL] + [
        "examples",
        "software",
        "live_stream",
        "drivers",
    ]
    parser.add_argument("only", nargs="*", help=f"some of: {' '.join(names)}")
    arguments = parser.parse_args()
    unknown = set(arguments.only) - set(names)
    if unknown:
        parser.error(f"no such measure: {' '.join(sorted(unknown))}")
    effort = measures.Effort.quick() if arguments.quick else measures.Effort()
    table, notes = measure(effort, arguments.only)
    print_table(table)
    for note in notes:
        print(f"not measured: {note}")


if __name__ == "__main__":
    main()
