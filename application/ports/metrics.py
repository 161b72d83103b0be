"""Counting what happens to orders."""

from __future__ import annotations

from typing import Protocol

from domain.orders import OrderStatus


class OrderMetrics(Protocol):
    def status_reached(self, status: OrderStatus) -> None:
        """Count an order that came into a status by its payment, after the commit. Never raises, never waits."""
        ...
