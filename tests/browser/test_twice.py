"""One order, even if a buyer sends the form several times (P2-006, P2-007 in a browser)."""

from __future__ import annotations

from uuid import UUID

from playwright.async_api import expect

from tests.browser.buyer import ORDER_PAGE, STRIPE_PAGE, Buyer
from tests.support.box_office import BoxOffice, OnSale
from tests.support.factories import ticket
from tests.support.server import Service


async def orders_of(service: Service, on_sale: OnSale) -> dict[UUID, str]:
    """Every order that was ever placed for a show, with its status."""
    engine = service.container.engine()
    async with engine.connect() as connection:
        found = await connection.exec_driver_sql(
            "SELECT id, status FROM orders WHERE show_id = %s ORDER BY created_at", (on_sale.id,)
        )
        return {row.id: row.status for row in found}


async def test_double_click(buyer: Buyer, box_office: BoxOffice, service: Service) -> None:
    on_sale = await box_office.put_on_sale()
    await buyer.open_show(on_sale)
    await buyer.choose(on_sale.tickets[0].name, 1)
    await buyer.go_on()
    await buyer.fill_in()
    await buyer.pay_button.dblclick()
    await buyer.page.wait_for_url(STRIPE_PAGE)
    assert len(await orders_of(service, on_sale)) == 1


async def test_sent_again_while_the_first_is_under_way(buyer: Buyer, box_office: BoxOffice, service: Service) -> None:
    on_sale = await box_office.put_on_sale()
    await buyer.open_show(on_sale)
    await buyer.choose(on_sale.tickets[0].name, 1)
    await buyer.go_on()
    await buyer.fill_in()
    # As without scripts: both clicks send the form.
    sent = """form => Promise.all([1, 2, 3].map(() =>
        fetch(form.action, {method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual"})
        .then(answer => answer.type)))"""
    assert await buyer.page.locator("form[method=post]").evaluate(sent) == ["opaqueredirect"] * 3
    assert len(await orders_of(service, on_sale)) == 1
    assert await box_office.counters(on_sale) == [(1, 0)]


async def test_back_button_from_stripe_sends_the_same_order(
    buyer: Buyer, box_office: BoxOffice, service: Service
) -> None:
    on_sale = await box_office.put_on_sale()
    await buyer.order(on_sale)
    paying_at = buyer.page.url
    await buyer.page.go_back()
    await expect(buyer.page.get_by_label("Name")).to_have_value("Ada Lovelace")
    await buyer.pay_button.click()
    await buyer.page.wait_for_url(STRIPE_PAGE)
    assert buyer.page.url == paying_at
    assert len(await orders_of(service, on_sale)) == 1


async def test_changed_after_the_back_button_takes_the_place_of_the_unpaid_order(
    buyer: Buyer, box_office: BoxOffice, service: Service
) -> None:
    on_sale = await box_office.put_on_sale()
    await buyer.order(on_sale, 2)
    await buyer.page.go_back()
    await buyer.page.get_by_text("Change tickets").click()
    await buyer.choose(on_sale.tickets[0].name, 1)
    await buyer.sees_total("$82.11")
    await buyer.pay_button.click()
    await buyer.page.wait_for_url(STRIPE_PAGE)
    assert list((await orders_of(service, on_sale)).values()) == ["cancelled", "pending"]
    assert await box_office.counters(on_sale) == [(3, 0)]


async def test_tickets_of_the_unpaid_order_do_not_stand_in_its_buyers_way(
    buyer: Buyer, box_office: BoxOffice, service: Service
) -> None:
    on_sale = await box_office.put_on_sale(ticket(quantity=2))
    await buyer.order(on_sale, 2)
    await buyer.page.go_back()
    await buyer.page.reload()
    await expect(buyer.page.get_by_role("alert")).to_contain_text("sold out, 0 left")
    await buyer.fill_in(name="Grace Hopper")
    await buyer.page.get_by_role("button", name="Try again").click()
    await expect(buyer.page.get_by_role("alert")).to_contain_text("the total is now $54.84")
    await buyer.page.get_by_role("button", name="Pay $54.84").click()
    await buyer.page.wait_for_url(STRIPE_PAGE)
    assert list((await orders_of(service, on_sale)).values()) == ["cancelled", "pending"]
    assert await box_office.counters(on_sale) == [(2, 0)]


async def test_back_button_after_paying_shows_the_order(buyer: Buyer, box_office: BoxOffice, service: Service) -> None:
    """P2-006: the old form, sent once more, leads to what was bought with it."""
    on_sale = await box_office.put_on_sale()
    await buyer.order(on_sale)
    await buyer.press("paid")
    await buyer.is_in()
    bought = buyer.order_id
    for _ in range(3):
        await buyer.page.go_back()
        if "/checkout" in buyer.page.url:
            break
    await buyer.pay_button.click()
    await buyer.page.wait_for_url(ORDER_PAGE)
    assert buyer.order_id == bought
    await buyer.page.reload()
    assert await orders_of(service, on_sale) == {bought: "completed"}


async def test_second_tab_finds_the_order_of_the_first(buyer: Buyer, box_office: BoxOffice, service: Service) -> None:
    """P2-007: both tabs were open before either was sent."""
    on_sale = await box_office.put_on_sale()
    tabs = [buyer, Buyer(await buyer.page.context.new_page(), buyer.url)]
    for tab in tabs:
        await tab.open_show(on_sale)
        await tab.choose(on_sale.tickets[0].name, 1)
        await tab.go_on()
        await tab.fill_in()
    for tab in tabs:
        await tab.pay_button.click()
        await tab.page.wait_for_url(STRIPE_PAGE)
    assert len(await orders_of(service, on_sale)) == 1

    await tabs[0].press("paid")
    await tabs[0].is_in()
    await tabs[1].page.go_back()
    await tabs[1].pay_button.click()
    await tabs[1].is_in()
    assert len(await orders_of(service, on_sale)) == 1


async def test_who_comes_for_more_gets_a_new_order(buyer: Buyer, box_office: BoxOffice, service: Service) -> None:
    on_sale = await box_office.put_on_sale()
    for _ in range(2):
        await buyer.order(on_sale)
        await buyer.press("paid")
        await buyer.is_in()
    assert list((await orders_of(service, on_sale)).values()) == ["completed", "completed"]


async def test_unpaid_order_is_pointed_at(buyer: Buyer, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale()
    await buyer.order(on_sale)
    await buyer.open_show(on_sale)
    await buyer.choose(on_sale.tickets[0].name, 2)
    await buyer.go_on()
    await buyer.page.get_by_role("link", name="Go on with that order").click()
    await buyer.sees("Not paid yet")
