"""Tickets as PDF."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Literal

from fpdf import ViewerPreferences

from adapters.pdf.document import TextPdf
from adapters.pdf.font_library import FontLibrary
from adapters.pdf.page import TicketPage
from adapters.pdf.stencils import Stencils
from adapters.pdf.typefaces import BASE_FAMILY, Typefaces, clean
from adapters.pdf.typesetting import FittedTexts, Typesetter
from application.ports.mail import PrintableTicket

Paper = Literal["A4", "Letter"]

#: All that differs between tickets of a show is set in bold.
_FONTS_OF_NAMES: Final = frozenset({f"{BASE_FAMILY}B"})


class PdfTicketRenderer:
    """A ``TicketRenderer``: one page for each attendee.

    Pages are made for ``paper``, and also fit completely on the other size.
    """

    def __init__(self, paper: Paper = "A4") -> None:
        self._paper = paper
        self._fitted = FittedTexts()
        self._stencils = Stencils()
        self._fonts = FontLibrary()
        # Drawing is pure Python: two threads are no quicker than one, and take more time from the event loop.
        self._one_at_a_time = asyncio.Semaphore(1)

    async def render(self, tickets: Sequence[PrintableTicket]) -> bytes:
        """A PDF with one page for each ticket, drawn in a thread. Raises ValueError if there is no ticket."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._draw, tuple(tickets))

    def _draw(self, tickets: Sequence[PrintableTicket]) -> bytes:
        if not tickets:
            raise ValueError("there is no ticket to print")
        pdf = _new_document(self._paper, tickets[0])
        typefaces = Typefaces(pdf, self._fonts)
        typesetter = Typesetter(pdf, typefaces, self._fitted, self._stencils)
        for ticket in tickets:
            pdf.add_page()
            typefaces.use_for(_everything_on(ticket))
            TicketPage(pdf, typesetter, ticket).draw()
        return self._fonts.write(pdf, alphabets_of=_FONTS_OF_NAMES)


def _new_document(paper: Paper, ticket: PrintableTicket) -> TextPdf:
    pdf = TextPdf(format=paper)
    pdf.set_auto_page_break(False)
    pdf.c_margin = 0
    pdf.alias_nb_pages("")  # a show may be called {nb}
    pdf.set_text_shaping(True)
    pdf.set_title(f"Tickets for {clean(ticket.show_title)}")
    pdf.set_author(clean(ticket.producer_name))
    pdf.set_creator("PiqueTickets")
    pdf.set_lang(ticket.occasion.locale)
    pdf.viewer_preferences = ViewerPreferences(display_doc_title=True)
    return pdf


def _everything_on(ticket: PrintableTicket) -> str:
    return "\n".join(
        (
            ticket.show_title,
            ticket.producer_name,
            ticket.occasion.venue,
            ticket.attendee_name,
            ticket.ticket_name,
            ticket.price,
            ticket.order_number,
            ticket.code,
            ticket.terms,
        )
    )
