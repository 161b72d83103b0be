"""Telling somebody who counts."""

from __future__ import annotations

from typing import Protocol

from domain.orders import OrderStatus


class OrderMetrics(Protocol):
    def status_reached(self, status: OrderStatus) -> None:
        """An order came into a status by its payment, and that is committed. Never raises, never waits."""
        ...
