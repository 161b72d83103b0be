"""What to change before the real sale: rules, each with the figure that it follows from. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Final

from rehearsal.figures import LARGE, Figures, TypeFigures
from rehearsal.speed import MAIL
from rehearsal.terms import Victim
from rehearsal.visit import Outcome
from rehearsal.words import count, duration

#: Below this, in seconds, buyers do not complain: of the payment page, and of the mail.
PAGE_IS_QUICK: Final = 15
MAIL_IS_QUICK: Final = 120
#: Mails that would all be out within this, in seconds, after the last order.
MAILS_OUT_WITHIN: Final = 120
#: A hold should be this much longer than the slowest payer took, and never shorter than this, in minutes.
HOLD_MARGIN: Final = 2
HOLD_AT_LEAST: Final = 8
#: A worker that computes for a larger part of its time than this can send no more.
WORKER_IS_FULL: Final = 0.9
#: A part of what was sold that is worth a word.
NOTEWORTHY: Final = 0.1
#: A house that is gone after this, in seconds, was gone before most buyers could choose.
GONE_AT_ONCE: Final = 60


@dataclass(frozen=True, slots=True)
class Advice:
    """``what`` to change, and ``why``: the figure that says so."""

    what: str
    why: str


def advise(figures: Figures) -> list[Advice]:
    """What to change, the most pressing first; nothing, if all went well."""
    return [advice for rule in _RULES for advice in rule(figures)]


def _short_holds(figures: Figures) -> Iterator[Advice]:
    holds = figures.holds
    if not holds.ended:
        return
    minutes = figures.hold_seconds / 60
    yield Advice(
        f"Hold tickets for longer than HOLD_MINUTES={minutes:g}.",
        f"{count(holds.ended, 'buyer')} had a hold that was over before they had paid.",
    )


def _long_holds(figures: Figures) -> Iterator[Advice]:
    holds = figures.holds
    if figures.gone_after is None or holds.ended or not holds.too_late_for or holds.slowest_payer is None:
        return
    enough = max(HOLD_AT_LEAST, ceil(holds.slowest_payer / 60) + HOLD_MARGIN)
    if enough * 60 >= figures.hold_seconds:
        return
    yield Advice(
        f"Try HOLD_MINUTES={enough} instead of {figures.hold_seconds / 60:g}.",
        f"Held and never paid: {count(holds.back, 'place')}. The last came back {duration(holds.last or 0)} after "
        f"the opening, when {count(holds.too_late_for, 'buyer')} had left because everything was taken; "
        f"{_left(figures.places.left)} The slowest payer needed {duration(holds.slowest_payer)}.",
    )


def _left(places: int) -> str:
    return f"{places:,} stayed unsold." if places else "others bought them then."


def _kept_places(figures: Figures) -> Iterator[Advice]:
    places, short = figures.places, figures.outcomes.get(Outcome.SOLD_OUT, 0)
    if not places.kept or not short:
        return
    names = ", ".join(f"{name} ({kept:,})" for name, kept in places.kept_by.items())
    yield Advice(
        "Release what the allocations do not need, or give them an earlier release_at.",
        f"They keep {count(places.kept, 'place')}: {names}. {count(short, 'buyer')} left because the rest was taken.",
    )


def fitting_rate(figures: Figures) -> float:
    """The STRIPE_RATE_PER_SECOND that goes with what Stripe allows, as a quarter more of it is asked on returns."""
    return figures.terms.stripe_allows / 1.25


def _payment_pages(figures: Figures) -> Iterator[Advice]:
    wait, stripe = figures.waits.get("payment page"), figures.stripe
    if wait is None or wait.p95 <= PAGE_IS_QUICK:
        return
    gave_up = figures.outcomes.get(Outcome.GAVE_UP_WAITING, 0)
    why = (
        f"{stripe.pages_per_second:g} payment pages a second were opened. Buyers waited {duration(wait.median)} for "
        f"theirs, one in twenty {duration(wait.p95)} or more, and {count(gave_up, 'buyer')} gave up."
    )
    fitting, allows = fitting_rate(figures), figures.terms.stripe_allows
    if stripe.pages_per_second < fitting:
        what = (
            f"Set STRIPE_RATE_PER_SECOND={fitting:g}: Stripe allows {allows:g} calls a second at an endpoint, and a "
            "quarter more is kept for buyers who come back."
        )
    else:
        what = (
            "Open the sale in steps (ticket types may go on sale at different times), or ask Stripe for a higher "
            "limit and raise STRIPE_RATE_PER_SECOND with it."
        )
    yield Advice(what, why)


def _refused_calls(figures: Figures) -> Iterator[Advice]:
    stripe = figures.stripe
    if stripe.refused:
        yield Advice(
            f"Set STRIPE_RATE_PER_SECOND to {fitting_rate(figures):g} or less, unless Stripe has raised your limits.",
            f"Stripe refused {stripe.refused:,} of {count(stripe.calls, 'call')} as too many: it allows "
            f"{figures.terms.stripe_allows:g} a second at an endpoint.",
        )


def _mails(figures: Figures) -> Iterator[Advice]:
    wait, mails = figures.waits.get("mail"), figures.mails
    if wait is None or wait.p95 <= MAIL_IS_QUICK:
        return
    why = (
        f"Mails with tickets came {duration(wait.median)} after the order, one in twenty {duration(wait.p95)} or more, "
        f"the last of {mails.sent:,} after {duration(wait.longest)}."
    )
    if mails.worker_busy > WORKER_IS_FULL or mails.per_second * MAIL > figures.terms.workers:
        yield Advice(
            f"Start {count(ceil(mails.per_second * MAIL / WORKER_IS_FULL) or 1, 'worker')}.",
            f"{why} A worker computes {1 / MAIL:.0f} of them a second at most, and had no time left.",
        )
    else:
        rate = ceil(mails.sent / MAILS_OUT_WITHIN)
        yield Advice(
            f"Raise SMTP_RATE_PER_SECOND from {mails.per_second:g} to {rate}, if your mail provider allows as much.",
            why,
        )


def _missing_mails(figures: Figures) -> Iterator[Advice]:
    if figures.mails.missing:
        yield Advice(
            "Look at `piquetickets tasks list --state dead` after the sale.",
            f"{count(figures.mails.missing, 'order')} got no mail in the time that was rehearsed.",
        )


def _one_process(figures: Figures) -> Iterator[Advice]:
    kill, terms = figures.kill, figures.terms
    if kill is None or not (kill.unanswered or kill.pages):
        return
    alone = terms.servers if terms.victim is Victim.SERVER else terms.workers
    if alone == 1:
        yield Advice(
            f"Run a second {terms.victim.value}, on another host.",
            f"While the only one was away for {duration(kill.away)}, {count(kill.unanswered, 'buyer')} got no answer.",
        )


def _order_size(figures: Figures) -> Iterator[Advice]:
    short = figures.outcomes.get(Outcome.SOLD_OUT, 0)
    is_scarce = figures.gone_after is not None and short
    if not is_scarce or figures.most_tickets <= LARGE or figures.in_large_orders < NOTEWORTHY * figures.tickets:
        return
    yield Advice(
        f"Try MAX_TICKETS_PER_ORDER={LARGE}, if more people should get in.",
        f"{figures.in_large_orders:,} of {count(figures.tickets, 'ticket')} went into orders of more than four, and "
        f"{count(short, 'buyer')} left because everything was taken. The limit is {figures.most_tickets}.",
    )


def _types_left(figures: Figures) -> Iterator[Advice]:
    sold_out = [each for each in figures.types if each.gone_after is not None and each.at_start]
    for each in figures.types:
        if each.hidden or each.shares or not each.at_start or not each.left:
            continue
        if not each.bought:
            yield Advice(
                f"Ask whether {each.name} is needed at its price.",
                f"No one bought it: {each.left:,} of {each.at_start:,} were left at the end.",
            )
        elif sold_out and each.left > each.bought and figures.outcomes.get(Outcome.SOLD_OUT, 0):
            yield _move_places(each, sold_out[0], figures)


def _move_places(left: TypeFigures, gone: TypeFigures, figures: Figures) -> Advice:
    return Advice(
        f"Move places from {left.name} to {gone.name}, or let both share one capacity.",
        f"{gone.name} was gone after {duration(gone.gone_after or 0)}; of {left.name} {left.left:,} were left, and "
        f"{count(figures.outcomes.get(Outcome.SOLD_OUT, 0), 'buyer')} left with nothing.",
    )


def _codes(figures: Figures) -> Iterator[Advice]:
    if figures.codes_failed:
        yield Advice(
            "Look at the limits and dates of the promo codes, or tell their users.",
            f"{count(figures.codes_failed, 'buyer')} had a code that was used up or not valid at that moment.",
        )


def _refusals(figures: Figures) -> Iterator[Advice]:
    for reason, number in figures.refusals.items():
        yield Advice(f"Look at what refused {count(number, 'buyer')}.", f"They were told: {reason}.")


def _another_evening(figures: Figures) -> Iterator[Advice]:
    short = figures.outcomes.get(Outcome.SOLD_OUT, 0)
    if figures.gone_after is None or short < figures.places.at_start:
        return
    after = duration(figures.gone_after)
    yield Advice(
        "Have another performance ready to put on sale.",
        f"{count(short, 'buyer')} found everything taken, for {count(figures.places.at_start, 'place')} that were gone "
        f"after {after}.",
    )


_RULES: Final[tuple[Callable[[Figures], Iterator[Advice]], ...]] = (
    _refusals,
    _short_holds,
    _payment_pages,
    _refused_calls,
    _one_process,
    _mails,
    _missing_mails,
    _long_holds,
    _kept_places,
    _types_left,
    _order_size,
    _codes,
    _another_evening,
)
