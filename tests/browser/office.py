"""Members of a producer's team in a browser window.

await sign_in(buyer, service, producer, Role.OWNER)
await buyer.open("/office/shows")
"""

from __future__ import annotations

from domain.catalog import Producer
from domain.people import Role
from tests.browser.buyer import Buyer
from tests.support.server import Service
from tests.support.staff import Staff, staff


async def sign_in(buyer: Buyer, service: Service, producer: Producer, role: Role, *, name: str = "Kim Park") -> Staff:
    """Sign the window in as a new member of the producer's team."""
    someone = await staff(service, producer, role, name=name)
    cookie = {"name": "office", "value": someone.cookies["office"], "url": f"{buyer.url}/"}
    await buyer.page.context.add_cookies([cookie])  # type: ignore[list-item]
    return someone
