"""Files for monitoring: what Prometheus scrapes, its alerts, and a dashboard for Grafana."""

from __future__ import annotations

from importlib.resources import files
from types import MappingProxyType
from typing import Final

#: The files by what they are called on the command line.
FILES: Final = MappingProxyType(
    {"alerts": "alerts.yaml", "dashboard": "dashboard.json", "prometheus": "prometheus.yaml"}
)


def text_of(name: str) -> str:
    """The text of one of ``FILES``. Raises KeyError for another name."""
    return files(__name__).joinpath(FILES[name]).read_text(encoding="utf-8")
