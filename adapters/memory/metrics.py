"""Metrics that remember what was counted."""

from __future__ import annotations

from domain.orders import OrderStatus


class MemoryOrderObserver:
    def __init__(self) -> None:
        self.seen: list[OrderStatus] = []

    def status_reached(self, status: OrderStatus) -> None:
        self.seen.append(status)
