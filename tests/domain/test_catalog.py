"""Valid and invalid producers, shows and tickets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.catalog import FIRST_YEAR, LAST_YEAR, ProducerFinancial, ShowFields
from domain.errors import Conflict, InvalidRequest, ProducerPaymentMissing, ShowEnded, ShowUnavailable
from domain.money import AMOUNT_LIMIT
from tests.support.factories import DOORS, NOW, producer, show, ticket

A_MOMENT = timedelta(microseconds=1)


def test_a_producer_is_paid_on_the_connected_account() -> None:
    assert producer(account="acct_1").payout_account() == "acct_1"


@pytest.mark.p1
@pytest.mark.parametrize(("account", "charges_enabled"), [(None, False), (None, True), ("acct_1", False)])
def test_a_producer_who_cannot_be_charged_for_cannot_be_paid(account: str | None, charges_enabled: bool) -> None:
    with pytest.raises(ProducerPaymentMissing, match=r"^Producer payment details not configured$"):
        producer(account=account, charges_enabled=charges_enabled).payout_account()


def test_a_producer_begins_without_an_account() -> None:
    assert ProducerFinancial() == ProducerFinancial(None, charges_enabled=False)


@pytest.mark.parametrize("name", ["", "   ", "\u3164", "\u200b\u2060", "\u2800", "x" * 201])
def test_a_producer_has_a_name(name: str) -> None:
    with pytest.raises(InvalidRequest, match="1 to 200 characters") as refusal:
        producer(name=name)
    assert refusal.value.field == "name"


def test_a_published_show_is_on_sale_until_it_ends() -> None:
    show(end_time=DOORS, start_time=DOORS, door_time=DOORS).ensure_on_sale(DOORS - A_MOMENT)


@pytest.mark.p1
@pytest.mark.parametrize("late", [timedelta(0), A_MOMENT, timedelta(days=365)])
def test_a_show_that_has_ended_is_not_on_sale(late: timedelta) -> None:
    ended = show()
    with pytest.raises(ShowEnded, match=r"^This show has already occurred$") as refusal:
        ended.ensure_on_sale(ended.end_time + late)
    assert refusal.value.field == "show_id"


@pytest.mark.p1
@pytest.mark.parametrize("state", [{"published": False}, {"cancelled": True}])
def test_a_show_that_is_unpublished_or_cancelled_is_not_on_sale(state: dict[str, Any]) -> None:
    with pytest.raises(ShowUnavailable, match=r"^This show is not currently available$") as refusal:
        show(**state).ensure_on_sale(NOW)
    assert refusal.value.field == "show_id"


def test_times_are_read_on_the_venues_clock() -> None:
    assert show(timezone="America/New_York").local(DOORS).isoformat() == "2050-06-01T14:30:00-04:00"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"description": "x" * 10_001}, "description"),
        ({"venue": "x" * 201}, "venue"),
        ({"terms": "x" * 1001}, "terms"),
        ({"door_time": DOORS.replace(tzinfo=None)}, "door_time"),
        ({"start_time": DOORS.replace(tzinfo=None)}, "start_time"),
        ({"end_time": DOORS.replace(tzinfo=None)}, "end_time"),
        ({"start_time": DOORS - A_MOMENT}, "start_time"),
        ({"end_time": DOORS}, "start_time"),
    ],
)
def test_a_show_that_makes_no_sense_is_refused(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        show(**wrong)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus_Mons", "../../etc/passwd", "/etc/passwd", "America", "a\0b", "A" * 300]
)
def test_a_time_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="Unknown time zone") as refusal:
        show(timezone=name)
    assert refusal.value.field == "timezone"


@pytest.mark.parametrize("tag", ["de", "de-AT", "zh-Hant-TW", "es-419"])
def test_a_locale_is_a_language_with_or_without_script_and_territory(tag: str) -> None:
    assert show(locale=tag).locale == tag


@pytest.mark.parametrize("tag", ["", "xx", "en-", "en_US", "English", "../../etc/passwd", "en\0", "e" * 300])
def test_a_locale_that_does_not_exist_is_refused(tag: str) -> None:
    with pytest.raises(InvalidRequest, match="Unknown locale") as refusal:
        show(locale=tag)
    assert refusal.value.field == "locale"


def test_texts_may_be_as_long_as_their_limits() -> None:
    longest = show(title="x" * 200, description="x" * 10_000, venue="x" * 200, terms="x" * 1000)
    ticket(of=longest, name="x" * 200, description="x" * 10_000)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"description": "x" * 10_001}, "description"),
        ({"price": -1}, "price"),
        ({"price": AMOUNT_LIMIT}, "price"),
        ({"quantity": 1_000_001}, "quantity"),
    ],
)
def test_a_ticket_that_makes_no_sense_is_refused(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        ticket(**wrong)
    assert refusal.value.field == field


def test_a_ticket_cannot_have_a_negative_quantity() -> None:
    with pytest.raises(Conflict):
        ticket(quantity=-1)


def test_a_ticket_may_be_free_or_dear_rare_or_plenty() -> None:
    ticket(price=0, quantity=0)
    ticket(price=AMOUNT_LIMIT - 1, quantity=1_000_000)


def test_a_show_is_changed_by_the_fields_given() -> None:
    draft = show(published=False)
    assert draft.changed(published=True, title="Macbeth") == replace(draft, published=True, title="Macbeth")
    assert draft.changed() == draft


def test_a_cancelled_show_stays_as_it_is() -> None:
    cancelled = show().changed(cancelled=True)
    assert cancelled.changed(cancelled=True) == cancelled
    for fields in ({"cancelled": False}, {"title": "Macbeth"}, {"published": False}):
        with pytest.raises(Conflict, match="cannot be undone"):
            cancelled.changed(**fields)


@pytest.mark.parametrize("name", ["door_time", "end_time"])
def test_a_show_is_in_years_that_a_calendar_has(name: str) -> None:
    first, last = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR, 12, 31, 23, 59, tzinfo=UTC)
    widest = show(door_time=first, end_time=last)
    assert widest.local(widest.door_time).year in {FIRST_YEAR - 1, FIRST_YEAR}
    outside: ShowFields = {"door_time": first - timedelta(seconds=1)}
    if name == "end_time":
        outside = {"end_time": last + timedelta(minutes=1)}
    with pytest.raises(InvalidRequest) as refusal:
        show().changed(**outside)
    assert refusal.value.field == name


@pytest.mark.parametrize("text", ["two\nlines", "nul\0", "bell\x07", "\x85"])
def test_titles_and_names_are_one_line(text: str) -> None:
    for refused in (lambda: show(title=text), lambda: producer(name=text), lambda: ticket(name=text)):
        with pytest.raises(InvalidRequest):
            refused()


def test_texts_may_have_lines_but_no_nul() -> None:
    assert show(description="One\n\tTwo", terms="a\nb").description == "One\n\tTwo"
    refused: list[ShowFields] = [{"description": "nul\0"}, {"venue": "nul\0"}, {"terms": "nul\0"}]
    for fields in refused:
        with pytest.raises(InvalidRequest) as refusal:
            show().changed(**fields)
        assert [refusal.value.field] == list(fields)
