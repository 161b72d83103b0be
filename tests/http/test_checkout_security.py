"""P2: typed input stays text."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.support.box_office import BoxOffice
from tests.support.factories import promo_code, ticket
from tests.support.server import Service

DROP_TABLE = "'; DROP TABLE orders; --"


@pytest.mark.p2
async def test_sql_injection_prevention(box_office: BoxOffice, service: Service) -> None:
    """P2-011: refused where digits and symbols are not allowed, stored unchanged where text is free."""
    on_sale = await box_office.put_on_sale(
        ticket(name=DROP_TABLE), title=DROP_TABLE, description=DROP_TABLE, promo_codes=[promo_code()]
    )

    async def attempt(**customer: str) -> int:
        answer = await box_office.checkout(
            on_sale.cart(1), customer={"name": "Ada Lovelace", "email": "ada@example.org", **customer}
        )
        return answer.status

    assert await attempt(name=DROP_TABLE) == 400
    assert await attempt(email=f"{DROP_TABLE}@example.org") == 400
    assert await attempt(phone=DROP_TABLE) == 400
    (await box_office.checkout(on_sale.cart(1), promo_code=DROP_TABLE)).refused(400, "invalid_promo_code")
    (await box_office.checkout(on_sale.cart(1), promo_code="\x00")).refused(400, "invalid_promo_code")

    show = (await box_office.get(f"/api/v1/shows/{on_sale.id}")).body
    assert show["title"] == show["description"] == show["tickets"][0]["name"] == DROP_TABLE
    order = await box_office.buy(on_sale.cart(1), key=DROP_TABLE.replace(" ", "-"))
    assert order["tickets"][0]["name"] == DROP_TABLE
    async with service.container.engine().connect() as connection:
        assert await connection.scalar(sa.text("SELECT count(*) FROM orders")) > 0
