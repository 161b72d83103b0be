"""Payment methods that do not confirm at once, and how long the buyer's money may take with each.

A ticket is worth nothing once its show is over, so a method is offered only if its money comes before the doors open.
From Stripe's pages on each method, https://docs.stripe.com/payments/payment-methods ("delayed notification"), as of
2026-11-28. A test compares the names with those that the installed SDK's sessions may exclude: a new name there has to
be put into one of the two tables here, after a look at its page.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil
from typing import Final

_A_WORKING_WEEK: Final = 5


def _business_days(count: int) -> timedelta:
    """The time of ``count`` bank working days, including the weekends among them and one bank holiday."""
    return timedelta(days=count + 2 * ceil(count / _A_WORKING_WEEK) + 1)


#: From the end of the checkout until it is final whether the money comes. None: the buyer may take any time.
SLOW_METHODS: Final[dict[str, timedelta | None]] = {
    "acss_debit": _business_days(5),  # docs.stripe.com/payments/acss-debit: up to 5 business days
    "au_becs_debit": _business_days(3),  # docs.stripe.com/payments/au-becs-debit: up to 3 business days
    "bacs_debit": _business_days(7),  # docs.stripe.com/payments/bacs-debit: up to 7 business days with a new mandate
    "boleto": timedelta(days=3) + _business_days(2),  # …/boleto: vouchers of 3 days, then up to 2 business days
    "customer_balance": None,  # docs.stripe.com/payments/bank-transfers: the buyer sends the money when they like
    "konbini": timedelta(days=4),  # docs.stripe.com/payments/konbini: until the end of the third day
    "multibanco": timedelta(days=7) + _business_days(3),  # …/multibanco: vouchers of 7 days, then several days
    "nz_bank_account": _business_days(2),  # docs.stripe.com/payments/nz-bank-account: up to 2 business days
    "oxxo": timedelta(days=3) + _business_days(1),  # …/oxxo: vouchers of 3 days, then the next business day
    "sepa_debit": _business_days(14),  # docs.stripe.com/payments/sepa-debit: up to 14 business days
    "sofort": _business_days(14),  # docs.stripe.com/payments/sofort: up to 14 business days
    "us_bank_account": _business_days(4),  # docs.stripe.com/payments/ach-direct-debit: up to 4 business days
}
#: Methods that confirm at the end of the checkout.
IMMEDIATE_METHODS: Final = frozenset(
    {
        "affirm",
        "afterpay_clearpay",
        "alipay",
        "alma",
        "amazon_pay",
        "bancontact",
        "billie",
        "bizum",
        "blik",
        "card",
        "cashapp",
        "crypto",
        "eps",
        "fpx",
        "giropay",
        "grabpay",
        "ideal",
        "kakao_pay",
        "klarna",
        "kr_card",
        "mb_way",
        "mobilepay",
        "naver_pay",
        "p24",
        "pay_by_bank",
        "payco",
        "paynow",
        "paypal",
        "paypay",
        "payto",
        "pix",
        "promptpay",
        "revolut_pay",
        "samsung_pay",
        "satispay",
        "scalapay",
        "sequra",
        "sunbit",
        "swish",
        "twint",
        "upi",
        "wechat_pay",
        "zip",
    }
)


def too_slow(*, paid_by: datetime, needed_by: datetime) -> list[str]:
    """The methods whose money may come later than ``needed_by`` if the buyer pays at ``paid_by``, sorted."""
    return sorted(method for method, takes in SLOW_METHODS.items() if takes is None or paid_by + takes > needed_by)
