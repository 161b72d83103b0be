"""The report and the invariants after any sequence of catalog changes, orders, payments, refunds and check-ins."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.support.box_office_machine import BoxOfficeMachine, world_in_memory
from tests.support.examples import examples

pytestmark = [pytest.mark.p0, pytest.mark.timeout(600)]


class InMemory(BoxOfficeMachine):
    make_world = staticmethod(world_in_memory)


TestInMemory = InMemory.TestCase
TestInMemory.settings = settings(max_examples=examples(40), stateful_step_count=30, deadline=None)
