"""Prometheus' alerts and Grafana's dashboard speak of metrics that exist, and each alert has its page."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import click
import promql_parser as promql
import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from demo.embedded import EmbeddedPostgres
from entrypoints.cli.main import main
from entrypoints.http.metrics import get_metrics
from entrypoints.monitoring import FILES, text_of
from tests.support.factories import ticket
from tests.support.stripe_world import CREATE_SESSION, StripeWorld, stripe_world

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs/runbooks"
#: What Prometheus itself says of each target, and what it adds to every sample.
OF_PROMETHEUS = {"up": {"job", "instance"}}
ADDED = {"job", "instance"}
#: A screen of a terminal that is not small.
SCREEN_LINES = 40
#: What Grafana fills in.
VARIABLES = {"$__rate_interval": "1m", "$instance": ".*"}
ALERTS = [rule for group in yaml.safe_load(text_of("alerts"))["groups"] for rule in group["rules"]]
PANELS = [panel for panel in json.loads(text_of("dashboard"))["panels"] if panel["type"] != "row"]
QUERIES = {
    **{rule["alert"]: rule["expr"] for rule in ALERTS},
    **{f"{panel['title']} {target['refId']}": target["expr"] for panel in PANELS for target in panel["targets"]},
}


@cache
def parsed(query: str) -> promql.Expr:
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return promql.parse(query)


def parts(query: str) -> list[Any]:
    """Every part of a query."""
    found: list[Any] = []
    promql.walk(parsed(query), found.append)
    return found


Samples = Mapping[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
async def exposed(postgres: EmbeddedPostgres, redis_url: str) -> Samples:
    """The labels of all samples by their names, once orders were sold, refused and paid, and tasks done."""
    async with stripe_world(postgres, redis_url) as world:
        await a_day(world)
        answer = await world.box_office.get("/metrics")
    found = defaultdict(list)
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            found[sample.name].append(sample.labels)
    return found


async def a_day(world: StripeWorld) -> None:
    on_sale = await world.box_office.put_on_sale(ticket(quantity=4), ticket(price=0))
    await world.box_office.checkout(on_sale.cart(0, 1))
    await world.box_office.checkout(on_sale.cart(9))
    world.sandbox.control.inject_fault(CREATE_SESSION, "connection_reset")
    placed = await world.box_office.buy(on_sale.cart(1))
    await world.execute("UPDATE outbox SET due_at = now() - interval '1 minute'")
    await world.box_office.get("/metrics")
    await world.work_off(placed["order_id"])
    free = (await world.box_office.checkout(on_sale.cart(0, 1))).created()
    await world.execute("UPDATE outbox SET due_at = now() - interval '1 minute' WHERE state = 'pending'")
    await world.box_office.get(f"/orders/{free['order_id']}")


@pytest.mark.parametrize("name", QUERIES)
def test_each_query_asks_for_metrics_and_labels_that_exist(name: str, exposed: Samples) -> None:
    for part in parts(QUERIES[name]):
        if isinstance(part, promql.VectorSelector):
            assert part.name in exposed or part.name in OF_PROMETHEUS, part.name
            known = labels_of(part.name or "", exposed)
            assert {matcher.name for matcher in part.matchers.matchers} <= known


@pytest.mark.parametrize("name", QUERIES)
def test_each_query_groups_by_labels_that_exist(name: str, exposed: Samples) -> None:
    known = {
        label
        for part in parts(QUERIES[name])
        if isinstance(part, promql.VectorSelector)
        for label in labels_of(part.name or "", exposed)
    }
    for part in parts(QUERIES[name]):
        if isinstance(part, promql.AggregateExpr) and part.modifier:
            assert set(part.modifier.labels) <= known


def labels_of(name: str, exposed: Samples) -> set[str]:
    return OF_PROMETHEUS.get(name, {label for labels in exposed.get(name, []) for label in labels}) | ADDED


@pytest.mark.parametrize("name", QUERIES)
def test_what_is_asked_of_a_route_is_a_route_of_ours(name: str, exposed: Samples) -> None:
    routes = {labels["route"] for labels in exposed["piquetickets_http_requests_total"]} | {
        "/shows/{show_id}/checkout",
        "/health/ready",
    }
    for part in parts(QUERIES[name]):
        for matcher in part.matchers.matchers if isinstance(part, promql.VectorSelector) else []:
            if matcher.name == "route":
                for each in matcher.value.split("|"):
                    assert any(re.fullmatch(each, route) for route in routes), each


def test_a_panel_stands_beside_no_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert cells.isdisjoint(taken)
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_each_panel_says_what_it_shows() -> None:
    assert all(panel["title"] and panel["description"].endswith(".") for panel in PANELS)
    ids = [panel["id"] for panel in PANELS]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_each_alert_has_a_page_of_one_screen(rule: dict[str, Any]) -> None:
    assert rule["annotations"]["runbook"] == f"docs/runbooks/{rule['alert']}.md"
    page = (ROOT / rule["annotations"]["runbook"]).read_text(encoding="utf-8")
    assert page.startswith(f"# {rule['alert']}\n\n**Means.** ")
    assert "\n## Look\n" in page
    assert "\n## Do\n" in page
    assert len(page.splitlines()) <= SCREEN_LINES
    assert f"({rule['alert']}.md)" in (RUNBOOKS / "README.md").read_text(encoding="utf-8")


def test_each_page_is_of_an_alert() -> None:
    pages = {path.stem for path in RUNBOOKS.iterdir()} - {"README"}
    assert pages == {rule["alert"] for rule in ALERTS}


def commands_of_pages() -> Iterator[tuple[str, str]]:
    for path in sorted(RUNBOOKS.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        for line in re.findall(r"^(piquetickets .*)$|`(piquetickets [^`]+)`", text, re.MULTILINE):
            yield path.stem, "".join(line)


@pytest.mark.parametrize(("page", "line"), list(commands_of_pages()))
def test_commands_of_pages_exist_with_their_options(page: str, line: str) -> None:
    command: click.Command = main
    words = shlex.split(line, comments=True)[1:]
    context = click.Context(main)
    while isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0))
        assert found is not None
        command = found
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("--")} <= options
    if not any(word.startswith("--") for word in words):
        arguments = [each for each in command.params if isinstance(each, click.Argument)]
        assert len(words) <= len(arguments)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_printed_as_it_is(name: str) -> None:
    assert CliRunner().invoke(main, ["monitoring", name]).output == text_of(name)


def test_prometheus_asks_where_compose_serves() -> None:
    targets = {
        job["job_name"]: job["static_configs"][0]["targets"]
        for job in yaml.safe_load(text_of("prometheus"))["scrape_configs"]
    }
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert targets == {"piquetickets": ["api:9100"], "piquetickets-worker": ["worker:9100"]}
    assert services["api"]["environment"]["METRICS_LISTEN"].endswith(":9100")
    assert services["worker"]["environment"]["WORKER_METRICS_LISTEN"].endswith(":9100")
    assert get_metrics.paths == {"/metrics"}


needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool, of Debian's prometheus")


@needs_promtool
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "entrypoints/monitoring/alerts.yaml"),
        ("check", "config", "entrypoints/monitoring/prometheus.yaml"),
        ("test", "rules", "tests/monitoring/alerts_test.yaml"),
    ],
    ids=" ".join,
)
def test_prometheus_own_tool_finds_nothing_wrong(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_tested_by_prometheus_own_tool() -> None:
    tests = yaml.safe_load((Path(__file__).parent / "alerts_test.yaml").read_text(encoding="utf-8"))["tests"]
    firing = {each["alertname"] for test in tests for each in test["alert_rule_test"] if each.get("exp_alerts")}
    assert firing == {rule["alert"] for rule in ALERTS}
