"""Everything that can be done at the office's pages, and the keys that do it.

A walk opens a page and goes on by keyboard. ``tests/browser/test_office_by_keyboard.py`` takes them all, and compares
``post`` with the routes that the office has: who adds a form adds a walk.

Names in braces are ids and names of what the walk's stage has put there (``tests/browser/office_stages.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.browser.keyboard import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """``post`` is the route that the last key sends the form to; ``sees`` is what the page says then.

    ``also`` is a route that the page's script sends something to before. ``who`` names the session of the browser, ""
    for none. ``with_scripts`` is None where the page works either way.
    """

    post: str
    at: str
    steps: tuple[Step, ...]
    sees: str
    also: str = ""
    who: str = "owner"
    with_scripts: bool | None = None
    downloads: bool = False


SHOW: Final = "/office/shows/{show_id:uuid}"
RUN: Final = "/office/productions/{production_id:uuid}"
ORDER: Final = "/office/orders/{order_id:uuid}"
PERSON: Final = "/office/team/{person_id:uuid}"
DEVICE: Final = "/office/devices/{device_id:uuid}"
COUNTER: Final = "/office/counter"

SHOWS: Final = (
    Walk(
        post="/office/shows/new",
        at="/office/shows",
        steps=(
            "New show",
            ("Title", "Lear"),
            ("Day", "2050-06-01"),
            ("Doors open", "19:30"),
            ("Starts", "20:00"),
            ("Ends", "23:00"),
            "Add the show",
        ),
        sees="The show is there, as a draft.",
    ),
    Walk(
        post=f"{SHOW}/edit",
        at="/office/shows/{show}/edit",
        steps=(("Venue", "The Rose"), "Who goes out may come in again", "Save"),
        sees="The show was changed.",
    ),
    Walk(
        post=f"{SHOW}/edit",
        at="/office/shows/{sold}/edit",
        steps=(("Starts", "23:30"), "Save", "Change it and send 2 mails"),
        sees="Its buyers get a mail.",
    ),
    Walk(
        post=f"{SHOW}/publish",
        at="/office/shows/{draft}",
        steps=("Publish", "Publish"),
        sees="buyers see it now",
    ),
    Walk(
        post=f"{SHOW}/unpublish",
        at="/office/shows/{show}",
        steps=("Take it off the page for buyers",),
        sees="The show is off the pages for buyers.",
    ),
    Walk(
        post=f"{SHOW}/page",
        at="/office/shows/{show}",
        steps=("Page", ("Description", "A tragedy."), "Save the texts"),
        sees="The texts were saved.",
    ),
    Walk(
        post=f"{SHOW}/picture",
        at="/office/shows/{show}/page",
        steps=(("Picture", "{picture}"), "Put it on the page"),
        sees="The picture is on the page.",
    ),
    Walk(
        post=f"{SHOW}/picture",
        at="/office/shows/{show}/page",
        steps=("Take the picture away",),
        sees="The picture was taken away.",
    ),
    Walk(
        post=f"{SHOW}/colour",
        at="/office/shows/{show}/page",
        steps=("Use this colour",),
        sees="All of your pages have the new colour.",
    ),
    Walk(
        post=f"{SHOW}/copy",
        at="/office/shows/{show}",
        steps=("Copy to another day", ("Day", "2050-07-01"), ("Starts", "20:00"), "Make the copy"),
        sees="This is the copy, as a draft.",
    ),
    Walk(
        post=f"{SHOW}/delete",
        at="/office/shows/{show}",
        steps=("Delete", "Delete the show"),
        sees="The show was deleted.",
    ),
    Walk(
        post=f"{SHOW}/exports",
        at="/office/shows/{sold}/exports",
        steps=(("What", "Attendees"), ("As", "CSV"), "Make the file"),
        sees="It has begun.",
    ),
    Walk(
        post=f"{SHOW}/sell",
        at="/office/shows/{sold}/sell",
        steps=(("How many", "2"), ("Paid", "Complimentary"), ("Name", "Ada Lovelace"), "Place the order"),
        sees="2 tickets for Ada Lovelace, $0.00 complimentary",
    ),
    Walk(
        post=f"{SHOW}/guests",
        at="/office/shows/{sold}/guests",
        steps=(("Where the guests come from", "A CSV file"), ("File", "{guests}"), "Check the list"),
        sees="Guest list: guests.csv",
    ),
    Walk(
        post="/office/jobs/{job_id:uuid}/start",
        at="/office/jobs/{list}",
        steps=("Place 1 order",),
        sees="It has begun.",
    ),
    Walk(
        post="/office/jobs/{job_id:uuid}/discard",
        at="/office/jobs/{other_list}",
        steps=("Discard the list",),
        sees="The list was discarded.",
    ),
    Walk(post="/office/jobs/{job_id:uuid}/stop", at="/office/jobs/{running}", steps=("Stop",), sees="It was stopped."),
    Walk(
        post="/office/holds/{show_id:uuid}",
        at="/office/holds/{sold}",
        steps=("Give back ada@example.org",),
        sees="1 given back",
    ),
    Walk(
        post=f"{SHOW}/cancel",
        at="/office/shows/{sold}",
        steps=(
            "Cancel the show",
            ("Refund", "Refund nobody"),
            "Yes, cancel this show for good",
            "Cancel the show",
        ),
        sees="The show was cancelled.",
    ),
    Walk(
        post=f"{SHOW}/refund",
        at="/office/shows/{sold}/refund",
        steps=(("Fees", "Without the fees"), "I am sure", "Refund everybody"),
        sees="The refund has begun.",
    ),
)

PLACES: Final = (
    Walk(
        post=f"{SHOW}/capacities/new",
        at="/office/shows/{show}/tickets",
        steps=("Add a capacity", ("Name", "Balcony"), ("Places", "40"), "Add the capacity"),
        sees="The capacity is there.",
    ),
    Walk(
        post=f"{SHOW}/capacities/{{capacity_id:uuid}}",
        at="/office/shows/{show}/tickets",
        steps=("Change House", ("Places", "130"), "Save"),
        sees="The capacity was changed.",
    ),
    Walk(
        post=f"{SHOW}/tickets/new",
        at="/office/shows/{show}/tickets",
        steps=(
            "Add a ticket type",
            ("Name", "Child"),
            ("Price", "12.50"),
            ("Places of", "House"),
            "Add the ticket type",
        ),
        sees="The ticket type is there.",
    ),
    Walk(
        post=f"{SHOW}/tickets/{{ticket_id:uuid}}",
        at="/office/shows/{show}/tickets",
        steps=("Change Stalls", ("Price", "26"), "VIP", "Save"),
        sees="The ticket type was changed.",
    ),
    Walk(
        post=f"{SHOW}/tickets/{{ticket_id:uuid}}/delete",
        at="/office/shows/{show}/tickets",
        steps=("Change Child", "Delete …", "Delete"),
        sees="The ticket type was deleted.",
    ),
    Walk(
        post=f"{SHOW}/allocations/new",
        at="/office/shows/{show}/tickets",
        steps=(
            "Keep places off sale",
            ("Name", "Press"),
            ("Of which capacity", "House"),
            ("Places", "10"),
            "Keep them",
        ),
        sees="These places are off public sale now.",
    ),
    Walk(
        post=f"{SHOW}/allocations/{{allocation_id:uuid}}",
        at="/office/shows/{show}/tickets",
        steps=("Change Press", ("Places", "12"), "Save"),
        sees="The allocation was changed.",
    ),
    Walk(
        post=f"{SHOW}/allocations/{{allocation_id:uuid}}/release",
        at="/office/shows/{show}/tickets",
        steps=("Release", "Release"),
        sees="The allocation was released",
    ),
    Walk(
        post=f"{SHOW}/allocations/{{allocation_id:uuid}}/delete",
        at="/office/shows/{show}/tickets",
        steps=("Change Press", "Delete …", "Delete"),
        sees="The allocation was deleted.",
    ),
    Walk(
        post=f"{SHOW}/capacities/{{capacity_id:uuid}}/delete",
        at="/office/shows/{show}/tickets",
        steps=("Change Balcony", "Delete …", "Delete"),
        sees="The capacity was deleted.",
    ),
    Walk(
        post=f"{SHOW}/codes/new",
        at="/office/shows/{show}/codes",
        steps=(
            "Add a code",
            ("Code", "friends"),
            ("What it takes off", "A share"),
            ("Percent off", "15"),
            ("Uses at most", "10"),
            "Add the code",
        ),
        sees="The promo code is there.",
    ),
    Walk(
        post=f"{SHOW}/codes/{{promo_code_id:uuid}}",
        at="/office/shows/{show}/codes",
        steps=("Change FRIENDS", ("Uses at most", "20"), "Save"),
        sees="The promo code was changed.",
    ),
    Walk(
        post=f"{SHOW}/codes/{{promo_code_id:uuid}}/delete",
        at="/office/shows/{show}/codes",
        steps=("Change FRIENDS", "Delete …", "Delete"),
        sees="The promo code was deleted.",
    ),
)

RUNS: Final = (
    Walk(
        post="/office/productions/new",
        at="/office/productions",
        steps=(
            "New run",
            ("Title", "Hamlet"),
            ("Length, in minutes", "180"),
            ("Time zone of the venue", "Europe/London"),
            ("Language of dates and prices", "en-GB"),
            ("Capacity 1: Name", "House"),
            ("Capacity 1: Places", "120"),
            ("Ticket type 1: Name", "Stalls"),
            ("Ticket type 1: Price", "25"),
            ("Ticket type 1: Capacity", "House"),
            "Add the run",
        ),
        sees="The run is there. Now add its shows.",
    ),
    Walk(
        post=f"{RUN}/shows/new",
        at="/office/productions/{run}",
        steps=(
            "Add shows",
            ("From", "2050-06-01"),
            ("Number of shows", "4"),
            ("Hours", "20:00"),
            "Friday",
            "See the shows",
            "Add these 4 shows",
        ),
        sees="The shows are there.",
    ),
    Walk(
        post=f"{RUN}/allocation",
        at="/office/productions/{run}",
        steps=(
            "Keep places off sale",
            ("Name", "Press"),
            ("Places in each show", "8"),
            ("Of which capacity", "House"),
            "See what it would do",
            "Keep them",
        ),
        sees="The places are off public sale.",
    ),
    Walk(
        post=f"{RUN}/change",
        at="/office/productions/{run}",
        steps=("Publish", "Change them"),
        sees="The shows were changed.",
    ),
    Walk(
        post=f"{RUN}/change",
        at="/office/productions/{run}/change",
        steps=(("Starts", "19:30"), "See what it would do", "Change them"),
        sees="The shows were changed.",
    ),
    Walk(
        post=f"{RUN}/edit",
        at="/office/productions/{run}",
        steps=("Place and tickets", ("Venue", "The Rose"), "Save"),
        sees="The next shows of this run get what you saved.",
    ),
    Walk(
        post=f"{RUN}/page",
        at="/office/productions/{run}",
        steps=("Text and picture", ("Description", "A tragedy."), "Save the text"),
        sees="The texts were saved.",
    ),
    Walk(
        post=f"{RUN}/picture",
        at="/office/productions/{run}/page",
        steps=(("Picture", "{picture}"), "Put it on the page"),
        sees="The picture is on the page.",
    ),
    Walk(
        post=f"{RUN}/delete",
        at="/office/productions/{bare_run}",
        steps=("Delete the run", "Delete the run"),
        sees="The run was deleted.",
    ),
)

ORDERS: Final = (
    Walk(
        post=f"{ORDER}/resend",
        at="/office/orders/{order}",
        steps=("Mail the tickets again",),
        sees="The tickets are on their way to the buyer again.",
    ),
    Walk(
        post=f"{ORDER}/notes",
        at="/office/orders/{order}",
        steps=(("For colleagues", "Comes late."), "Show it at the door, too", "Write"),
        sees="The note is written.",
    ),
    Walk(
        post=f"{ORDER}/customer",
        at="/office/orders/{order}",
        steps=("Correct the buyer's data", ("E-mail address", "ada@lovelace.example"), "Save"),
        sees="The buyer's data is corrected.",
    ),
    Walk(
        post="/office/attendees/print",
        at="/office/attendees",
        steps=("Print the ticket of Ada Lovelace", ("On", "Printer Foyer"), "Print the ticked ones"),
        sees="1 ticket waits for Printer Foyer.",
    ),
    Walk(
        post=f"{ORDER}/attendees/{{attendee_id:uuid}}",
        at="/office/orders/{order}",
        steps=("Rename Ada Lovelace", ("New name", "Mary Somerville"), "Change the name"),
        sees="The ticket has another name, and a new code.",
    ),
    Walk(
        post=f"{ORDER}/attendees/{{attendee_id:uuid}}/let-in",
        at="/office/orders/{order}",
        steps=("Check in Mary Somerville",),
        sees="The person is in.",
    ),
    Walk(
        post=f"{ORDER}/attendees/{{attendee_id:uuid}}/let-out",
        at="/office/orders/{order}",
        steps=("Undo check-in Mary Somerville",),
        sees="The check-in is undone",
    ),
    Walk(
        post=f"{ORDER}/print",
        at="/office/orders/{order}",
        steps=("Print tickets", ("Printer", "Foyer"), "With a slip about the whole order in front", "Print"),
        sees="The printer gets the tickets.",
    ),
    Walk(
        post=f"{ORDER}/exchange",
        at="/office/orders/{order}",
        steps=("Exchange", "Take this show", ("Mary Somerville", "Gallery"), "See what this does", "Exchange"),
        sees="The tickets are exchanged.",
    ),
    Walk(
        post=f"{ORDER}/refund",
        at="/office/orders?q=lovelace",
        steps=("{number}", "Refund", "See what this does", "Refund $25.00"),
        sees="The tickets are void, and the money is on its way.",
    ),
    Walk(
        post=f"{ORDER}/buyer/export",
        at="/office/orders/{order}",
        steps=("Export or erase", "Download"),
        sees="Personal data of",
        downloads=True,
    ),
    Walk(
        post=f"{ORDER}/buyer/erase",
        at="/office/orders/{order}/buyer",
        steps=("Yes, erase this buyer", "Also if they have tickets", "Erase"),
        sees="The buyer's data is erased.",
    ),
)

PEOPLE: Final = (
    Walk(
        post="/office/team/invitations",
        at="/office/team",
        steps=(("E-mail address", "{new_address}"), ("Role", "Door"), "Send the invitation"),
        sees="The invitation is on its way.",
    ),
    Walk(
        post="/office/team/invitations/{invitation_id:uuid}/again",
        at="/office/team",
        steps=("Send again to {new_address}",),
        sees="once more, and good for 7 days",
    ),
    Walk(
        post="/office/team/invitations/{invitation_id:uuid}/take-back",
        at="/office/team",
        steps=("Take back the invitation of {new_address}",),
        sees="The invitation is taken back",
    ),
    Walk(
        post=f"{PERSON}/role",
        at="/office/team",
        steps=("Change the role of Grace Hopper", ("Role", "Viewer"), "Save the role"),
        sees="The role is changed.",
    ),
    Walk(
        post=f"{PERSON}/remove",
        at="/office/team/{person}",
        steps=("Remove from the team …", "Remove"),
        sees="The member is removed",
    ),
    Walk(
        post="/office/me/name",
        at="/office/me",
        steps=(("Your name", "Kim Lee"), "Save"),
        sees="Your name is changed.",
    ),
    Walk(
        post="/office/me/digest",
        at="/office/me",
        steps=("Choose the hour, or stop it", ("Hour", "9"), "Send it to me"),
        sees="The daily digest comes at that hour now.",
    ),
    Walk(
        post="/office/me/sessions/{session_id:uuid}/end",
        at="/office/me",
        steps=("Sign out Opera",),
        sees="That browser is signed out.",
    ),
    Walk(
        post="/office/choose",
        at="/office/me",
        steps=("Work for another producer", "{other_producer}"),
        sees="Needs you",
        who="of_two",
    ),
    Walk(post="/office/sign-out", at="/office", steps=("Sign out",), sees="Sign in to the office", who="leaving"),
    Walk(
        post="/office/me/sign-out-everywhere",
        at="/office/me",
        steps=("Sign out everywhere",),
        sees="Sign in to the office",
        who="of_two",
    ),
    Walk(
        post="/office/sign-in",
        at="/office/sign-in",
        steps=(("Your e-mail address", "{address}"), "Mail me a link"),
        sees="a mail with a link is on its way",
        who="",
    ),
    Walk(post="/office/sign-in/link", at="{link}", steps=("Sign in",), sees="Needs you", who=""),
    Walk(
        post="/office/invitation",
        at="{invitation}",
        steps=(("Your name", "Mary Somerville"), "Join the team"),
        sees="Mary Somerville",
        who="",
    ),
)

#: At a browser that has passkeys.
PASSKEYS: Final = (
    Walk(
        post="/office/me/passkeys",
        also="/office/me/passkeys/options",
        at="/office/me",
        steps=(("Name of the new passkey", "Work laptop"), "Make a passkey on this device"),
        sees="The passkey is made.",
    ),
    Walk(
        post="/office/me/passkeys/{passkey_id:uuid}/name",
        at="/office/me",
        steps=("Rename or remove Work laptop", ("Name", "Home laptop"), "Rename"),
        sees="The passkey has its new name.",
    ),
    Walk(
        post="/office/sign-in/passkey",
        also="/office/sign-in/passkey/options",
        at="/office/sign-in",
        steps=("Sign in with a passkey",),
        sees="Needs you",
        who="",
    ),
    Walk(
        post="/office/me/passkeys/{passkey_id:uuid}/remove",
        at="/office/me",
        steps=("Rename or remove Home laptop", "Remove Home laptop"),
        sees="The passkey is removed",
    ),
)

ACCOUNT: Final = (
    Walk(
        post="/office/account",
        at="/office/account",
        steps=(("Name", "The Globe"), ("Who pays the fees?", "You"), "Save"),
        sees="The account was changed.",
    ),
    Walk(
        post="/office/account/cash",
        at="/office/account",
        steps=(("Cash is rounded", "To $0.05"), "Save the rounding"),
        sees="The account was changed",
    ),
    Walk(
        post="/office/account/onboarding",
        at="/office/account",
        steps=("Change your details at Stripe",),
        sees="Get paid by card",
    ),
    Walk(
        post="/office/account/stripe",
        at="/office/account",
        steps=(
            "Be paid to another Stripe account",
            ("Stripe account", ""),
            "Yes, money goes there from now on",
            "Change the account",
        ),
        sees="No Stripe account is connected any more.",
    ),
    Walk(
        post="/office/branding",
        at="/office/branding",
        steps=(("Your own sites", "https://theatre.example"), "Save"),
        sees="All of your pages look like this now.",
    ),
    Walk(
        post="/office/branding/logo",
        at="/office/branding",
        steps=(("Logo", "{picture}"), "Put it on all pages"),
        sees="The logo is on your pages.",
    ),
    Walk(
        post="/office/tokens",
        at="/office/account",
        steps=("Tokens for programs", ("Name", "Website"), "Shows", "Make the token"),
        sees="Copy it now: it is shown this once.",
    ),
    Walk(
        post="/office/tokens/{token_id:uuid}/revoke",
        at="/office/tokens",
        steps=("Revoke Website", "Revoke it"),
        sees="The token opens nothing any more.",
    ),
)

DEVICES: Final = (
    Walk(
        post="/office/devices/new",
        at="/office/devices",
        steps=("Pair a device", ("What it is", "Till"), ("Name", "Till in the foyer"), "Make the code"),
        sees="Waiting for the device.",
    ),
    Walk(
        post="/office/devices/pairings/{pairing_id:uuid}/again",
        at="/office/devices/pairings/{used}",
        steps=("Make another code",),
        sees="Waiting for the device.",
    ),
    Walk(
        post="/office/devices/pairings/{pairing_id:uuid}/withdraw",
        at="/office/devices",
        steps=("Withdraw the code of Till in the foyer",),
        sees="The code is withdrawn",
    ),
    Walk(
        post=f"{DEVICE}/name",
        at="/office/devices",
        steps=("Change North door", ("Name", "South door"), "Save"),
        sees="The device has its new name.",
    ),
    Walk(
        post=f"{DEVICE}/again",
        at="/office/devices/{device}",
        steps=("Make another code",),
        sees="Waiting for the device.",
    ),
    Walk(
        post=f"{DEVICE}/revoke",
        at="/office/devices",
        steps=("Revoke South door", "Revoke it"),
        sees="The device is revoked",
    ),
    Walk(
        post="/pair",
        at="/pair",
        steps=(("Code", "{till_code}"), "Pair this device"),
        sees="This browser is a till now.",
        who="",
    ),
)

TILL: Final = (
    Walk(
        post=f"{COUNTER}/shift",
        at="/office/counter/{show}",
        steps=(("Who sells", "Ada"), ("Cash in the till now", "100"), "Open the shift"),
        sees="Open since",
        who="seller",
    ),
    Walk(
        post=f"{COUNTER}/seller",
        at="/office/counter/{show}",
        steps=(("Someone else sells", "Grace"), "Add"),
        sees="Selling: Ada Grace",
        who="seller",
    ),
    Walk(
        post=f"{COUNTER}/{{show_id:uuid}}/total",
        at="/office/counter/{show}",
        steps=(
            ("How many: Stalls", "2"),
            ("Paid", "Cash"),
            "Promo code, allocation, what happens then",
            ("Promo code", "FRIENDS"),
        ),
        sees="Total $40.00",
        who="seller",
        with_scripts=True,
    ),
    Walk(
        post=f"{COUNTER}/{{show_id:uuid}}",
        at="/office/counter/{show}",
        steps=(("How many: Stalls", "2"), ("Paid", "Cash"), "Show the total", ("Cash given", "60"), "Sell"),
        sees="Sold: 2 Stalls, $50.00 in cash.",
        who="seller",
        with_scripts=False,
    ),
    Walk(
        post=f"{COUNTER}/{{show_id:uuid}}",
        at="/office/counter/{show}",
        steps=(("How many: Stalls", "2"), ("Paid", "Cash"), ("Cash given", "60"), "Sell"),
        sees="Sold: 2 Stalls, $50.00 in cash.",
        who="seller",
        with_scripts=True,
    ),
    Walk(
        post=f"{COUNTER}/{{show_id:uuid}}/tickets/{{order_id:uuid}}",
        at="/office/counter/{show}",
        steps=("Print the tickets", "Print at Foyer"),
        sees="The printer has them.",
        who="seller",
    ),
    Walk(
        post=f"{COUNTER}/{{show_id:uuid}}/undo/{{order_id:uuid}}",
        at="/office/counter/{show}",
        steps=("Undo", "Undo the sale"),
        sees="Undone: 2 Stalls",
        who="seller",
    ),
    Walk(
        post=f"{COUNTER}/shifts/{{shift_id:uuid}}/cash",
        at="/office/counter/{show}",
        steps=("Cash in and out", ("Which way", "Cash in"), ("Amount", "20"), ("Reason", "Change"), "Write it down"),
        sees="The cash in is written down.",
        who="seller",
    ),
    Walk(
        post=f"{COUNTER}/shifts/{{shift_id:uuid}}/cash/{{movement_id:uuid}}/back",
        at="/office/counter/{show}",
        steps=("Cash in and out", "Take back"),
        sees="It is taken back.",
        who="seller",
    ),
    Walk(
        post=f"{COUNTER}/shifts/{{shift_id:uuid}}/close",
        at="/office/counter/{show}",
        steps=("Close the shift", ("How many of $50.00", "3"), "Add them up"),
        sees="Notes and coins together: $150.00",
        who="seller",
        with_scripts=False,
    ),
    Walk(
        post=f"{COUNTER}/shifts/{{shift_id:uuid}}/close",
        at="/office/counter/{show}",
        steps=("Close the shift", ("Who counts", "Grace"), ("How many of $100.00", "1"), "Close the shift"),
        sees="The shift is closed.",
        who="seller",
    ),
)

#: The walks that share a stage, in the order in which they are taken.
GROUPS: Final = {
    "shows": SHOWS,
    "places": PLACES,
    "runs": RUNS,
    "orders": ORDERS,
    "people": PEOPLE,
    "account": ACCOUNT,
    "devices": DEVICES,
    "till": TILL,
}
