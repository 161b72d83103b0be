"""Fetching jobs and printing them, slip by slip, until the program is stopped.

Each slip is noted once the printer has it. So a job that was broken off goes on with the first slip that is not noted:
every slip is printed at least once, and only the one that was being sent can be printed twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from domain.printing import Medium
from entrypoints.print_agent.printers import Printer, PrinterTrouble
from entrypoints.print_agent.server import Job, PrintServer, Refused, ServerAway
from entrypoints.print_agent.state import State, StateFile

#: After trouble with the printer or the server.
RETRY_SECONDS: Final = 3.0
#: What ends the program: it can do nothing about it.
_FINAL: Final = frozenset({"device_revoked", "unauthorized", "forbidden"})


class PrintAgent:
    """Prints this printer's jobs. ``say`` tells people what happens: each trouble once."""

    def __init__(
        self,
        server: PrintServer,
        printer: Printer,
        medium: Medium,
        file: StateFile,
        say: Callable[[str], None],
        *,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._server = server
        self._printer = printer
        self._medium = medium
        self._file = file
        self._state = file.read()
        self._say = say
        self._retry_seconds = retry_seconds
        self._trouble = ""

    def run(self, stop: threading.Event) -> None:
        """Print until ``stop`` is set. Raises Refused if this printer was revoked."""
        while not stop.is_set():
            stop.wait(self._once())

    def _once(self) -> float:
        """One job, or one look for a job. Returns how many seconds to wait."""
        try:
            self._tell_what_was_printed()
            job, pause = self._server.next_job()
            if job is None:
                self._all_is_well()
                return pause
            return self._print(job)
        except ServerAway as away:
            self._say_trouble(f"{away}. Trying again.")
        except Refused as refused:
            if refused.code in _FINAL:
                raise
            self._say_trouble(f"The server refuses: {refused}. Trying again.")
        return self._retry_seconds

    def _print(self, job: Job) -> float:
        self._note(self._state.with_job(job.id))
        try:
            self._printer.check()
            for name in job.slips:
                if name not in self._state.sent:
                    self._print_slip(job, name)
        except PrinterTrouble as trouble:
            self._server.failed(job.id, str(trouble))
            self._say_trouble(f"Order {job.order_number} waits: {trouble}. Trying again.")
            return self._retry_seconds
        self._note(replace(self._state, is_complete=True))
        self._tell_what_was_printed()
        self._trouble = ""
        self._say(f"Order {job.order_number}: {len(job.slips)} printed.")
        return 0

    def _print_slip(self, job: Job, name: str) -> None:
        commands = self._server.slip(job, name, self._medium)
        if commands is not None:
            self._printer.send(commands)
        self._note(self._state.with_sent(name))

    def _tell_what_was_printed(self) -> None:
        """Report a job that is on paper: the answer to the last report may have been lost."""
        if not self._state.is_complete:
            return
        try:
            self._server.printed(self._state.job_id)
        except Refused as refused:
            if refused.code != "not_found":  # a job that was deleted since needs no report
                raise
        self._note(replace(self._state, job_id="", sent=(), is_complete=False))

    def _note(self, state: State) -> None:
        if state != self._state:
            self._file.write(state)
            self._state = state

    def _say_trouble(self, words: str) -> None:
        if words != self._trouble:
            self._trouble = words
            self._say(words)

    def _all_is_well(self) -> None:
        if self._trouble:
            self._trouble = ""
            self._say("All is well again.")
