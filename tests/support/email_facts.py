"""Facts for every kind of e-mail, and an e-mail's HTML as a reader sees it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Final
from zoneinfo import ZoneInfo

from typing_extensions import override

from application.ports.emails import (
    AccountChange,
    AccountChangedFacts,
    AddressChangedFacts,
    CalendarCorrectedFacts,
    ConfirmationFacts,
    DigestAlert,
    DigestFacts,
    DigestSales,
    DigestShow,
    DisputeFacts,
    DuplicatePaymentFacts,
    HeldShowChangedFacts,
    InvitationFacts,
    LatePaymentFacts,
    LetterLine,
    Occasion,
    OrderFacts,
    OrderLink,
    OrderLinksFacts,
    PasskeyAddedFacts,
    PayoutsFacts,
    PendingPaymentFacts,
    RefundFacts,
    RefundFailedFacts,
    ReminderFacts,
    ShowCancelledFacts,
    ShowMovedFacts,
    SignInFacts,
)
from domain.disputes import DisputeStatus

HOSTILE: Final = """<script>alert("x")</script>' onmouseover='"""

OCCASION: Final = Occasion(
    venue="The Globe, London",
    door_time=datetime(2026, 7, 3, 18, 0, tzinfo=UTC),
    start_time=datetime(2026, 7, 3, 18, 30, tzinfo=UTC),
    end_time=datetime(2026, 7, 3, 21, 30, tzinfo=UTC),
    timezone=ZoneInfo("Europe/London"),
    locale="en-GB",
)
_COMMON: Final = OrderFacts(
    customer_name="Ada Lovelace",
    show_title="Hamlet",
    producer_name="Theatre Éclair",
    occasion=OCCASION,
    order_number="PT-42",
    order_url="https://tickets.example.org/orders/1?a=1&token=2",
)
_ABOUT_AN_ORDER: Final = {name: getattr(_COMMON, name) for name in OrderFacts.__slots__}

CONFIRMATION: Final = ConfirmationFacts(
    **_ABOUT_AN_ORDER,
    lines=(
        LetterLine(name="Stalls", quantity=2, total_price="£50.00"),
        LetterLine(name="Balcony", quantity=1, total_price="£15.00"),
    ),
    discount="−£5.00",
    fees="£4.84",
    tax="£3.10",
    total="£67.94",
)
REMINDER: Final = ReminderFacts(**_ABOUT_AN_ORDER, tickets=(("Stalls", 2), ("Balcony", 1)))
REFUND: Final = RefundFacts(**_ABOUT_AN_ORDER, amount="£25.00", left=1)
REFUND_FAILED: Final = RefundFailedFacts(**_ABOUT_AN_ORDER, amount="£25.00", producer_email="office@globe.example")
DISPUTE: Final = DisputeFacts(
    show_title=_COMMON.show_title,
    producer_name=_COMMON.producer_name,
    occasion=OCCASION,
    order_number=_COMMON.order_number,
    customer_name=_COMMON.customer_name,
    status=DisputeStatus.NEEDS_RESPONSE,
    reason="product not received",
    amount="£67.94",
    evidence_due_by=datetime(2026, 6, 9, 21, 59, tzinfo=UTC),
    lost="£0.00",
    recovered="£0.00",
    fees_returned="",
    has_valid_tickets=True,
    was_repaid_before=False,
    order_url="https://tickets.example.org/office/orders/PT-42",
)
LATE_PAYMENT: Final = LatePaymentFacts(**_ABOUT_AN_ORDER, amount="£67.94")
PENDING_PAYMENT: Final = PendingPaymentFacts(**_ABOUT_AN_ORDER, amount="£67.94")
DUPLICATE_PAYMENT: Final = DuplicatePaymentFacts(**_ABOUT_AN_ORDER, amount="£67.94")
SHOW_CANCELLED: Final = ShowCancelledFacts(**_ABOUT_AN_ORDER, paid="£67.94")
SHOW_MOVED: Final = ShowMovedFacts(
    **_ABOUT_AN_ORDER,
    before=replace(
        OCCASION,
        venue="The Rose, London",
        door_time=datetime(2026, 6, 30, 18, 0, tzinfo=UTC),
        start_time=datetime(2026, 6, 30, 18, 30, tzinfo=UTC),
        end_time=datetime(2026, 6, 30, 21, 30, tzinfo=UTC),
    ),
)
HELD_SHOW_CHANGED: Final = HeldShowChangedFacts(
    **_ABOUT_AN_ORDER,
    before=SHOW_MOVED.before,
    title_before="Amleth",
    end_before="22:00, Tuesday, 30 June 2026",
    end="22:30, Friday, 3 July 2026",
    is_being_paid=True,
)
ORDER_LINKS: Final = OrderLinksFacts(
    orders=(
        OrderLink(
            show_title="Hamlet", occasion=OCCASION, order_number="PT-42", status="confirmed", url=_COMMON.order_url
        ),
        OrderLink(
            show_title="Macbeth",
            occasion=OCCASION,
            order_number="PT-17",
            status="refunded",
            url="https://tickets.example.org/orders/2?token=3",
        ),
    )
)
ADDRESS_CHANGED: Final = AddressChangedFacts(
    show_title=_COMMON.show_title,
    producer_name=_COMMON.producer_name,
    occasion=OCCASION,
    order_number=_COMMON.order_number,
    customer_name=_COMMON.customer_name,
    new_address="a…@lovelace.example",
)
ACCOUNT_CHANGED: Final = AccountChangedFacts(
    producer_name=_COMMON.producer_name,
    changes=(
        AccountChange(
            what="Stripe account",
            before="acct_1Nv0FGQ9RKHgCVdK",
            after="acct_1P5zXkB7Qd2mWcTs",
            meaning="The money of orders that are placed from now on goes there.",
        ),
        AccountChange(
            what="e-mail address",
            before="office@eclair.example",
            after="box-office@eclair.example",
            meaning="Mails about the account go there from now on.",
        ),
    ),
    changed_at=datetime(2026, 11, 28, 4, 10, 59, tzinfo=UTC),
    token_name="office",
    token_id="0198c2a6-2f2b-76bc-9737-2e5dbd0af17e",
    operator_email="operator@tickets.example",
)
SIGN_IN: Final = SignInFacts(
    url="https://tickets.example.org/office/sign-in/link?token=1", good_for="15 minutes", only_in_that_browser=True
)
INVITATION: Final = InvitationFacts(
    producer_name=_COMMON.producer_name,
    invited_by="Zoë Okafor",
    role="box office",
    may="you can look after orders, and let people in",
    until=datetime(2026, 12, 5, 4, 10, tzinfo=UTC),
    url="https://tickets.example.org/office/invitation?token=2",
)
PASSKEY_ADDED: Final = PasskeyAddedFacts(
    name="Zoë’s laptop",
    added_at=datetime(2026, 11, 28, 4, 10, tzinfo=UTC),
    url="https://tickets.example.org/office/me",
)
PAYOUTS: Final = PayoutsFacts(
    producer_name=_COMMON.producer_name,
    is_enabled=False,
    changed_at=datetime(2026, 11, 28, 4, 10, tzinfo=UTC),
    shows_on_sale=3,
    account_url="https://tickets.example.org/office/account",
)
DIGEST: Final = DigestFacts(
    producer_name=_COMMON.producer_name,
    person_name="Zoë Okafor",
    day="Friday, 3 July 2026",
    yesterday=DigestSales(orders=12, tickets=31, money=("£775.00",)),
    week_before=DigestSales(orders=1, tickets=1, money=("£25.00",)),
    shows=(
        DigestShow(
            title=_COMMON.show_title,
            occasion=OCCASION,
            url="https://tickets.example.org/office/shows/1",
            is_cancelled=False,
            capacity=240,
            sold=200,
            held=4,
            left=16,
        ),
        DigestShow(
            title="Macbeth",
            occasion=OCCASION,
            url="https://tickets.example.org/office/shows/2",
            is_cancelled=True,
            capacity=240,
            sold=0,
            held=0,
            left=240,
        ),
    ),
    alerts=(
        DigestAlert(
            text="A bank disputes £67.94 of order PT-42 for Hamlet",
            url="https://tickets.example.org/office/orders/PT-42",
            action="See the order",
            is_urgent=True,
            due="Evidence is due by Tuesday, 9 June 2026, 22:59",
        ),
        DigestAlert(
            text="Lear is published and has no tickets",
            url="https://tickets.example.org/office/shows/3/tickets",
            action="Add tickets",
            is_urgent=False,
            more="and 7 more like this",
        ),
    ),
    office_url="https://tickets.example.org/office",
    settings_url="https://tickets.example.org/office/me/digest",
)
CALENDAR_CORRECTED: Final = CalendarCorrectedFacts(**_ABOUT_AN_ORDER)
ABOUT_AN_ORDER: Final = (
    CONFIRMATION,
    REMINDER,
    REFUND,
    REFUND_FAILED,
    LATE_PAYMENT,
    DUPLICATE_PAYMENT,
    PENDING_PAYMENT,
    SHOW_CANCELLED,
    SHOW_MOVED,
    HELD_SHOW_CHANGED,
    CALENDAR_CORRECTED,
)
ALL: Final = (
    *ABOUT_AN_ORDER,
    DISPUTE,
    ORDER_LINKS,
    ADDRESS_CHANGED,
    ACCOUNT_CHANGED,
    SIGN_IN,
    INVITATION,
    PASSKEY_ADDED,
    PAYOUTS,
    DIGEST,
)


class Page(HTMLParser):
    """The text that a reader sees, the tags, and where links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    @override
    def handle_data(self, data: str) -> None:
        self.words.extend(data.split())

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def links(self) -> set[str | None]:
        return {attributes["href"] for tag, attributes in self.tags if tag == "a"}
