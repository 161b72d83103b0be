"""A production's page: its shows in months, for people and for search engines."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.catalog import Show
from domain.production import Production, TicketDefault
from tests.support.box_office import BoxOffice
from tests.support.factories import producer

STALLS = TicketDefault(name="Stalls", price=25_00, quantity=100)
BROWSER = {"Accept": "text/html"}


async def put_on(
    box_office: BoxOffice, *days: str, published: bool = True, **fields: Any
) -> tuple[Production, list[Show]]:
    """A production with an evening on each of the days."""
    seller = producer()
    production = Production.planned(
        **{"id": uuid4(), "producer_id": seller.id, "title": "Twelfth Night", "timezone": "America/New_York", **fields}
    )
    shows = []
    for day in days:
        start = datetime.fromisoformat(f"{day}T20:00")
        times: Any = {"door_time": start, "start_time": start, "end_time": start + timedelta(hours=2)}
        common: Any = {**production.template().fields, **times, "published": published}
        shows.append(Show.planned(id=uuid4(), producer_id=seller.id, **common))
    async with box_office.unit_of_work() as uow:
        await uow.producers.add(seller)
        await uow.productions.add(production)
        await uow.shows.add(*shows)
        await uow.tickets.add(*(STALLS.ticket(id=uuid4(), show_id=show.id, capacities={}) for show in shows))
        await uow.commit()
    return production, shows


async def page(box_office: BoxOffice, path: str, status: int = 200) -> str:
    answer = await box_office.get(path, headers=BROWSER)
    assert answer.status == status
    return answer.content.decode()


def linked_data(html: str) -> Any:
    [block] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    return json.loads(block)


async def test_has_a_link_to_each_of_its_shows(box_office: BoxOffice) -> None:
    production, shows = await put_on(box_office, "2050-06-01", "2050-06-04", venue="The Globe", description="A comedy")
    html = await page(box_office, f"/productions/{production.id}")
    assert re.findall(r'href="/shows/([0-9a-f-]+)"', html) == [str(show.id) for show in shows]
    for words in ("Twelfth Night", "The Globe", "A comedy", "June 2050", "Wed, Jun 1", "Sat, Jun 4", "$27.57"):
        assert words in html
    assert "<script src" in html.replace("\n", " ")
    assert 'aria-label="Months"' not in html


async def test_is_the_same_for_all_and_kept_for_a_second(box_office: BoxOffice) -> None:
    production, _ = await put_on(box_office, "2050-06-01")
    for path in (f"/productions/{production.id}", f"/productions/{production.id}?month=2050-06"):
        answer = await box_office.get(path, headers=BROWSER)
        assert answer.headers["Cache-Control"] == "public, max-age=1"
        assert "Set-Cookie" not in answer.headers
        assert (await box_office.get(path, headers=BROWSER)).content == answer.content


async def test_of_a_long_run_has_a_few_months_and_links_to_the_others(box_office: BoxOffice) -> None:
    production, shows = await put_on(box_office, *(f"2050-{month:02}-15" for month in range(1, 9)))
    path = f"/productions/{production.id}"
    first = await page(box_office, path)
    months = re.findall(r'<a href="([^"]+)"( aria-current="true")?[^>]*>(\w+ 2050)</a>', first)
    assert [name for _, here, name in months if here] == ["January 2050", "February 2050", "March 2050"]
    assert len(months) == 8
    later = await page(box_office, next(href for href, _, name in months if name == "July 2050"))
    assert re.findall(r'href="/shows/([0-9a-f-]+)"', later) == [str(show.id) for show in shows[6:]]
    last = await page(box_office, f"{path}?month=2099-01")
    assert re.findall(r'href="/shows/([0-9a-f-]+)"', last) == [str(shows[7].id)]
    for wrong in ("2050", "2050-13", "x", "2050-1"):
        await page(box_office, f"{path}?month={wrong}", 400)


async def test_is_there_only_for_published_shows(box_office: BoxOffice) -> None:
    draft, [unpublished] = await put_on(box_office, "2050-06-01", published=False)
    await page(box_office, f"/productions/{draft.id}", 404)
    await page(box_office, f"/productions/{uuid4()}", 404)
    async with box_office.unit_of_work() as uow:
        await uow.shows.save(unpublished.changed(published=True))
        await uow.commit()
    assert str(unpublished.id) in await page(box_office, f"/productions/{draft.id}")


async def test_of_a_run_that_is_over_says_so(box_office: BoxOffice) -> None:
    production, _ = await put_on(box_office, "2020-06-01")
    assert "There are no more dates" in await page(box_office, f"/productions/{production.id}")


async def test_of_a_long_description_begins_with_its_beginning(box_office: BoxOffice) -> None:
    production, _ = await put_on(box_office, "2050-06-01", description="A storm parts two twins. " * 30)
    html = await page(box_office, f"/productions/{production.id}")
    shown = re.sub(r"<script.*?</script>|<meta[^>]*>", "", html, flags=re.DOTALL)
    assert 30 < shown.count("A storm parts two twins.") < 30 + 20
    assert 'href="#about"' in html


async def test_is_linked_from_its_shows_and_stands_for_them_in_the_list(box_office: BoxOffice) -> None:
    production, shows = await put_on(box_office, "2050-06-01", "2050-06-02", "2050-07-01")
    show = await page(box_office, f"/shows/{shows[2].id}")
    assert f'href="/productions/{production.id}?month=2050-07"' in show
    assert "All dates of" in show
    listed = await page(box_office, f"/?producer={production.producer_id}")
    assert re.findall(r'<h2[^>]*><a href="([^"]+)"', listed) == [f"/productions/{production.id}"]
    assert "Next: " in listed
    alone = await box_office.put_on_sale()
    assert "/productions/" not in await page(box_office, f"/shows/{alone.id}")


async def test_is_a_series_of_events_for_search_engines(box_office: BoxOffice) -> None:
    production, shows = await put_on(box_office, "2050-06-01", "2050-06-02", description="A comedy")
    async with box_office.unit_of_work() as uow:
        await uow.shows.save(replace(shows[1], cancelled=True))
        await uow.commit()
    found = linked_data(await page(box_office, f"/productions/{production.id}"))
    assert (found["@type"], found["name"], found["description"]) == ("EventSeries", "Twelfth Night", "A comedy")
    assert (found["startDate"], found["endDate"]) == ("2050-06-01T20:00:00-04:00", "2050-06-02T22:00:00-04:00")
    assert [event["startDate"][:10] for event in found["subEvent"]] == ["2050-06-01", "2050-06-02"]
    assert [event["eventStatus"].rpartition("/")[2] for event in found["subEvent"]] == [
        "EventScheduled", "EventCancelled",
    ]  # fmt: skip
    series = linked_data(await page(box_office, f"/shows/{shows[0].id}"))["superEvent"]
    assert series == {
        "@type": "EventSeries", "@id": found["@id"], "name": "Twelfth Night", "url": found["url"],
    }  # fmt: skip
    assert found["url"].endswith(f"/productions/{production.id}")


@pytest.mark.p2
async def test_has_what_a_producer_wrote_as_text(box_office: BoxOffice) -> None:
    attack = "</script><img src=x onerror=alert(1)>"
    production, shows = await put_on(box_office, "2050-06-01", title=attack, description=attack, venue=attack)
    for path in (f"/productions/{production.id}", f"/shows/{shows[0].id}", f"/?producer={production.producer_id}"):
        html = await page(box_office, path)
        assert "<img src=x" not in html
    assert linked_data(await page(box_office, f"/productions/{production.id}"))["name"] == attack
