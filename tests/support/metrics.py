"""Reading /metrics as Prometheus would."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Metrics:
    """One scrape."""

    def __init__(self, exposition: bytes) -> None:
        self._samples: Samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(exposition.decode())
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        """The one sample with exactly these labels; zero if nothing was counted yet."""
        return self._samples.get((f"piquetickets_{name}", frozenset(labels.items())), 0)

    def total(self, name: str, **labels: str) -> float:
        """The sum of all samples that have these labels, among others."""
        wanted = frozenset(labels.items())
        return sum(v for (n, has), v in self._samples.items() if n == f"piquetickets_{name}" and wanted <= has)
