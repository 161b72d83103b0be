"""Mails: what they say, that nothing in them can break them, and that both forms agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from adapters.smtp.emails import JinjaEmailTemplates
from application.ports.emails import (
    AccountChange,
    AccountChangedFacts,
    AddressChangedFacts,
    DigestFacts,
    DigestSales,
    EmailFacts,
    InvitationFacts,
    OrderLinksFacts,
    PasskeyAddedFacts,
    PayoutsFacts,
    RefundFailedFacts,
    SignInFacts,
    TooLate,
)
from domain.disputes import DisputeStatus
from tests.support.email_facts import (
    ABOUT_AN_ORDER,
    ACCOUNT_CHANGED,
    ADDRESS_CHANGED,
    ALL,
    CALENDAR_CORRECTED,
    CONFIRMATION,
    DIGEST,
    DISPUTE,
    DUPLICATE_PAYMENT,
    HELD_SHOW_CHANGED,
    HOSTILE,
    INVITATION,
    LATE_PAYMENT,
    OCCASION,
    ORDER_LINKS,
    PASSKEY_ADDED,
    PAYOUTS,
    PENDING_PAYMENT,
    REFUND,
    REFUND_FAILED,
    REMINDER,
    SHOW_CANCELLED,
    SHOW_MOVED,
    SIGN_IN,
    Page,
)

THE_SHOW = ("Hamlet", "Theatre Éclair", "The Globe, London", "Friday, 3 July 2026", "19:00", "19:30", "BST")
THE_ORDER = ("Ada Lovelace", "PT-42")
SAYS: tuple[tuple[EmailFacts, str, tuple[str, ...]], ...] = (
    (
        CONFIRMATION,
        "Your tickets for Hamlet",
        (*THE_ORDER, *THE_SHOW, "£50.00", "£15.00", "Discount", "−£5.00", "Fees", "£4.84", "Tax", "£3.10", "£67.94"),
    ),
    (REMINDER, "Hamlet: Friday, 3 July 2026, 19:30", (*THE_ORDER, *THE_SHOW, "Stalls", "Balcony", "attached")),
    (REFUND, "Your refund for Hamlet", (*THE_ORDER, *THE_SHOW, "£25.00", "on its way back", "1 of your tickets")),
    (
        REFUND_FAILED,
        "Your refund for Hamlet did not arrive",
        (*THE_ORDER, "Hamlet", "£25.00", "your bank sent it back", "Theatre Éclair", "office@globe.example"),
    ),
    (
        DISPUTE,
        "Payment disputed: order PT-42, Hamlet",
        (
            *THE_ORDER,
            *THE_SHOW,
            "£67.94",
            "product not received",
            "Evidence is due by Tuesday, 9 June 2026, 22:59 BST",
            "nothing of this order can be refunded",
        ),
    ),
    (
        LATE_PAYMENT,
        "Your payment for Hamlet came too late",
        (*THE_ORDER, "Hamlet", "Theatre Éclair", "we are sorry", "no tickets", "£67.94"),
    ),
    (
        PENDING_PAYMENT,
        "Your payment for Hamlet is not confirmed yet",
        (*THE_ORDER, *THE_SHOW, "the doors open", "you have no tickets", "£67.94"),
    ),
    (
        DUPLICATE_PAYMENT,
        "You paid twice for Hamlet: £67.94 goes back",
        (*THE_ORDER, "Hamlet", "Theatre Éclair", "was paid twice", "Nothing else about your order changes", "£67.94"),
    ),
    (SHOW_CANCELLED, "Cancelled: Hamlet", (*THE_ORDER, *THE_SHOW, "we are sorry", "was cancelled", "£67.94")),
    (
        SHOW_MOVED,
        "Changed: Hamlet is on Friday, 3 July 2026",
        (*THE_ORDER, *THE_SHOW, "Before", "Tuesday, 30 June 2026", "The Rose, London", "stay valid"),
    ),
    (
        HELD_SHOW_CHANGED,
        "Changed: Hamlet",
        (
            *(*THE_ORDER, *THE_SHOW, "Before", "Tuesday, 30 June 2026", "The Rose, London"),
            *("Amleth", "22:00, Tuesday, 30 June 2026", "22:30, Friday, 3 July 2026", "all of it goes back to you"),
        ),
    ),
    (
        ADDRESS_CHANGED,
        "Your order for Hamlet has another e-mail address now",
        (*THE_ORDER, *THE_SHOW, "a…@lovelace.example", "If you did not expect it"),
    ),
    (
        ACCOUNT_CHANGED,
        "Stripe account and e-mail address changed: Theatre Éclair",
        (
            *(
                "Theatre Éclair",
                "Saturday, 28 November 2026, 04:10 UTC",
                "office",
                "0198c2a6-2f2b-76bc-9737-2e5dbd0af17e",
            ),
            *("Stripe account", "acct_1Nv0FGQ9RKHgCVdK", "acct_1P5zXkB7Qd2mWcTs", "placed from now on"),
            *("E-mail address", "office@eclair.example", "box-office@eclair.example"),
            *(
                "If you expected this",
                "answer this mail at once",
                "operator@tickets.example",
                "revoke this access token",
            ),
        ),
    ),
    (SIGN_IN, "Your link to sign in", ("15 minutes", "works once", "only in the browser that asked for it")),
    (
        INVITATION,
        "Join the team of Theatre Éclair",
        ("Theatre Éclair", "Zoë Okafor", "box office", "look after orders", "Saturday, 5 December 2026, 04:10 UTC"),
    ),
    (
        PASSKEY_ADDED,
        "A new passkey for the office",
        (
            "Zoë’s laptop",
            "Saturday, 28 November 2026, 04:10 UTC",
            "If it was not you, remove it",
            "sign out everywhere",
        ),
    ),
    (
        PAYOUTS,
        "Theatre Éclair: Stripe takes no more payments for you",
        (
            *("Theatre Éclair", "Saturday, 28 November 2026, 04:10 UTC", "3 shows on sale cannot be paid for"),
            *("what you sell at the counter, goes on", "what it wants to know of you"),
        ),
    ),
    (
        DIGEST,
        "Theatre Éclair, Friday, 3 July 2026: 1 thing needs you now",
        (
            *("Theatre Éclair", "12 orders, 31 tickets", "£775.00 kept after refunds"),
            *("A week before: 1 order, 1 ticket, £25.00", "Hamlet", "200 of 240 sold, 4 held, 16 left", "19:30", "BST"),
            *("Macbeth", "Cancelled", "Now: A bank disputes £67.94 of order PT-42 for Hamlet", "9 June 2026, 22:59"),
            *("Lear is published and has no tickets", "Add tickets", "and 7 more like this"),
        ),
    ),
    (ORDER_LINKS, "Your orders", ("Hamlet", "Macbeth", "PT-42", "PT-17", "confirmed", "refunded", "3 July 2026")),
)
each_letter = pytest.mark.parametrize("facts", ALL, ids=lambda facts: type(facts).__name__)
each_about_an_order = pytest.mark.parametrize("facts", ABOUT_AN_ORDER, ids=lambda facts: type(facts).__name__)
typed_by_people = pytest.mark.parametrize("field", ["customer_name", "show_title", "producer_name"])


@pytest.fixture
def writer() -> JinjaEmailTemplates:
    return JinjaEmailTemplates()


def changed(facts: EmailFacts, field: str, text: str) -> EmailFacts:
    if field == "venue":
        return replace(CONFIRMATION, occasion=replace(OCCASION, venue=text))
    return replace(facts, **{field: text})  # type: ignore[arg-type]


@pytest.mark.parametrize(("facts", "subject", "said"), SAYS, ids=lambda value: type(value).__name__)
def test_both_forms_tell_everything(
    writer: JinjaEmailTemplates, facts: EmailFacts, subject: str, said: tuple[str, ...]
) -> None:
    content = writer.write(facts)
    page = Page(content.html)
    assert content.subject == subject
    for text in (page.text, " ".join(content.text.split())):
        for fact in said:
            assert fact in text
    links = linked_by(facts)
    assert page.links == links
    assert all(url.removeprefix("mailto:") in content.text for url in links)


def linked_by(facts: EmailFacts) -> set[str]:
    """The targets of the e-mail's links."""
    match facts:
        case OrderLinksFacts():
            return {order.url for order in facts.orders}
        case SignInFacts() | InvitationFacts() | PasskeyAddedFacts():
            return {facts.url}
        case PayoutsFacts():
            return {facts.account_url}
        case DigestFacts():
            inside = {show.url for show in facts.shows} | {alert.url for alert in facts.alerts}
            return {*inside, facts.office_url, facts.settings_url}
        case AddressChangedFacts():
            return set()
        case AccountChangedFacts():
            return {f"mailto:{facts.operator_email}"}
        case RefundFailedFacts():
            return {facts.order_url, f"mailto:{facts.producer_email}"}
    return {facts.order_url}


@pytest.mark.parametrize(
    ("changes", "subject", "said"),
    [
        (
            {"status": DisputeStatus.WARNING_NEEDS_RESPONSE},
            "A bank asks",
            ("No money has moved", "a refund settles it"),
        ),
        ({"status": DisputeStatus.WON}, "Dispute won", ("was won", "can be refunded again")),
        (
            {"status": DisputeStatus.WON, "was_repaid_before": True, "recovered": "£60.00"},
            "Dispute won",
            ("£60.00 had been taken", "pay it back by hand"),
        ),
        ({"status": DisputeStatus.WARNING_CLOSED}, "Dispute closed", ("is closed", "Nothing was taken")),
        (
            {"status": DisputeStatus.LOST, "lost": "£25.00", "recovered": "£24.00", "fees_returned": "£2.42"},
            "Dispute lost",
            ("keeps £25.00", "£24.00 is taken", "returns £2.42 of its fees", "tickets are still valid"),
        ),
        (
            {"status": DisputeStatus.LOST, "has_valid_tickets": False},
            "Dispute lost",
            ("tickets of the order are void",),
        ),
    ],
)
def test_letter_about_a_dispute_tells_how_it_stands(
    writer: JinjaEmailTemplates, changes: dict[str, object], subject: str, said: tuple[str, ...]
) -> None:
    content = writer.write(replace(DISPUTE, **changes))  # type: ignore[arg-type]
    assert content.subject.startswith(subject)
    for text in (Page(content.html).text, " ".join(content.text.split())):
        assert all(fact in text for fact in said)
        assert ("Evidence is due" in text) is (changes["status"] is DisputeStatus.WARNING_NEEDS_RESPONSE)


def test_confirmation_of_what_is_left_tells_what_is_valid_and_what_was_given_back(writer: JinjaEmailTemplates) -> None:
    stalls, balcony = CONFIRMATION.lines
    lines = (replace(stalls, valid=1), replace(balcony, valid=0))
    content = writer.write(replace(CONFIRMATION, lines=lines, void=2, returned="£25.00", on_its_way="£15.00"))
    page, text = Page(content.html).text, " ".join(content.text.split())
    assert "Valid now 1 × Stalls 2 of your tickets were taken back" in page
    assert "Valid now: 1 x Stalls 2 of your tickets were taken back" in text
    for said in (page, text):
        assert "Order PT-42 as you placed it" in said
    assert "Given back to you £25.00 On its way back to you £15.00" in page
    assert "Given back to you: £25.00 On its way back to you: £15.00" in text


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (TooLate.TICKETS_GONE, "when your tickets were no longer held for you"),
        (TooLate.SHOW_OVER, "when the show was over"),
        (TooLate.SHOW_CANCELLED, "when the show had been cancelled"),
        (TooLate.ORDER_CANCELLED, "when you had cancelled your order"),
        (TooLate.WRONG_AMOUNT, "but was not what your order costs"),
    ],
)
def test_late_payment_is_told_with_its_reason(writer: JinjaEmailTemplates, why: TooLate, said: str) -> None:
    content = writer.write(replace(LATE_PAYMENT, why=why))
    for text in (Page(content.html).text, " ".join(content.text.split())):
        assert f"reached us {said}, so you have no tickets" in text


def test_held_tickets_that_nobody_pays_yet_promise_no_money(writer: JinjaEmailTemplates) -> None:
    same = replace(HELD_SHOW_CHANGED, title_before="Hamlet", end_before=HELD_SHOW_CHANGED.end, is_being_paid=False)
    content = writer.write(same)
    for text in (content.text, Page(content.html).text):
        assert "not paid yet" in " ".join(text.split())
        for left_out in ("goes back", "was called", "was to end"):
            assert left_out not in text


def test_money_that_a_bank_still_works_on_goes_back_when_the_show_is_cancelled(writer: JinjaEmailTemplates) -> None:
    content = writer.write(replace(SHOW_CANCELLED, paid="", is_being_paid=True))
    for text in (content.text, Page(content.html).text):
        assert "Your bank still works on your payment" in text


def test_account_that_was_changed_at_the_command_line_names_no_token(writer: JinjaEmailTemplates) -> None:
    content = writer.write(replace(ACCOUNT_CHANGED, token_name="", token_id="", operator_email=""))
    page = Page(content.html)
    for text in (page.text, " ".join(content.text.split())):
        assert "by the operator of the ticket shop, at the command line" in text
        assert "answer this mail at once" in text
        assert "ask the operator of the ticket shop why it was made, and to undo it." in text
        assert "token" not in text
    assert page.links == set()


@pytest.mark.parametrize(
    ("changed", "subject"),
    [
        (("tax",), "Tax changed: Theatre Éclair"),
        (("e-mail address", "name"), "E-mail address and name changed: Theatre Éclair"),
        (("Stripe account", "tax", "name"), "Stripe account, tax and name changed: Theatre Éclair"),
    ],
)
def test_subject_lists_what_was_changed_of_an_account(
    writer: JinjaEmailTemplates, changed: tuple[str, ...], subject: str
) -> None:
    changes = tuple(AccountChange(what=what, before="none", after="new") for what in changed)
    assert writer.write(replace(ACCOUNT_CHANGED, changes=changes)).subject == subject


@pytest.mark.parametrize("field", ["producer_name", "token_name", "before", "after"])
def test_what_stands_in_an_account_stays_text_on_one_line(writer: JinjaEmailTemplates, field: str) -> None:
    def with_text(text: str) -> AccountChangedFacts:
        if field in ("producer_name", "token_name"):
            return replace(ACCOUNT_CHANGED, **{field: text})  # type: ignore[arg-type]
        change = AccountChange(**{"what": "name", "before": "Globe", "after": "Rose", field: text})
        return replace(ACCOUNT_CHANGED, changes=(change, *ACCOUNT_CHANGED.changes[1:]))

    ordinary, page = (Page(writer.write(with_text(text)).html) for text in ("Globe", HOSTILE))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in ordinary.tags]
    assert HOSTILE in page.text
    content = writer.write(with_text("Globe\r\n\r\nBcc: eve@example.org"))
    assert "Globe Bcc: eve@example.org" in content.text
    assert content.subject.splitlines() == [content.subject]


def test_every_line_of_an_order_is_there(writer: JinjaEmailTemplates) -> None:
    content = writer.write(CONFIRMATION)
    assert "2 × Stalls" in Page(content.html).text
    assert "2 x Stalls" in content.text


def test_an_order_whose_prices_include_the_fees_says_so_at_the_total(writer: JinjaEmailTemplates) -> None:
    content = writer.write(replace(CONFIRMATION, fees="", fees_included=True))
    assert "Total: £67.94, fees included" in content.text
    assert "Total fees included £67.94" in Page(content.html).text
    assert "Fees" not in content.text


def test_a_free_order_names_no_fees_and_no_tax(writer: JinjaEmailTemplates) -> None:
    content = writer.write(replace(CONFIRMATION, discount="", fees="", tax="", total=""))
    for text in (content.text, Page(content.html).text):
        assert "Free" in text
        assert not {"Fees", "Tax", "Discount"} & set(text.replace(":", "").split())


def test_tickets_that_cost_nothing_are_taken_back_without_a_word_of_money(writer: JinjaEmailTemplates) -> None:
    content = writer.write(replace(REFUND, amount="", left=0))
    assert content.subject == "Your order for Hamlet has changed"
    for text in (content.text, Page(content.html).text):
        assert "way back" not in text
        assert "no longer valid" in text
        assert "The Globe" not in text


def test_free_tickets_of_a_cancelled_show_promise_no_money(writer: JinjaEmailTemplates) -> None:
    content = writer.write(replace(SHOW_CANCELLED, paid=""))
    for text in (content.text, Page(content.html).text):
        assert "money is on its way" not in " ".join(text.split())


@pytest.mark.parametrize(
    ("was", "change"),
    [
        (replace(OCCASION, start_time=datetime(2026, 7, 3, 19, 0, tzinfo=UTC)), "at 19:30"),
        (replace(OCCASION, timezone=ZoneInfo("Europe/Berlin")), "at 19:30"),
        (replace(OCCASION, venue="The Rose"), "elsewhere"),
        (replace(OCCASION, door_time=datetime(2026, 7, 3, 17, 0, tzinfo=UTC)), "open at 19:00"),
    ],
)
def test_the_subject_says_what_moved(writer: JinjaEmailTemplates, was: object, change: str) -> None:
    assert writer.write(replace(SHOW_MOVED, before=was)).subject == f"Changed: Hamlet is {change}"  # type: ignore[arg-type]


def test_times_are_the_venues(writer: JinjaEmailTemplates) -> None:
    content = writer.write(replace(CONFIRMATION, occasion=replace(OCCASION, timezone=ZoneInfo("America/Sao_Paulo"))))
    assert "Doors 15:00, start 15:30 (UTC-03)" in content.text


def test_doors_on_the_day_before_name_their_day(writer: JinjaEmailTemplates) -> None:
    at_midnight = replace(
        OCCASION,
        door_time=datetime(2026, 7, 3, 22, 0, tzinfo=UTC),
        start_time=datetime(2026, 7, 3, 23, 30, tzinfo=UTC),
    )
    text = writer.write(replace(CONFIRMATION, occasion=at_midnight)).text
    assert "Saturday, 4 July 2026" in text
    assert "Doors Friday 23:00, start 00:30" in text


@typed_by_people
@each_about_an_order
def test_what_people_typed_stays_text(writer: JinjaEmailTemplates, facts: EmailFacts, field: str) -> None:
    ordinary, page = Page(writer.write(facts).html), Page(writer.write(changed(facts, field, HOSTILE)).html)
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in ordinary.tags]
    assert HOSTILE in page.text


@pytest.mark.parametrize("field", ["venue", "order_number", "total"])
def test_whatever_stands_in_a_confirmation_stays_text(writer: JinjaEmailTemplates, field: str) -> None:
    ordinary, page = (Page(writer.write(f).html) for f in (CONFIRMATION, changed(CONFIRMATION, field, HOSTILE)))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in ordinary.tags]
    assert HOSTILE in page.text


def test_a_title_in_a_list_of_orders_stays_text(writer: JinjaEmailTemplates) -> None:
    hostile = replace(ORDER_LINKS, orders=tuple(replace(order, show_title=HOSTILE) for order in ORDER_LINKS.orders))
    page = Page(writer.write(hostile).html)
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in Page(writer.write(ORDER_LINKS).html).tags]
    assert HOSTILE in page.text


@each_about_an_order
def test_the_subject_is_one_line(writer: JinjaEmailTemplates, facts: EmailFacts) -> None:
    content = writer.write(changed(facts, "show_title", "Hamlet\r\nBcc: eve@example.org"))
    assert "Hamlet Bcc: eve@example.org" in content.subject
    assert content.subject.splitlines() == [content.subject]


@typed_by_people
@each_about_an_order
def test_a_name_cannot_write_lines_of_its_own(writer: JinjaEmailTemplates, facts: EmailFacts, field: str) -> None:
    content = writer.write(changed(facts, field, "Ada\n\nClick here: http://evil.example"))
    assert "\nClick here: http" not in content.text
    assert "Ada Click here: http://evil.example" in content.text


@each_letter
def test_the_page_is_made_for_everyone(writer: JinjaEmailTemplates, facts: EmailFacts) -> None:
    page = Page(writer.write(facts).html)
    assert ("html", {"lang": "en", "dir": "ltr"}) in page.tags
    assert not {"img", "script", "link"} & {tag for tag, _ in page.tags}, "it must load nothing"
    assert [tag for tag, _ in page.tags].count("h1") == 1
    tables = [attributes.get("role") for tag, attributes in page.tags if tag == "table"]
    assert tables.count(None) == (facts is CONFIRMATION), "only an order is a table, the others are layout"


@each_letter
def test_the_text_reads_well_in_80_columns(writer: JinjaEmailTemplates, facts: EmailFacts) -> None:
    text = writer.write(facts).text
    assert text == text.strip() + "\n" or text == text.strip()
    assert "\n\n\n" not in text
    assert all(len(line) <= 80 for line in text.splitlines() if "https://" not in line)


FESTIVAL = replace(OCCASION, end_time=datetime(2026, 7, 5, 21, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    "facts",
    [
        replace(CONFIRMATION, occasion=FESTIVAL),
        replace(REMINDER, occasion=FESTIVAL),
        replace(REFUND, occasion=FESTIVAL),
        replace(SHOW_CANCELLED, occasion=FESTIVAL),
        replace(CALENDAR_CORRECTED, occasion=FESTIVAL),
    ],
)
def test_a_festival_has_all_its_days_in_every_letter(writer: JinjaEmailTemplates, facts: EmailFacts) -> None:
    content = writer.write(facts)
    assert "Friday, 3 July – Sunday, 5 July 2026" in content.text
    assert "Friday, 3 July – Sunday, 5 July 2026" in Page(content.html).text


def test_a_festival_has_all_its_days_where_orders_are_listed(writer: JinjaEmailTemplates) -> None:
    orders = tuple(replace(order, occasion=FESTIVAL) for order in ORDER_LINKS.orders)
    assert "Friday, 3 July – Sunday, 5 July 2026" in writer.write(replace(ORDER_LINKS, orders=orders)).text


def test_a_festival_that_gets_a_day_more_says_so(writer: JinjaEmailTemplates) -> None:
    moved = replace(SHOW_MOVED, occasion=FESTIVAL, before=OCCASION)
    content = writer.write(moved)
    assert content.subject == "Changed: Hamlet is on Friday, 3 July – Sunday, 5 July 2026"


def test_payouts_that_work_again_are_good_news(writer: JinjaEmailTemplates) -> None:
    content = writer.write(replace(PAYOUTS, is_enabled=True, shows_on_sale=1))
    assert content.subject == "Theatre Éclair: Stripe takes payments for you now"
    assert "1 show can be paid for now. You need not do anything." in " ".join(content.text.split())


def test_a_quiet_day_is_a_short_digest(writer: JinjaEmailTemplates) -> None:
    nothing = DigestSales(orders=0, tickets=0, money=())
    content = writer.write(replace(DIGEST, yesterday=nothing, week_before=nothing, shows=(), alerts=()))
    assert content.subject == "Theatre Éclair, Friday, 3 July 2026"
    for text in (Page(content.html).text, " ".join(content.text.split())):
        assert "No orders" in text
        assert "No show." in text
        assert "Needs you" not in text


def test_the_operators_mail_of_a_dispute_does_not_lead_into_the_office(writer: JinjaEmailTemplates) -> None:
    content = writer.write(replace(DISPUTE, order_url=""))
    assert "See the order" not in content.html + content.text


def test_a_change_by_a_person_of_the_office_names_the_person(writer: JinjaEmailTemplates) -> None:
    content = writer.write(replace(ACCOUNT_CHANGED, token_id="", token_name="", person_name="Zoë Okafor"))
    for text in (Page(content.html).text, " ".join(content.text.split())):
        assert "It was changed by Zoë Okafor , who" in text or "It was changed by Zoë Okafor, who" in text
        assert "to sign this person out" in text
        assert "operator of the ticket shop, at the command line" not in text
