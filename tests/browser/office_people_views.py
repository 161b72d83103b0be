"""The office's pages about people, in every state."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from playwright.async_api import expect

from domain.access import Actor
from domain.people import Passkey, Role
from tests.browser.buyer import Buyer
from tests.browser.views import View
from tests.support.server import Service
from tests.support.staff import Staff, employ

LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenschirm"
ARABIC = "ليلى المسرح الكبير"


async def people_views(service: Service, url: str, owner: Staff) -> list[View]:
    """The pages of one team, whose people have very long and right-to-left names."""
    container, seller = service.container, owner.producer
    members = [await employ(container, seller, Role.DOOR, name=name) for name in (LONG, ARABIC, "")]
    async with container.database()() as uow:
        for name in (LONG, ARABIC):
            key = {"credential_id": uuid4().bytes, "public_key": b"", "sign_count": 0, "created_at": datetime.now(UTC)}
            await uow.passkeys.add(Passkey(id=uuid4(), person_id=owner.person.id, name=name, **key))  # type: ignore[arg-type]
        await uow.commit()
    acting = Actor(seller.id, name=ARABIC, person_id=owner.person.id)
    invitation = await container.invite()(
        acting, f"{LONG.lower().replace('ä', 'a').replace('ü', 'u')}@{uuid4().hex}.example", Role.VIEWER
    )
    tokens = container.office_links().tokens
    team, member = f"{url}/office/team", f"{url}/office/team/{members[0].id}"
    handed = await container.hand_out_link()(seller.id, owner.person.email)
    return [
        View("sign in", f"{url}/office/sign-in"),
        View("sign in, wrong address", f"{url}/office/sign-in", _type_nonsense),
        View("sign in, sent", f"{url}/office/sign-in?sent=true"),
        View("link", url + "/office" + handed.partition("/office")[2]),
        View("link, useless", f"{url}/office/sign-in/link?token=nonsense"),
        View("invitation", f"{url}/office/invitation?token={tokens.token('invitation', invitation.id)}"),
        View("invitation, useless", f"{url}/office/invitation?token=nonsense"),
        View("choose", f"{url}/office/choose"),
        View("team", f"{team}?done=invited"),
        View("team, wrong address", team, _invite_nonsense),
        View("member", member),
        View("remove a member", f"{member}/remove"),
        View("me", f"{url}/office/me"),
        View("me, passkey open", f"{url}/office/me", _open_passkey),
        View("log", f"{url}/office/log"),
        View("log, facts open", f"{url}/office/log", _open_facts),
        View("log, empty", f"{url}/office/log?since=2020-01-01&until=2020-01-02"),
        View("log, wrong day", f"{url}/office/log?since=yesterday"),
        View("nothing", f"{team}/{uuid4()}"),
    ]


async def _type_nonsense(buyer: Buyer) -> None:
    await buyer.page.get_by_label("Your e-mail address").fill("x@y")
    await buyer.page.locator("form").first.evaluate("form => { form.noValidate = true; }")
    await buyer.page.get_by_role("button", name="Mail me a link").click()
    await expect(buyer.page.locator("#email-error")).to_be_visible()


async def _invite_nonsense(buyer: Buyer) -> None:
    await buyer.page.get_by_label("E-mail address").fill("x@y")
    form = buyer.page.locator("form[action='/office/team/invitations']")
    await form.evaluate("form => { form.noValidate = true; }")
    await buyer.page.get_by_role("button", name="Send the invitation").click()
    await expect(buyer.page.locator("#email-error")).to_be_visible()


async def _open_passkey(buyer: Buyer) -> None:
    await buyer.page.locator("summary").first.click()


async def _open_facts(buyer: Buyer) -> None:
    await buyer.page.locator("summary").first.click()
