"""compose.yaml: what it publishes, what it asks for, and what its containers may do."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

from demo.embedded import wheels
from entrypoints.settings import Settings

FILE = Path(__file__).parents[2] / "compose.yaml"
WRITTEN: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, Any] = WRITTEN["services"]
ENGINES = ("postgres", "redis")


def version_of(program: Path) -> str:
    told = subprocess.run([program, "--version"], capture_output=True, check=True, text=True).stdout
    found = re.search(r"\d+(\.\d+)+", told)
    assert found
    return found[0]


@pytest.mark.parametrize("name", SERVICES)
def test_no_container_may_do_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert set(service.get("cap_add", [])) <= {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}


def test_the_api_alone_is_published_on_this_host_and_without_metrics() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"api": ["${LISTEN:-127.0.0.1:8000}:8000"]}
    settings = Settings(metrics_listen=SERVICES["api"]["environment"]["METRICS_LISTEN"])
    assert settings.metrics_address == ("0.0.0.0", 9100)  # noqa: S104  # in the container's own network


def test_engines_are_reached_by_us_alone_and_with_a_password() -> None:
    for name in ENGINES:
        assert SERVICES[name]["networks"] == ["engines"]
        assert "healthcheck" in SERVICES[name]
    assert WRITTEN["networks"]["engines"]["internal"]
    assert SERVICES["redis"]["command"][-2:] == ["--requirepass", "${REDIS_PASSWORD}"]
    assert SERVICES["api"]["environment"]["REDIS_URL"].startswith("redis://:${REDIS_PASSWORD:?")
    assert SERVICES["api"]["environment"]["PGPASSWORD"].startswith("${POSTGRES_PASSWORD:?")


def test_engines_have_the_versions_that_the_tests_run_on() -> None:
    images = {name: SERVICES[name]["image"] for name in ENGINES}
    assert images == {
        "postgres": f"postgres:{version_of(wheels.postgres_bin_dir() / 'postgres')}",
        "redis": f"valkey/valkey:{version_of(wheels.valkey_server())}",
    }


def test_every_secret_is_asked_for() -> None:
    environment = SERVICES["api"]["environment"]
    for name in ("SECRET_KEY", "STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET", "PUBLIC_URL", "SMTP_URL"):
        assert environment[name].startswith(f"${{{name}:?")
