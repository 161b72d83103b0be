"""Reports: what was sold, of all shows, of a run, of one show, in a period; and the same as files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from babel import Locale
from babel.dates import format_interval, format_skeleton, format_time
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.response import Stream

from application import formatting
from application.catalog.productions import ListProductions
from application.catalog.shows import ListOwnShows
from application.orders.report import ReportSales
from domain.catalog import Show
from domain.errors import InvalidRequest
from domain.money import Currency
from domain.people import Member, Right
from domain.report import Takings
from domain.sales_report import NO_CODE, Channel, SalesFilter, SalesReport
from domain.timezones import zone_of
from entrypoints.http.csv_stream import csv_stream
from entrypoints.http.sales_tables import SalesTables, SalesWords
from entrypoints.http.xlsx_file import xlsx_stream
from entrypoints.office.access import office_router
from entrypoints.office.charts import Chart, Series
from entrypoints.office.forms import Form
from entrypoints.office.rendering import OfficePages
from entrypoints.office.scales import Bucket, Count, Days, Money, Unit

#: As many shows and runs as a field offers: the latest, and the one that was chosen.
MAX_CHOICES: Final = 100
LONGEST_CHOICE: Final = 60
#: As many rows as a breakdown has; the rest is one more. Files have them all.
MAX_ROWS: Final = 60
#: Days of a report that was asked for without any.
DEFAULT_DAYS: Final = 30
#: More bars than this are not drawn, and no more days without orders in front of the first one that has some.
MOST_DAYS: Final = 400
MAX_EMPTY_DAYS: Final = 31
#: A day in an address that leaves the period open.
ANY_DAY: Final = ""
_COUNTS: Final = ("tickets", "orders")
_PAYMENTS: Final = {"online": "Online", "cash": "Cash", "comp": "Complimentary", "other": "Other, at the counter"}
_CHANNELS: Final[Mapping[str, str]] = {
    Channel.WEB: "Web",
    Channel.BOX_OFFICE: "Counter",
    Channel.EXCHANGE: "Exchanges",
}
#: What the files say, as the page does.
FILE_WORDS: Final = SalesWords(
    heads={
        "orders": "Orders",
        "tickets": "Tickets",
        "gross": "Prices",
        "discounts": "Discounts",
        "donations": "of it, prices that buyers named",
        "fees": "Fees",
        "fees_included": "of it, within the prices",
        "fees_returned": "Fees returned",
        "tax": "Tax",
        "tax_included": "of it, within the prices and fees",
        "paid": "Buyers paid",
        "refunds": "Refunds",
        "disputes": "Lost disputes",
        "net": "You keep",
        "day": "Day",
        "show_id": "Show's id",
        "show": "Show",
        "start": "Starts",
        "ticket": "Ticket type",
        "payment": "Payment",
        "channel": "Channel",
        "promo_code": "Code",
    },
    payments=_PAYMENTS,
    channels=_CHANNELS,
    total="Total",
)
#: What the chart can show, and how the field names it.
FIGURES: Final = {
    "paid": "What buyers paid",
    "net": "What you keep",
    "refunds": "Refunds",
    "tickets": "Tickets",
    "orders": "Orders",
}
_BUCKETS: Final = {"": "As it fits", Bucket.DAY: "Day", Bucket.WEEK: "Week", Bucket.MONTH: "Month"}


@dataclass(frozen=True, slots=True)
class Question:
    """What a page was asked: the filter, and how to show it."""

    form: Form
    only: SalesFilter
    figure: str
    bucket: str
    today: date

    @classmethod
    def of(cls, request: Request[Any, Any, Any], today: date) -> Question:
        """The question of an address. Without days it is about the last 30, or about all days of a show or a run."""
        given = {name: request.query_params.getall(name) for name in request.query_params}
        form = Form(typed=given)
        show, run = _id(form, "show"), _id(form, "run")
        if not (show or run or {"first_day", "last_day"} & given.keys()):
            first = today - timedelta(days=DEFAULT_DAYS - 1)
            form.typed = {**given, "first_day": [first.isoformat()], "last_day": [today.isoformat()]}
        figure, bucket = form["figure"], form["by"]
        return cls(
            form=form,
            only=_filter(form, show, run),
            figure=figure if figure in FIGURES else "paid",
            bucket=bucket if bucket in _BUCKETS else "",
            today=today,
        )

    @property
    def files(self) -> str:
        """The filter, as the addresses of the files have it."""
        days = {"first_day": self.only.first or ANY_DAY, "last_day": self.only.last or ANY_DAY}
        return _query({"show": self.only.show_id, "run": self.only.production_id}, days)

    def address(self, **changes: object) -> str:
        """This page with other values."""
        asked = {"show": self.only.show_id, "run": self.only.production_id, "figure": self.form["figure"]}
        days = {"first_day": self.only.first or ANY_DAY, "last_day": self.only.last or ANY_DAY}
        return f"/office/reports?{_query({**asked, 'by': self.form['by']}, {**days, **changes})}"


def _query(if_given: Mapping[str, object], always: Mapping[str, object]) -> str:
    return urlencode({**{name: value for name, value in if_given.items() if value}, **always})


def _filter(form: Form, show: UUID | None, run: UUID | None) -> SalesFilter:
    try:
        return SalesFilter(show_id=show, production_id=run, first=form.day("first_day"), last=form.day("last_day"))
    except InvalidRequest as error:
        form.wrong("last_day", f"{error}.")
        return SalesFilter()


def _id(form: Form, name: str) -> UUID | None:
    text = form[name]
    try:
        return UUID(text) if text else None
    except ValueError:
        form.wrong(name, "Please choose one of the list.")
        return None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a breakdown. ``path`` leads to the report of this row alone ("": nowhere)."""

    name: str
    takings: Takings
    path: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A table of the report. ``has_orders``: whether its rows have orders of their own."""

    title: str
    head: str
    rows: Sequence[Row]
    has_orders: bool = True


@dataclass(frozen=True, slots=True)
class Words:
    """Writes a report's figures as its producer's locale does."""

    currency: Currency
    locale: str

    def money(self, minor: int) -> str:
        return formatting.price(self.currency, minor, self.locale)

    def number(self, value: int) -> str:
        return formatting.number(value, self.locale)

    def day(self, day: date) -> str:
        return format_skeleton("yMMMEd", _noon(day), locale=self._parsed)

    def moment(self, moment: datetime) -> str:
        """A time on its own clock, with the day."""
        clock = format_time(moment, "short", locale=self._parsed)
        return f"{format_skeleton('yMMMEd', moment, locale=self._parsed)}, {clock}"

    def days(self, first: date, last: date) -> str:
        if first == last:
            return self.day(first)
        return format_interval(_noon(first), _noon(last), "yMMMd", locale=self._parsed).replace("\u2009", " ")

    def unit(self, figure: str) -> Unit:
        """The unit of a chart of this figure."""
        name = FIGURES[figure]
        return Count(name, self.locale) if figure in _COUNTS else Money(self.currency, self.locale, name)

    def value(self, figure: str, takings: Takings) -> str:
        return self.unit(figure).text(getattr(takings, figure))

    @property
    def _parsed(self) -> Locale:
        return Locale.parse(self.locale, sep="-")


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12))


@get("/")
async def report_page(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    report_sales: NamedDependency[ReportSales],
    list_own_shows: NamedDependency[ListOwnShows],
    list_productions: NamedDependency[ListProductions],
) -> Response[str]:
    """What was sold, by show, ticket type, day, payment, channel and code."""
    now = office_pages.now()
    place = await report_sales.place(member.actor, now=now)
    question = Question.of(request, now.astimezone(zone_of(place.timezone)).date())
    words = Words(member.producer.currency, place.locale)
    shows, _ = await list_own_shows(member.actor, after=None, limit=MAX_CHOICES)
    runs, _ = await list_productions(member.actor, after=None, limit=MAX_CHOICES)
    context: dict[str, Any] = {
        "form": question.form,
        "question": question,
        "words": words,
        "shows": [("", "All shows"), *((str(each.show.id), _show_choice(each.show, words)) for each in shows)],
        "runs": [
            ("", "All shows, in a run or not"),
            *((str(each.production.id), each.production.title) for each in runs),
        ],
        "figures": [*FIGURES.items()],
        "buckets": [*_BUCKETS.items()],
        "presets": _presets(question),
        "report": None,
    }
    if question.form.is_good:
        report = await report_sales(member.actor, question.only)
        context |= _shown(report, question, words)
        context["title"] = _title(report, question, dict(context["runs"]), dict(context["shows"]))
    return office_pages.page(
        request, member, "office/reports.html", context, active="reports", status_code=question.form.status
    )


def _show_choice(show: Show, words: Words) -> str:
    return f"{_short(show.title)} · {words.moment(show.start_there)}"


def _short(title: str) -> str:
    """A title in a field that has many."""
    return title if len(title) <= LONGEST_CHOICE else f"{title[: LONGEST_CHOICE - 1]}…"


def _presets(question: Question) -> list[tuple[str, str, bool]]:
    """Periods that people ask for most: their names, addresses, and whether they are shown."""
    today = question.today
    month = today.replace(day=1)
    last_of_before = month - timedelta(days=1)
    periods: list[tuple[str, date | None, date | None]] = [
        ("Today", today, today),
        ("Yesterday", today - timedelta(days=1), today - timedelta(days=1)),
        ("7 days", today - timedelta(days=6), today),
        ("30 days", today - timedelta(days=DEFAULT_DAYS - 1), today),
        ("This month", month, today),
        ("Last month", last_of_before.replace(day=1), last_of_before),
        ("This year", today.replace(month=1, day=1), today),
        ("All time", None, None),
    ]
    shown = (question.only.first, question.only.last)
    return [
        (name, question.address(first_day=first or ANY_DAY, last_day=last or ANY_DAY), (first, last) == shown)
        for name, first, last in periods
    ]


def _shown(report: SalesReport, question: Question, words: Words) -> dict[str, Any]:
    days = _buckets(report, question, words)
    return {
        "report": report,
        "chart": _chart(days, question, words),
        "period": _period(report, question, words),
        "breakdowns": [*_breakdowns(report, question, words), _by_day(days)],
    }


def _title(report: SalesReport, question: Question, runs: Mapping[str, str], shows: Mapping[str, str]) -> str:
    """What the report is about. Only the oldest shows and runs without orders have no name here."""
    if show_id := question.only.show_id:
        found = next((show.title for show in report.by_show), "")
        return found or shows.get(str(show_id), "One show")
    return runs.get(str(question.only.production_id), "One run") if question.only.production_id else "All shows"


def _period(report: SalesReport, question: Question, words: Words) -> str:
    first, last = question.only.first, question.only.last
    if first and last:
        return words.days(first, last)
    if first:
        return f"From {words.day(first)}"
    if last:
        return f"Until {words.day(last)}"
    return f"All time: {words.days(min(report.by_day), max(report.by_day))}" if report.by_day else "All time"


def _buckets(report: SalesReport, question: Question, words: Words) -> tuple[Days, list[Takings]] | None:
    """The days, weeks or months of the report, also those without orders; None if it has no orders at all."""
    if not report.by_day:
        return None
    earliest, latest = min(report.by_day), max(report.by_day)
    first = max(question.only.first or earliest, earliest - timedelta(days=MAX_EMPTY_DAYS))
    last = min(question.only.last or latest, max(question.today, latest))
    bucket = Bucket(question.bucket) if question.bucket else Bucket.of(first, last)
    if (last - first).days > MOST_DAYS and bucket is Bucket.DAY:
        bucket = Bucket.of(first, last)
    axis = Days(first, last, words.locale, bucket)
    sums: dict[date, Takings] = defaultdict(Takings)
    for day, takings in report.by_day.items():
        sums[bucket.start(day, words.locale)] += takings
    return axis, [sums[start] for start in axis.starts]


def _chart(days: tuple[Days, list[Takings]] | None, question: Question, words: Words) -> Chart | None:
    if days is None:
        return None
    axis, sums = days
    values = [getattr(takings, question.figure) for takings in sums]
    return Chart(
        title=f"{FIGURES[question.figure]} by {axis.bucket}",
        axis=axis,
        unit=words.unit(question.figure),
        series=[Series(FIGURES[question.figure], values)],
    )


def _by_day(days: tuple[Days, list[Takings]] | None) -> Breakdown:
    if days is None:
        return Breakdown("Days", "Day", [])
    axis, sums = days
    rows = [Row(position.label, each) for position, each in zip(axis.positions, sums, strict=True) if each != Takings()]
    return Breakdown(f"{axis.name}s", axis.name, rows)


def _breakdowns(report: SalesReport, question: Question, words: Words) -> list[Breakdown]:
    shows = [
        Row(_short(show.title), takings, question.address(show=show.id), words.moment(show.start))
        for show, takings in report.by_show.items()
    ]
    codes = {name or "Without a code": takings for name, takings in report.by_promo_code.items()}
    parts = [
        Breakdown("Payments", "Payment", _largest(report.by_payment, _PAYMENTS)),
        Breakdown("Ticket types", "Ticket type", _cut(_largest(report.by_ticket)), has_orders=False),
        Breakdown("Channels", "Channel", _largest(report.by_channel, _CHANNELS)),
        Breakdown("Promo codes", "Code", _cut(_largest(codes))),
        Breakdown("Shows", "Show", _cut(shows)),
    ]
    is_said_already = {"Shows"} if question.only.show_id else set()
    is_said_already |= {"Promo codes"} if report.by_promo_code.keys() == {NO_CODE} else set()
    return [part for part in parts if part.title not in is_said_already]


def _largest(
    figures: Mapping[str, Takings] | Mapping[Channel, Takings], names: Mapping[str, str] | None = None
) -> list[Row]:
    """The rows with the most money first."""
    rows = [Row((names or {}).get(name, name), takings) for name, takings in figures.items()]
    return sorted(rows, key=lambda row: (-row.takings.paid, -row.takings.tickets, row.name))


def _cut(rows: list[Row]) -> list[Row]:
    """The rows, as many as a page may have; the others are one."""
    if len(rows) <= MAX_ROWS:
        return rows
    others = rows[MAX_ROWS - 1 :]
    return [*rows[: MAX_ROWS - 1], Row(f"{len(others)} others", sum((row.takings for row in others), Takings()))]


@get("/report.xlsx")
async def report_xlsx(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    report_sales: NamedDependency[ReportSales],
) -> Stream:
    """The report as a spreadsheet."""
    tables = await _tables(request, member, office_pages, report_sales)
    return xlsx_stream(tables.rows(), sums=tables.sums())


@get("/report.csv")
async def report_csv(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    report_sales: NamedDependency[ReportSales],
) -> Stream:
    """The report's rows, as the last sheet of the spreadsheet has them."""
    return csv_stream((await _tables(request, member, office_pages, report_sales)).rows(), is_one_read=True)


async def _tables(
    request: Request[Any, Any, Any], member: Member, office_pages: OfficePages, report_sales: ReportSales
) -> SalesTables:
    now = office_pages.now()
    place = await report_sales.place(member.actor, now=now)
    question = Question.of(request, now.astimezone(zone_of(place.timezone)).date())
    if not question.form.is_good:
        raise InvalidRequest("This report cannot be made: please choose its days again")
    days = "-".join(str(day) for day in (question.only.first, question.only.last) if day)
    export = await report_sales.export(member.actor, question.only)
    return SalesTables(export, filename=f"report-{days}" if days else "report", words=FILE_WORDS)


router = office_router("/office/reports", report_page, report_xlsx, report_csv, right=Right.REPORTS)
