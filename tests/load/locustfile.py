"""For users of locust: buyers who look at a show, ask for a price, and check out.

``uvx locust -f tests/load/locustfile.py --host http://127.0.0.1:8000`` against a running service, whose
CHECKOUT_RATE_LIMIT is off (the demo, say). Its figures are lower than those of ``python -m tests.load``: a locust user
costs far more of the machine than a checkout does.
"""

from __future__ import annotations

import random
import uuid
from typing import Any

from locust import HttpUser, between, task


class Buyer(HttpUser):
    """Buys what is on sale, one or two tickets at a time."""

    wait_time = between(0.5, 2)

    def on_start(self) -> None:
        """Choose a show that still has tickets."""
        shows = self.client.get("/api/v1/shows").json()["items"]
        self.show = random.choice(  # noqa: S311  # no secret
            [show for show in shows if any(not ticket["sold_out"] for ticket in show["tickets"])]
        )

    @task(5)
    def look(self) -> None:
        """Read the show's page."""
        self.client.get(f"/api/v1/shows/{self.show['id']}", name="/api/v1/shows/{id}")

    @task(2)
    def quote(self) -> None:
        """Ask for the price."""
        self.client.post("/api/v1/quote", json=self._cart())

    @task(1)
    def check_out(self) -> None:
        """Hold the tickets. Sold out is an answer, too."""
        body = {**self._cart(), "customer": {"name": "Ada Lovelace", "email": f"{uuid.uuid4().hex}@example.org"}}
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        with self.client.post("/api/v1/checkout", json=body, headers=headers, catch_response=True) as answer:
            if answer.status_code == 400 and answer.json()["code"] == "tickets_unavailable":
                answer.success()

    def _cart(self) -> dict[str, Any]:
        ticket = next(ticket for ticket in self.show["tickets"] if not ticket["sold_out"])
        line = {"ticket_id": ticket["id"], "quantity": random.randint(1, 2)}  # noqa: S311
        if ticket["is_donation_based"]:
            line["donation_amount"] = ticket["price"]
        return {"show_id": self.show["id"], "tickets": [line]}
