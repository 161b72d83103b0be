"""piquetickets audit: check the invariants."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from domain.consistency import DESCRIPTIONS, Findings, Invariant
from entrypoints.cli.engines import data_dir_option
from entrypoints.cli.running import run_use_case


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@data_dir_option
def audit(as_json: bool, data_dir: Path) -> None:
    """Check every invariant in the live database. Exit code 1 if one is violated."""
    found = run_use_case(data_dir, lambda container: container.check_consistency()())
    click.echo(_as_json(found) if as_json else as_table(found))
    if any(findings.count for findings in found.values()):
        sys.exit(1)


def _as_json(found: Mapping[Invariant, Findings]) -> str:
    return json.dumps(
        {
            "ok": not any(findings.count for findings in found.values()),
            "checks": [
                {
                    "name": invariant.value,
                    "description": DESCRIPTIONS[invariant],
                    "findings": findings.count,
                    "examples": [
                        {"subject_id": str(finding.subject_id), "detail": finding.detail}
                        for finding in findings.examples
                    ],
                }
                for invariant, findings in found.items()
            ],
        }
    )


def as_table(found: Mapping[Invariant, Findings]) -> str:
    """The findings, an invariant a line."""
    lines = []
    for invariant, findings in found.items():
        verdict = "ok" if not findings.count else f"{findings.count} off"
        lines.append(f"{invariant:<14} {verdict:>9}  {DESCRIPTIONS[invariant]}")
        lines += [f"{'':<25} {finding.subject_id}  {finding.detail}" for finding in findings.examples]
        if findings.count > len(findings.examples):
            lines.append(f"{'':<25} and {findings.count - len(findings.examples)} more")
    off = sum(findings.count for findings in found.values())
    return "\n".join([*lines, "", f"{off} findings." if off else "Everything adds up."])
