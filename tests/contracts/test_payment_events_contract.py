"""The PaymentEvents port: it accepts only what the provider signed, and signed lately (P2-009)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from stripe import Webhook, WebhookSignature

from adapters.memory.payment import MemoryPaymentEvents
from adapters.stripe.time import StripeTime
from adapters.stripe.webhooks import EVENT_KINDS, StripeEvents
from adapters.system.clock import SystemClock
from application.ports.payment import InvalidSignature, PaymentEvent, PaymentEventKind, PaymentEvents

SECRET, OTHER_SECRET = "whsec_ours", "whsec_somebody_elses"
EVENT = PaymentEvent(id="evt_1", type="checkout.session.completed", object_id="cs_1", livemode=False)

#: An event as it arrives: the raw body, and the signature that the secret makes.
Signer = Callable[[PaymentEvent, str], tuple[bytes, str]]


def sign_for_memory(event: PaymentEvent, secret: str) -> tuple[bytes, str]:
    return f"{event.type}:{event.id}:{event.object_id}".encode(), secret


def sign_as_stripe(event: PaymentEvent, secret: str) -> tuple[bytes, str]:
    body = stripe_body(event)
    return body.encode(), WebhookSignature.generate_signature_header(body, secret)


def stripe_body(event: PaymentEvent) -> str:
    stripe_object = {"id": event.object_id, "object": "checkout.session", "amount_total": 5484, "name": "Zoë"}
    return json.dumps(
        {
            "id": event.id,
            "object": "event",
            "type": event.type,
            "livemode": event.livemode,
            "created": 1_795_435_200,
            "data": {"object": stripe_object, "previous_attributes": None},
        },
        ensure_ascii=False,
    )


@pytest.fixture(params=["memory", "stripe"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def events(kind: str) -> PaymentEvents:
    return MemoryPaymentEvents(SECRET) if kind == "memory" else StripeEvents(SECRET, SystemClock())


@pytest.fixture
def sign(kind: str) -> Signer:
    return sign_for_memory if kind == "memory" else sign_as_stripe


def test_a_signed_event_is_believed(events: PaymentEvents, sign: Signer) -> None:
    assert events.verify(*sign(EVENT, SECRET)) == EVENT


@pytest.mark.parametrize("event_type", ["customer.created", "", "checkout.session", "order.created"])
def test_there_is_nothing_to_do_about_other_types_of_events(events: PaymentEvents, event_type: str) -> None:
    assert events.kind_of(event_type) is None


@pytest.mark.parametrize("what_to_do", PaymentEventKind)
def test_every_kind_of_event_comes_under_some_type(events: PaymentEvents, what_to_do: PaymentEventKind) -> None:
    types = EVENT_KINDS if isinstance(events, StripeEvents) else PaymentEventKind

    assert what_to_do in {events.kind_of(event_type) for event_type in types}


def test_an_event_signed_by_somebody_else_is_not(events: PaymentEvents, sign: Signer) -> None:
    with pytest.raises(InvalidSignature):
        events.verify(*sign(EVENT, OTHER_SECRET))


@pytest.mark.parametrize(
    "signature", ["", "nonsense", "t=,v1=", "t=1", "v1=00", "t=1,v1=00", "t=1795435200,v1=Zoë", "t=1=2,v1=0=0", ",,,"]
)
def test_an_event_without_a_real_signature_is_not(events: PaymentEvents, sign: Signer, signature: str) -> None:
    payload, _ = sign(EVENT, SECRET)

    with pytest.raises(InvalidSignature):
        events.verify(payload, signature)


@pytest.mark.parametrize("payload", [b"", b"\xff\xfe", b"not an event", b"{}", b"[]"])
def test_what_is_no_event_is_refused_whoever_signed_it(payload: bytes) -> None:
    text = payload.decode(errors="replace")
    signature = WebhookSignature.generate_signature_header(text, SECRET)

    with pytest.raises(InvalidSignature):
        StripeEvents(SECRET, SystemClock()).verify(payload, signature)


def signed(**event: object) -> tuple[bytes, str]:
    body = json.dumps({"id": "evt_1", "livemode": True, **event})
    return body.encode(), WebhookSignature.generate_signature_header(body, SECRET)


@pytest.mark.parametrize(
    "data",
    [
        {"data": {"object": {"object": "balance", "available": []}}},
        {"data": {"object": {"id": None}}},
        {"data": {"object": {"id": 7}}},
        {"data": {"object": None}},
        {"data": {"object": []}},
        {"data": None},
        {"data": "thin"},
        {"related_object": {"id": "acct_1", "type": "v2.core.account"}},
    ],
    ids=repr,
)
def test_an_event_about_something_without_an_id_is_an_event(data: dict[str, object]) -> None:
    assert StripeEvents(SECRET, SystemClock()).verify(*signed(type="balance.available", **data)) == PaymentEvent(
        id="evt_1", type="balance.available", object_id="", livemode=True
    )


def test_an_event_without_a_mode_is_one_of_the_test_mode() -> None:
    body = json.dumps({"id": "evt_1", "type": "balance.available"})
    signature = WebhookSignature.generate_signature_header(body, SECRET)

    assert not StripeEvents(SECRET, SystemClock()).verify(body.encode(), signature).livemode


def test_an_account_that_disconnects_is_what_its_event_is_about() -> None:
    event = signed(
        type="account.application.deauthorized",
        account="acct_left",
        data={"object": {"id": "ca_ours", "object": "application"}},
    )

    left = StripeEvents(SECRET, SystemClock()).verify(*event)

    assert (left.object_id, left.of_connected_account) == ("acct_left", False)


@pytest.mark.parametrize(
    ("account", "is_connected"), [({}, False), ({"account": None}, False), ({"account": "a"}, True)]
)
def test_what_happens_within_a_connected_account_is_marked(account: dict[str, object], is_connected: bool) -> None:
    event = signed(type="charge.refunded", data={"object": {"id": "ch_1"}}, **account)

    assert StripeEvents(SECRET, SystemClock()).verify(*event).of_connected_account is is_connected


def test_news_of_a_connected_account_itself_are_not_within_it() -> None:
    event = signed(type="account.updated", account="acct_1", data={"object": {"id": "acct_1"}})

    told = StripeEvents(SECRET, SystemClock()).verify(*event)

    assert (told.object_id, told.of_connected_account) == ("acct_1", False)


def test_a_body_that_was_touched_is_refused() -> None:
    payload, signature = sign_as_stripe(EVENT, SECRET)

    with pytest.raises(InvalidSignature):
        StripeEvents(SECRET, SystemClock()).verify(payload.replace(b"5484", b"1"), signature)


def test_an_event_signed_too_long_ago_is_refused() -> None:
    body = stripe_body(EVENT)
    too_long_ago = int(time.time()) - Webhook.DEFAULT_TOLERANCE - 1
    signature = WebhookSignature.generate_signature_header(body, SECRET, timestamp=too_long_ago)

    with pytest.raises(InvalidSignature):
        StripeEvents(SECRET, SystemClock()).verify(body.encode(), signature)


def test_one_of_several_signatures_is_enough_while_the_secret_is_being_changed() -> None:
    payload, ours = sign_as_stripe(EVENT, SECRET)
    _, theirs = sign_as_stripe(EVENT, OTHER_SECRET)

    assert StripeEvents(SECRET, SystemClock()).verify(payload, f"{ours},v1={theirs.partition('v1=')[2]}") == EVENT


@pytest.mark.parametrize("secret", [SECRET, OTHER_SECRET])
def test_our_own_account_and_connected_ones_may_sign_with_secrets_of_their_own(secret: str) -> None:
    events = StripeEvents(f"{SECRET}, {OTHER_SECRET}", SystemClock())

    assert events.verify(*sign_as_stripe(EVENT, secret)) == EVENT
    with pytest.raises(InvalidSignature):
        events.verify(*sign_as_stripe(EVENT, "whsec_nobodys"))


@pytest.mark.parametrize("secret", ["", " , "])
def test_without_a_secret_nobody_is_believed(secret: str) -> None:
    events = StripeEvents(secret, SystemClock())
    for signed_with in (secret, "", SECRET):
        with pytest.raises(InvalidSignature, match="not set"):
            events.verify(*sign_as_stripe(EVENT, signed_with))


class Off:
    """A clock of ours that is wrong by some hours."""

    def __init__(self, hours: int) -> None:
        self._hours = hours

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(hours=self._hours)


def test_a_house_an_hour_ahead_takes_what_stripe_signs_once_it_heard_stripes_clock() -> None:
    stripe_time = StripeTime(Off(hours=1))
    events = StripeEvents(SECRET, stripe_time)
    with pytest.raises(InvalidSignature, match="seconds ago"):
        events.verify(*sign_as_stripe(EVENT, SECRET))
    stripe_time.heard(200, {"Date": format_datetime(datetime.now(UTC), usegmt=True)})
    assert events.verify(*sign_as_stripe(EVENT, SECRET)) == EVENT


def test_a_house_an_hour_behind_refuses_what_is_sent_again_after_an_hour() -> None:
    stripe_time = StripeTime(Off(hours=-1))
    stripe_time.heard(200, {"Date": format_datetime(datetime.now(UTC), usegmt=True)})
    body = stripe_body(EVENT)
    repeated = WebhookSignature.generate_signature_header(body, SECRET, int(time.time()) - 3600)
    with pytest.raises(InvalidSignature, match="seconds ago"):
        StripeEvents(SECRET, stripe_time).verify(body.encode(), repeated)


@pytest.mark.parametrize("headers", [{}, {"Date": "soon"}, {"Date": ""}])
def test_an_answer_that_does_not_tell_the_time_changes_nothing(headers: dict[str, str]) -> None:
    stripe_time = StripeTime(Off(hours=0))
    stripe_time.heard(200, headers)
    assert not stripe_time.was_heard
    assert stripe_time.ahead == timedelta()


@pytest.mark.parametrize(("minutes", "ahead"), [(0, 0), (2.4, 0), (2.6, 5), (-2.6, -5), (60, 60), (-61, -60)])
def test_times_for_stripe_are_shifted_in_steps_so_that_a_repetition_says_the_same(minutes: float, ahead: int) -> None:
    stripe_time = StripeTime(Off(hours=0))
    theirs = datetime.now(UTC) + timedelta(minutes=minutes)
    stripe_time.heard(200, {"date": format_datetime(theirs, usegmt=True)})
    assert stripe_time.ahead == timedelta(minutes=ahead)
