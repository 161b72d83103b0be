"""A rehearsal's figures as a producer reads them, and as programs do."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, Final

from domain.money import currency
from rehearsal.advice import Advice, advise
from rehearsal.figures import Figures, Spread
from rehearsal.visit import Outcome
from rehearsal.words import clock, count, duration

WIDTH: Final = 100
_NAME: Final = 26

_WHY: Final = {
    Outcome.SOLD_OUT: "nothing was left that they would take",
    Outcome.GAVE_UP_WAITING: "gave up waiting for us",
    Outcome.DECLINED: "their card was declined",
    Outcome.CHANGED_MIND: "left the payment page without paying",
    Outcome.HOLD_ENDED: "their hold was over before they had paid",
    Outcome.REFUSED: "were refused",
}
_WAITS: Final = {
    "answer": "to hold the tickets",
    "payment page": "for the payment page",
    "tickets": "for the tickets, once paid",
    "all of these": "all of these, one buyer",
    "mail": "for the mail, once paid",
}


def report(figures: Figures, local: datetime, took: float) -> str:
    """The report. ``local`` is the opening on the venue's clock, ``took`` how long the rehearsal ran, in seconds."""
    blocks = [
        _head(figures, local, took),
        _sale(figures),
        _people(figures),
        _waits(figures),
        _moments(figures),
        _types(figures),
        _machinery(figures),
        _advice(advise(figures)),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def as_json(figures: Figures) -> str:
    """One JSON object. Times are seconds after the opening, amounts minor units."""
    advice = [{"what": each.what, "why": each.why} for each in advise(figures)]
    plain = _plain(figures)
    plain["with_nothing"] = figures.with_nothing
    return json.dumps({**plain, "advice": advice}, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, dict):
        return {str(name).replace(" ", "_"): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return round(value, 3)
    return value.isoformat() if isinstance(value, datetime) else value


def _head(figures: Figures, local: datetime, took: float) -> list[str]:
    terms = figures.terms
    lines = [
        f"Dress rehearsal: {figures.title}",
        f"{count(terms.buyers, 'buyer')} within {terms.minutes:g} min of the opening on {local:%Y-%m-%d at %H:%M (%Z)}",
        f"{count(terms.servers, 'server')}, {count(terms.workers, 'worker')}; seed {terms.seed}",
        f"Nothing was sold, charged or sent. {duration(figures.simulated)} were played in {duration(took)}.",
    ]
    for remark in figures.remarks:
        lines += textwrap.wrap(remark, WIDTH, initial_indent="! ", subsequent_indent="  ")
    return lines


def _row(name: str, value: str) -> str:
    return f"  {name:<{_NAME}} {value}"


def _sale(figures: Figures) -> list[str]:
    places = figures.places
    kept = f", and {places.kept:,} that stay in allocations" if places.kept else ""
    money = currency(figures.currency)
    gone = (
        f"{duration(figures.gone_after)} after the opening everything was held or sold"
        if figures.gone_after is not None
        else f"not sold out: {count(places.left, 'place')} left"
    )
    lines = [
        "The sale",
        _row("places on public sale", f"{places.at_start:,}{kept}"),
        _row("wanted", count(figures.wanted, "ticket")),
        _row("sold out", gone),
        _row("bought", f"{count(figures.tickets, 'ticket')} in {count(figures.orders, 'order')}"),
        _row("taken in", f"{money.price(figures.takings)}"),
    ]
    if figures.gone_after is not None:
        lines.append(_row("left at the end", _left(figures)))
    return lines


def _left(figures: Figures) -> str:
    places, holds = figures.places, figures.holds
    if not places.left:
        return "nothing"
    late = f", of those that came back when holds ended, the last at {clock(holds.last)}" if holds.last else ""
    return f"{count(places.left, 'place')}{late}"


def _people(figures: Figures) -> list[str]:
    bought, nothing = figures.outcomes.get(Outcome.BOUGHT, 0), figures.with_nothing
    lines = ["The buyers", _row("got their tickets", f"{bought:>6,}"), _row("left with nothing", f"{nothing:>6,}")]
    for outcome, words in _WHY.items():
        if number := figures.outcomes.get(outcome, 0):
            lines.append(f"  {'':<{_NAME}} {number:>6,}  {words}")
    if figures.gave_up_after:
        waited = duration(figures.gave_up_after.median)
        lines.append(f"  {'':<{_NAME}} {'':>6}  half of those who gave up had waited {waited} or more")
    return lines


def _waits(figures: Figures) -> list[str]:
    lines = [f"{'What buyers waited':<{_NAME + 2}} {'median':>14} {'95 of 100 below':>16} {'longest':>14}"]
    for name, words in _WAITS.items():
        spread: Spread | None = figures.waits.get(name)
        if spread is not None:
            lines.append(
                f"  {words:<{_NAME}} {duration(spread.median):>14} {duration(spread.p95):>16} "
                f"{duration(spread.longest):>14}"
            )
    return lines if len(lines) > 1 else []


def _moments(figures: Figures) -> list[str]:
    if not figures.moments:
        return []
    names = ("bought", "held", "left", "wait for a page", "gone with nothing", "mails")
    lines = [f"{'After the opening':<{_NAME + 2}} " + "".join(f"{name:>{len(name) + 3}}" for name in names)]
    for moment in figures.moments:
        values = (moment.bought, moment.held, moment.left, moment.waiting, moment.gone, moment.mails)
        row = "".join(f"{value:>{len(name) + 3},}" for name, value in zip(names, values, strict=True))
        lines.append(f"  {clock(moment.after):<{_NAME}} {row}")
    return lines


def _types(figures: Figures) -> list[str]:
    if len(figures.types) < 2:
        return []
    money = currency(figures.currency)
    lines = [f"{'Ticket types':<{_NAME + 2}} {'price':>12} {'bought':>10} {'left':>10} {'gone after':>14}"]
    for each in figures.types:
        name = textwrap.shorten(each.name + (" (hidden)" if each.hidden else ""), _NAME, placeholder="…")
        gone = clock(each.gone_after) if each.gone_after is not None else ""
        row = f"{money.display(each.price):>12} {each.bought:>10,} {each.left:>10,} {gone:>14}"
        lines.append(f"  {name:<{_NAME}} {row.rstrip()}")
    if sum(each.shares for each in figures.types) > 1:
        lines.append("  Types that share a capacity share what is left.")
    return lines


def _machinery(figures: Figures) -> list[str]:
    stripe, mails, kill = figures.stripe, figures.mails, figures.kill
    refused = f"{stripe.refused:,} refused as too many" if stripe.refused else "none refused"
    lines = [
        "The machinery",
        _row("Stripe", f"{count(stripe.calls, 'call')}, at most {stripe.busiest} in a second, {refused}"),
        _row("mails with tickets", _mails(figures)),
    ]
    if kill is not None:
        lines += _killed(figures)
    if mails.twice:
        lines.append(_row("", f"{count(mails.twice, 'mail')} sent twice: the worker died while it sent them"))
    lines += [_row("unexpected", f"{number} × {words}") for words, number in figures.failures.items()]
    return lines


def _mails(figures: Figures) -> str:
    mails = figures.mails
    if mails.last is None:
        return "none"
    missing = f"; {mails.missing:,} missing" if mails.missing else ""
    return f"{mails.sent:,}, at most {mails.per_second:g} a second{missing}"


def _killed(figures: Figures) -> Iterator[str]:
    kill = figures.kill
    assert kill is not None  # noqa: S101  # asked for only then
    yield _row("killed", f"{kill.process}, {clock(kill.at)} after the opening, away for {duration(kill.away)}")
    if kill.unanswered:
        longest = f": the longest waited {duration(kill.longest)}" if kill.longest else ""
        yield _row("", f"{count(kill.unanswered, 'buyer')} got no answer and pressed again{longest}")
    if kill.pages:
        longest = f", the last after {duration(kill.longest_page)}" if kill.longest_page else ""
        yield _row("", f"{count(kill.pages, 'payment page')} it owed came from others{longest}")
    if not kill.unanswered and not kill.pages:
        yield _row("", "no buyer noticed")


def _advice(advices: Sequence[Advice]) -> list[str]:
    if not advices:
        return ["What to change", "  Nothing: this crowd was served well."]
    lines = ["What to change"]
    for number, advice in enumerate(advices, start=1):
        lines += textwrap.wrap(advice.what, WIDTH - 5, initial_indent=f"{number:>3}. ", subsequent_indent="     ")
        lines += textwrap.wrap(advice.why, WIDTH - 5, initial_indent="     ", subsequent_indent="     ")
    return lines
