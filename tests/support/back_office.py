"""A client of the producer API: a token, and requests with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from domain.access import Scope
from domain.catalog import Producer
from entrypoints.container import Container
from tests.support.box_office import Answer, BoxOffice, Json

BASE = "/api/v1/producer"
#: The requests that add a show, a ticket and a promo code.
SHOW: Final = {
    "title": "Twelfth Night",
    "door_time": "2050-06-01T18:30:00Z",
    "start_time": "2050-06-01T19:00:00Z",
    "end_time": "2050-06-01T22:00:00Z",
}
TICKET: Final = {"name": "Stalls", "price": "25.00", "quantity": 100}
PROMO_CODE: Final = {"code": "TEST20", "discount": "0.20"}
EVERY_SCOPE = (Scope.ACCOUNT, Scope.CATALOG, Scope.ORDERS, Scope.CHECKIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOffice:
    """``secret`` is the bearer token that every request carries; None sends none."""

    box_office: BoxOffice
    container: Container
    producer: Producer
    secret: str | None
    token_id: UUID | None = None

    async def with_scopes(self, *scopes: Scope) -> BackOffice:
        """The same producer with a token that may do only this."""
        return await open_back_office(self.box_office, self.container, self.producer, scopes=scopes)

    def with_secret(self, secret: str | None) -> BackOffice:
        """The same producer with any text as token."""
        return BackOffice(box_office=self.box_office, container=self.container, producer=self.producer, secret=secret)

    async def request(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **kw: Any) -> Answer:
        """``path`` is below /api/v1/producer."""
        authorization = {} if self.secret is None else {"Authorization": f"Bearer {self.secret}"}
        return await self.box_office.request(method, BASE + path, headers={**authorization, **(headers or {})}, **kw)

    async def get(self, path: str, **parameters: Any) -> Answer:
        return await self.request("GET", path, **parameters)

    async def post(self, path: str, body: Any = None, **parameters: Any) -> Answer:
        return await self.request("POST", path, **({} if body is None else {"json": body}), **parameters)

    async def put(self, path: str, body: Any) -> Answer:
        return await self.request("PUT", path, json=body)

    async def patch(self, path: str, **fields: Any) -> Answer:
        return await self.request("PATCH", path, json=fields)

    async def delete(self, path: str) -> Answer:
        return await self.request("DELETE", path)

    async def audit_log(self, query: str = "") -> list[Json]:
        """The newest entries of the producer's audit log."""
        answer = await self.get(f"/audit-log?limit=100{query}")
        assert answer.status == 200, answer.content
        return list(answer.body["items"])


async def open_back_office(
    box_office: BoxOffice, container: Container, producer: Producer, *, scopes: tuple[Scope, ...] = EVERY_SCOPE
) -> BackOffice:
    """Store the producer, unless it is stored, and give it a token."""
    async with container.database()() as uow:
        if await uow.producers.get(producer.id) is None:
            await uow.producers.add(producer)
        await uow.commit()
    issued = await container.issue_token()(producer_id=producer.id, name="office", scopes=scopes)
    return BackOffice(
        box_office=box_office,
        container=container,
        producer=producer,
        secret=issued.secret,
        token_id=issued.token.id,
    )
