"""The one line that a page shows after something was done: a redirect names it by its key, ``?done=show-published``.

The texts stand here, so an address cannot put words of its own on a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

DONE: Final[Mapping[str, str]] = MappingProxyType(
    {
        # People
        "digest-set": "The daily digest comes at that hour now.",
        "digest-stopped": "The daily digest does not come any more.",
        "chosen": "You work for this producer now.",
        "invitation-taken-back": "The invitation is taken back: its link works no more.",
        "invited": "The invitation is on its way.",
        "invited-again": "The invitation is on its way once more, and good for 7 days from now.",
        "member-removed": "The member is removed, and signed out everywhere.",
        "passkey-added": "The passkey is made. You can sign in with it from now on.",
        "passkey-removed": "The passkey is removed: it signs in no more. Your device may still list it.",
        "passkey-renamed": "The passkey has its new name.",
        "name-changed": "Your name is changed.",
        "role-changed": "The role is changed.",
        "session-ended": "That browser is signed out.",
        "signed-in": "You are signed in.",
        # Devices
        "printing": "The printer gets the tickets. What became of it stands on the page Print tickets.",
        "pairing-withdrawn": "The code is withdrawn: it pairs nothing.",
        "device-renamed": "The device has its new name.",
        "device-revoked": "The device is revoked: its next request is refused. What it scanned is still taken in.",
        "till-paired": "This browser is a till now.",
        # Account
        "account-changed": "The account was changed. The address that it had before gets a mail that says so.",
        "stripe-changed": "New orders are paid to this account from now on. A mail says so.",
        "stripe-removed": "No Stripe account is connected any more. A mail says so.",
        "back-from-stripe": "Welcome back. This page shows what Stripe says now.",
        "branding-changed": "All of your pages look like this now.",
        "logo-changed": "The logo is on your pages.",
        "logo-removed": "The logo was taken away.",
        "token-revoked": "The token opens nothing any more.",
        # Shows and runs
        "show-added": "The show is there, as a draft.",
        "show-changed": "The show was changed.",
        "show-moved": "The show was changed. Its buyers get a mail.",
        "show-published": "The show is published: buyers see it now.",
        "show-unpublished": "The show is off the pages for buyers. What was sold stays sold.",
        "show-refused": "That is not possible: the show was cancelled.",
        "show-copied": "This is the copy, as a draft.",
        "show-deleted": "The show was deleted.",
        "show-cancelled": "The show was cancelled. Its buyers get a mail. Nobody is refunded yet.",
        "show-cancelled-refunding": "The show was cancelled. Its buyers get a mail, and their refunds have begun.",
        "show-was-cancelled": "The show was cancelled before.",
        "page-changed": "The texts were saved.",
        "picture-changed": "The picture is on the page.",
        "picture-removed": "The picture was taken away.",
        "colour-changed": "All of your pages have the new colour.",
        "run-added": "The run is there. Now add its shows.",
        "run-changed": "The next shows of this run get what you saved.",
        "run-deleted": "The run was deleted.",
        "shows-added": "The shows are there.",
        "places-kept": "The places are off public sale.",
        "shows-changed": "The shows were changed.",
        "shows-cancelled-refunding": "The shows were cancelled, and the refunds of their buyers have begun.",
        # Orders
        "resent": "The tickets are on their way to the buyer again.",
        "noted": "The note is written.",
        "customer-corrected": "The buyer's data is corrected.",
        "renamed": "The ticket has another name, and a new code.",
        "let-in": "The person is in.",
        "let-out": "The check-in is undone: the ticket lets in again.",
        "refunded-before": "These tickets are refunded and void already: the order says when.",
        "refunded": "The tickets are void, and the money is on its way.",
        "exchanged": "The tickets are exchanged.",
        "exchange-waits": "The new tickets are held until they are paid: send the buyer the link of their page.",
        "erased": "The buyer's data is erased.",
        # Counter
        "shift-closed": "The shift is closed.",
        "cash-in": "The cash in is written down.",
        "cash-out": "The cash out is written down.",
        "cash-back": "It is taken back.",
        # Tickets, places and codes
        "ticket-added": "The ticket type is there.",
        "ticket-changed": "The ticket type was changed. Orders keep their prices.",
        "ticket-deleted": "The ticket type was deleted.",
        "capacity-added": "The capacity is there. Ticket types can share its places now.",
        "capacity-changed": "The capacity was changed.",
        "capacity-deleted": "The capacity was deleted.",
        "allocation-added": "These places are off public sale now.",
        "allocation-changed": "The allocation was changed.",
        "allocation-released": "The allocation was released: what was left of it is on public sale.",
        "allocation-deleted": "The allocation was deleted. Its places are on public sale.",
        "code-added": "The promo code is there. Buyers can use it at once.",
        "code-changed": "The promo code was changed. Orders keep their discount.",
        "code-deleted": "The promo code was deleted.",
        # Work that goes on
        "work-started": "It has begun. You may close this page: it goes on, and you find it under Work.",
        "work-stopped": "It was stopped. What it had done stays.",
        "list-discarded": "The list was discarded. No order was placed.",
        "refund-started": "The refund has begun. You may close this page: it goes on.",
    }
)


def done(path: str, key: str) -> Redirect:
    """Where a form leads that was done: to the page, with the line of ``DONE`` that says so."""
    return Redirect(f"{path}?done={key}", status_code=HTTP_303_SEE_OTHER)
