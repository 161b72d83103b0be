"""Signed webhooks, delivered at least once: retried with growing pauses until the receiver answers 2xx."""

import asyncio
import logging
import secrets
from dataclasses import dataclass

import aiohttp
import stripe

from demo.stripe_sandbox.ledger.event_log import RecordedEvent
from demo.stripe_sandbox.options import SandboxOptions

_log = logging.getLogger(__name__)

_SENDERS = 8
_MAXIMUM_ATTEMPTS = 15
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 10.0
_ANSWER_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delivery:
    event: RecordedEvent
    attempt: int = 1


class WebhookSender:
    """Sends events to one endpoint. ``paused`` holds them back, ``shuffled`` sends the held ones in any order,
    ``copies`` is how often each is sent; all four settings, the address included, may change at any time."""

    def __init__(self, options: SandboxOptions) -> None:
        self._clock = options.clock
        self.url = options.webhook_url
        self.secret = options.webhook_secret
        self.shuffled = False
        self.copies = 1
        self.failed_attempts = 0
        self._events = options.webhook_events
        self._backlog: list[_Delivery] = []
        self._timers: set[asyncio.TimerHandle] = set()
        self._in_flight = 0
        self._paused = False
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER_TIMEOUT_SECONDS))
        self._tasks = [asyncio.create_task(self._send_forever(self._session)) for _ in range(_SENDERS)]

    async def stop(self) -> None:
        """Give up what is not delivered yet."""
        self.forget()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._session is not None:
            await self._session.close()

    def reset(self) -> None:
        """Drop waiting deliveries and deliver again as at the start; the endpoint stays."""
        self.shuffled = False
        self.copies = 1
        self.failed_attempts = 0
        self._paused = False
        self.forget()

    def forget(self) -> None:
        """Drop every delivery that is waiting."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._backlog.clear()
        self._note_progress()

    def send(self, event: RecordedEvent) -> None:
        """Queue an event, unless there is no endpoint or it does not want the event."""
        if self.url is None or (self._events is not None and event.event_type not in self._events):
            return
        self.resend(event, copies=self.copies)

    def resend(self, event: RecordedEvent, *, copies: int = 1) -> None:
        """Queue an event, even if it was delivered before."""
        self._backlog.extend([_Delivery(event=event)] * copies)
        self._note_progress()

    @property
    def paused(self) -> bool:
        return self._paused

    @paused.setter
    def paused(self, value: bool) -> None:
        self._paused = value
        self._note_progress()

    @property
    def waiting(self) -> int:
        """The number of deliveries not done: in line, waiting for another try, or under way."""
        return len(self._backlog) + len(self._timers) + self._in_flight

    async def idle(self) -> None:
        """Wait until nothing is left to deliver."""
        await self._idle.wait()

    def _note_progress(self) -> None:
        if self._backlog and not self._paused:
            self._work.set()
        else:
            self._work.clear()
        if self.waiting:
            self._idle.clear()
        else:
            self._idle.set()

    async def _send_forever(self, session: aiohttp.ClientSession) -> None:
        while True:
            await self._work.wait()
            if not self._work.is_set():
                # Another sender, woken by the same work, has taken it.
                continue
            delivery = self._backlog.pop(secrets.randbelow(len(self._backlog)) if self.shuffled else 0)
            self._in_flight += 1
            self._note_progress()
            try:
                await self._attempt(session, delivery)
            finally:
                self._in_flight -= 1
                self._note_progress()

    async def _attempt(self, session: aiohttp.ClientSession, delivery: _Delivery) -> None:
        problem = await self._post(session, delivery.event)
        if problem is None:
            delivery.event.delivered = True
            return
        self.failed_attempts += 1
        _log.info(
            "webhook %s %s, attempt %d: %s",
            delivery.event.event_type,
            delivery.event.event_id,
            delivery.attempt,
            problem,
        )
        if delivery.attempt < _MAXIMUM_ATTEMPTS:
            self._try_again_later(delivery)

    def _try_again_later(self, delivery: _Delivery) -> None:
        def put_back() -> None:
            self._timers.discard(timer)
            self._backlog.append(_Delivery(event=delivery.event, attempt=delivery.attempt + 1))
            self._note_progress()

        pause_seconds = min(_FIRST_PAUSE_SECONDS * 2 ** (delivery.attempt - 1), _LONGEST_PAUSE_SECONDS)
        timer = asyncio.get_running_loop().call_later(pause_seconds, put_back)
        self._timers.add(timer)

    async def _post(self, session: aiohttp.ClientSession, event: RecordedEvent) -> str | None:
        """None if the receiver accepted the event, else what went wrong."""
        if self.url is None:
            return "no endpoint"
        # The signature's time is that of the Date header. Moving the sandbox's time forward changes neither, as the
        # receiver's clock does not move.
        signature = stripe.WebhookSignature.generate_signature_header(
            event.body.decode(), self.secret, int(self._clock())
        )
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature,
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks; sandbox)",
        }
        try:
            async with session.post(self.url, data=event.body, headers=headers, allow_redirects=False) as answer:
                return None if 200 <= answer.status < 300 else f"answered {answer.status}"
        except (aiohttp.ClientError, TimeoutError) as error:
            return f"{type(error).__name__}: {error}"
