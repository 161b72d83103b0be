"""The currencies that shows can be sold in, as Stripe counts them: one row each.

Sources, read on 2026-11-28:

- https://docs.stripe.com/currencies, "Minor units in API amounts", "Special cases", "Minimum and maximum charge
  amounts": how many decimal places an amount has at Stripe, which amounts it refuses for their last digits, and the
  smallest and largest charge.
- Stripe's list of presentment currencies, as WooPayments, which runs on Stripe, repeats it
  (https://woocommerce.com/document/payments/faq/available-currencies/), and Stripe's five three-decimal currencies.

Left out of Stripe's list, because they are no longer legal tender: ANG (now XCG), BGN (now EUR), STD (now STN).

Stripe's decimal places are not those of the Unicode CLDR, and not always those of ISO 4217. So nothing in the rules may
ask a locale library how many decimals a currency has.

``per_dollar`` is no exchange rate. It is a round number near one, and only says how large an amount of this currency is
meant by a limit or a fee that is given in dollars. It is 1 for every currency that a bare number always meant as it
stood: dollars, euros, pounds and Swiss francs alike.

tests/domain/test_currencies.py says how to renew the table.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple


class CurrencyRow(NamedTuple):
    """One currency. ``places`` is the number of decimal places of the minor unit that Stripe counts in.

    ``minimum`` is Stripe's smallest charge in the currency's main unit, None if Stripe names none.
    """

    code: str
    places: int
    per_dollar: str
    minimum: str | None = None


#: Currencies whose amounts Stripe takes with two decimals that must both be zero: a buyer cannot pay a part of a unit.
WHOLE_UNITS: Final = frozenset({"ISK", "UGX"})
#: Where Stripe names no smallest charge, it asks for the equivalent of this many dollars.
LEAST_DOLLARS: Final = Decimal("0.50")
#: Stripe accepts eight digits in most currencies.
MOST_MINOR_UNITS: Final = 99_999_999
#: Largest charges, in minor units, of the currencies in which Stripe accepts more digits.
LARGER_CHARGES: Final = {
    "COP": 999_999_999_999,
    "HUF": 999_999_999_999,
    "IDR": 999_999_999_999,
    "INR": 999_999_999,
    "JPY": 9_999_999_999,
    "LBP": 99_999_999_999_999,
}

ROWS: Final = (
    CurrencyRow("AED", 2, "4", "2.00"),
    CurrencyRow("AFN", 2, "70"),
    CurrencyRow("ALL", 2, "90"),
    CurrencyRow("AMD", 2, "400"),
    CurrencyRow("AOA", 2, "900"),
    CurrencyRow("ARS", 2, "1500"),
    CurrencyRow("AUD", 2, "1", "0.50"),
    CurrencyRow("AWG", 2, "2"),
    CurrencyRow("AZN", 2, "2"),
    CurrencyRow("BAM", 2, "2"),
    CurrencyRow("BBD", 2, "2"),
    CurrencyRow("BDT", 2, "120"),
    CurrencyRow("BHD", 3, "0.4"),
    CurrencyRow("BIF", 0, "3000"),
    CurrencyRow("BMD", 2, "1"),
    CurrencyRow("BND", 2, "1"),
    CurrencyRow("BOB", 2, "7"),
    CurrencyRow("BRL", 2, "5", "0.50"),
    CurrencyRow("BSD", 2, "1"),
    CurrencyRow("BWP", 2, "14"),
    CurrencyRow("BYN", 2, "3"),
    CurrencyRow("BZD", 2, "2"),
    CurrencyRow("CAD", 2, "1", "0.50"),
    CurrencyRow("CDF", 2, "2500"),
    CurrencyRow("CHF", 2, "1", "0.50"),
    CurrencyRow("CLP", 0, "1000"),
    CurrencyRow("CNY", 2, "7"),
    CurrencyRow("COP", 2, "4000"),
    CurrencyRow("CRC", 2, "500"),
    CurrencyRow("CVE", 2, "100"),
    CurrencyRow("CZK", 2, "20", "15.00"),
    CurrencyRow("DJF", 0, "180"),
    CurrencyRow("DKK", 2, "7", "2.50"),
    CurrencyRow("DOP", 2, "60"),
    CurrencyRow("DZD", 2, "130"),
    CurrencyRow("EGP", 2, "50"),
    CurrencyRow("ETB", 2, "150"),
    CurrencyRow("EUR", 2, "1", "0.50"),
    CurrencyRow("FJD", 2, "2"),
    CurrencyRow("FKP", 2, "1"),
    CurrencyRow("GBP", 2, "1", "0.30"),
    CurrencyRow("GEL", 2, "3"),
    CurrencyRow("GIP", 2, "1"),
    CurrencyRow("GMD", 2, "70"),
    CurrencyRow("GNF", 0, "9000"),
    CurrencyRow("GTQ", 2, "8"),
    CurrencyRow("GYD", 2, "200"),
    CurrencyRow("HKD", 2, "8", "4.00"),
    CurrencyRow("HNL", 2, "25"),
    CurrencyRow("HTG", 2, "130"),
    # Forints and Taiwan dollars are charged in two decimals. Only payouts must be whole, and Stripe takes care of that.
    CurrencyRow("HUF", 2, "350", "175.00"),
    CurrencyRow("IDR", 2, "16000"),
    CurrencyRow("ILS", 2, "4"),
    CurrencyRow("INR", 2, "80", "0.50"),
    CurrencyRow("ISK", 2, "130"),
    CurrencyRow("JMD", 2, "160"),
    CurrencyRow("JOD", 3, "0.7"),
    CurrencyRow("JPY", 0, "150", "50"),
    CurrencyRow("KES", 2, "130"),
    CurrencyRow("KGS", 2, "90"),
    CurrencyRow("KHR", 2, "4000"),
    CurrencyRow("KMF", 0, "400"),
    CurrencyRow("KRW", 0, "1400"),
    CurrencyRow("KWD", 3, "0.3"),
    CurrencyRow("KYD", 2, "1"),
    CurrencyRow("KZT", 2, "500"),
    CurrencyRow("LAK", 2, "20000"),
    CurrencyRow("LBP", 2, "90000"),
    CurrencyRow("LKR", 2, "300"),
    CurrencyRow("LRD", 2, "200"),
    CurrencyRow("LSL", 2, "20"),
    CurrencyRow("MAD", 2, "10"),
    CurrencyRow("MDL", 2, "20"),
    CurrencyRow("MGA", 0, "4500"),
    CurrencyRow("MKD", 2, "50"),
    CurrencyRow("MMK", 2, "2000"),
    CurrencyRow("MNT", 2, "3500"),
    CurrencyRow("MOP", 2, "8"),
    CurrencyRow("MUR", 2, "45"),
    CurrencyRow("MVR", 2, "15"),
    CurrencyRow("MWK", 2, "1700"),
    CurrencyRow("MXN", 2, "20", "10.00"),
    CurrencyRow("MYR", 2, "4", "2.00"),
    CurrencyRow("MZN", 2, "60"),
    CurrencyRow("NAD", 2, "20"),
    CurrencyRow("NGN", 2, "1500"),
    CurrencyRow("NIO", 2, "40"),
    CurrencyRow("NOK", 2, "10", "3.00"),
    CurrencyRow("NPR", 2, "140"),
    CurrencyRow("NZD", 2, "1", "0.50"),
    CurrencyRow("OMR", 3, "0.4"),
    CurrencyRow("PAB", 2, "1"),
    CurrencyRow("PEN", 2, "4"),
    CurrencyRow("PGK", 2, "4"),
    CurrencyRow("PHP", 2, "60"),
    CurrencyRow("PKR", 2, "280"),
    CurrencyRow("PLN", 2, "4", "2.00"),
    CurrencyRow("PYG", 0, "7000"),
    CurrencyRow("QAR", 2, "4"),
    CurrencyRow("RON", 2, "5", "2.00"),
    CurrencyRow("RSD", 2, "100"),
    CurrencyRow("RUB", 2, "80"),
    CurrencyRow("RWF", 0, "1400"),
    CurrencyRow("SAR", 2, "4"),
    CurrencyRow("SBD", 2, "8"),
    CurrencyRow("SCR", 2, "14"),
    CurrencyRow("SEK", 2, "10", "3.00"),
    CurrencyRow("SGD", 2, "1", "0.50"),
    CurrencyRow("SHP", 2, "1"),
    CurrencyRow("SLE", 2, "25"),
    CurrencyRow("SOS", 2, "600"),
    CurrencyRow("SRD", 2, "40"),
    CurrencyRow("SZL", 2, "20"),
    CurrencyRow("THB", 2, "35", "10.00"),
    CurrencyRow("TJS", 2, "10"),
    CurrencyRow("TND", 3, "3"),
    CurrencyRow("TOP", 2, "2"),
    CurrencyRow("TRY", 2, "40"),
    CurrencyRow("TTD", 2, "7"),
    CurrencyRow("TWD", 2, "30"),
    CurrencyRow("TZS", 2, "2500"),
    CurrencyRow("UAH", 2, "40"),
    CurrencyRow("UGX", 2, "4000"),
    CurrencyRow("USD", 2, "1", "0.50"),
    CurrencyRow("UYU", 2, "40"),
    CurrencyRow("UZS", 2, "12000"),
    CurrencyRow("VND", 0, "26000"),
    CurrencyRow("VUV", 0, "120"),
    CurrencyRow("WST", 2, "3"),
    CurrencyRow("XAF", 0, "600"),
    CurrencyRow("XCD", 2, "3"),
    CurrencyRow("XCG", 2, "2"),
    CurrencyRow("XOF", 0, "600"),
    CurrencyRow("XPF", 0, "100"),
    CurrencyRow("YER", 2, "250"),
    CurrencyRow("ZAR", 2, "20"),
    CurrencyRow("ZMW", 2, "25"),
)

#: Symbols in front of an amount in the messages of the API. Amounts of other currencies have their code after them.
SYMBOLS: Final = {"EUR": "€", "GBP": "£", "INR": "₹", "JPY": "¥", "KRW": "₩", "USD": "$", "VND": "₫"}
