"""What a run found, for a terminal, for a program (JSON) and for a reader (Markdown)."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Goal:
    """One ratio. Without a bound it is shown for information."""

    number: int
    text: str
    measured: float
    bound: str

    @property
    def met(self) -> bool | None:
        if not self.bound:
            return None
        sign, _, value = self.bound.partition(" ")
        limit = float(value)
        return self.measured >= limit if sign == ">=" else self.measured <= limit

    @property
    def verdict(self) -> str:
        return {True: "met", False: "NOT MET", None: ""}[self.met]

    @property
    def figure(self) -> str:
        return f"{self.measured:.2f}" if self.measured < 10 else f"{self.measured:.1f}"


def show(goals: Sequence[Goal]) -> str:
    lines = [f"{'goal':<5} {'ratio of medians':<60} {'measured':>8}  {'wanted':<8} "]
    for one in goals:
        lines.append(
            f"{one.number:<5} {one.text:<60} {one.figure:>8}  {one.bound:<8} {one.verdict}".rstrip()
        )
    return "\n".join(lines)


def write(
    goals: Sequence[Goal], figures: Mapping[str, Mapping[str, Any]], about: Mapping[str, Any]
) -> Path:
    """Write results/<date>.json, which stays here, and results/latest.md, which is kept in git."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    path = RESULTS / f"{now:%Y-%m-%dT%H%M%SZ}.json"
    content = {
        "at": now.isoformat(timespec="seconds"),
        "machine": {"system": platform.platform(), "python": platform.python_version()},
        "about": dict(about),
        "goals": [
            {
                "goal": one.number,
                "ratio": one.text,
                "measured": round(one.measured, 4),
                "wanted": one.bound,
                "met": one.met,
            }
            for one in goals
        ],
        "figures": figures,
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (RESULTS / "latest.md").write_text(_markdown(goals, figures, about, now), "utf-8")
    return path


def _markdown(
    goals: Sequence[Goal],
    figures: Mapping[str, Mapping[str, Any]],
    about: Mapping[str, Any],
    now: datetime,
) -> str:
    lines = [
        "# The newest run",
        "",
        f"{now:%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}; "
        + ", ".join(f"{name} {value}" for name, value in about.items())
        + ". Ratios of medians of interleaved rounds; how they are measured is in "
        "[the bench's README](../README.md).",
        "",
        "| goal | ratio | measured | wanted | |",
        "| --- | --- | ---: | --- | --- |",
    ]
    lines += [
        f"| {one.number} | {one.text} | {one.figure} | {one.bound} | {one.verdict} |"
        for one in goals
    ]
    lines += [
        "",
        "Absolute figures, which mean nothing on another machine:",
        "",
        "| measured | a second | p50 ms | p99 ms |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, figure in figures.items():
        times = (f"{figure[key]:.2f}" if key in figure else "" for key in ("p50", "p99"))
        lines.append(f"| {name} | {figure['rate']:,.1f} | " + " | ".join(times) + " |")
    return "\n".join(lines) + "\n"
