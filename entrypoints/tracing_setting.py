"""TRACING: whether a process writes traces. OpenTelemetry is imported only where it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from entrypoints.container import Container
from entrypoints.setting_values import InvalidSettings
from entrypoints.settings import Settings


@contextmanager
def tracing(settings: Settings, container: Container) -> Iterator[Callable[[Any], Any]]:
    """Trace the container, if the settings say so, and send what is left at the end. Gives what traces an ASGI
    application, or leaves it as it is. Raises InvalidSettings where the extra is not installed.
    """
    if settings.tracing == "off":
        yield lambda app: app
        return
    try:
        module = import_module("entrypoints.tracing")
    except ModuleNotFoundError as error:
        raise InvalidSettings("TRACING: comes with the extra tracing: install piquetickets[tracing]") from error
    provider = module.create_provider()
    module.trace(container, provider)
    try:
        yield lambda app: module.traced_app(app, provider)
    finally:
        provider.shutdown()
