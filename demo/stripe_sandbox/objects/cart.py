"""The content of a Checkout Session: its line items, their tax and their sums, in minor units."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from demo.stripe_sandbox.protocol.errors import (
    StripeRefusal,
    exclusive_params,
    invalid_integer,
    missing_param,
    no_such,
    not_in_the_sandbox,
)
from demo.stripe_sandbox.protocol.ids import new_id
from demo.stripe_sandbox.protocol.json_types import JsonObject
from demo.stripe_sandbox.protocol.money import (
    amount_step,
    check_step,
    display,
    is_presentment,
    maximum_charge,
    minimum_charge,
    round_half_up,
)

_MAXIMUM_LINES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line item; ``tax_included`` is Stripe's tax behaviour "inclusive".

    ``tax_code_param`` is where the product has its tax code: its own field, or its tax details.
    """

    line_id: str
    price_id: str
    product_id: str
    name: str
    description: str | None
    currency: str
    unit_amount: int
    quantity: int
    tax_included: bool
    metadata: JsonObject
    tax_code: str | None = None
    tax_code_param: str = ""
    performance_location: str | None = None

    @property
    def subtotal(self) -> int:
        return self.unit_amount * self.quantity

    def tax(self, rate: Decimal) -> int:
        """The tax, rounded to what can be charged in the currency."""
        step = amount_step(self.currency)
        if self.tax_included:
            return self.subtotal - round_half_up(self.subtotal / (1 + rate) / step) * step
        return round_half_up(self.subtotal * rate / step) * step

    def total(self, rate: Decimal) -> int:
        return self.subtotal if self.tax_included else self.subtotal + self.tax(rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """A session's lines and what its payment is to carry (``payment_intent_data``)."""

    lines: tuple[Line, ...]
    payment_data: JsonObject
    tax_rate: Decimal

    @property
    def currency(self) -> str:
        return self.lines[0].currency

    @property
    def subtotal(self) -> int:
        return sum(line.subtotal for line in self.lines)

    @property
    def tax(self) -> int:
        return sum(line.tax(self.tax_rate) for line in self.lines)

    @property
    def total(self) -> int:
        """The amount that the buyer pays, tax included."""
        return sum(line.total(self.tax_rate) for line in self.lines)


def parse_lines(params: Sequence[JsonObject]) -> tuple[Line, ...]:
    """The lines of ``line_items``. Raises StripeRefusal as Stripe does, e.g. for two currencies in one session."""
    if not params:
        raise missing_param("line_items")
    if len(params) > _MAXIMUM_LINES:
        raise StripeRefusal(f"You can have at most {_MAXIMUM_LINES} line items.", param="line_items")
    lines = tuple(_parse_line(item, f"line_items[{index}]") for index, item in enumerate(params))
    if len({line.currency for line in lines}) > 1:
        raise StripeRefusal("All line items must have the same currency.", param="line_items")
    return lines


def check_total(total: int, currency: str) -> None:
    """Raises StripeRefusal if Stripe does not charge so little or so much."""
    if total < minimum_charge(currency):
        smallest = display(minimum_charge(currency), currency)
        message = f"The Checkout Session's total amount must be at least {smallest}; it is {display(total, currency)}."
        raise StripeRefusal(message, code="amount_too_small", param="line_items")
    if total > maximum_charge(currency):
        largest = display(maximum_charge(currency), currency)
        message = f"The Checkout Session's total amount must be no more than {largest}."
        raise StripeRefusal(message, code="amount_too_large", param="line_items")


def _parse_line(item: JsonObject, path: str) -> Line:
    price = _price_data(item, path)
    product = _product_data(price, path)
    details = product.get("tax_details", {})
    if "tax_code" in product and details.get("tax_code"):
        where = f"{path}[price_data][product_data]"
        raise exclusive_params(f"{where}[tax_code]", f"{where}[tax_details][tax_code]")
    return Line(
        line_id=new_id("li"),
        price_id=new_id("price"),
        product_id=new_id("prod"),
        name=product["name"],
        description=product.get("description"),
        currency=price["currency"],
        unit_amount=_unit_amount(price, path),
        quantity=_quantity(item, path),
        tax_included=price.get("tax_behavior") == "inclusive",
        metadata=item.get("metadata", {}),
        tax_code=product.get("tax_code") or details.get("tax_code") or None,
        tax_code_param="[tax_code]" if "tax_code" in product else "[tax_details][tax_code]",
        performance_location=details.get("performance_location"),
    )


def _price_data(item: JsonObject, path: str) -> JsonObject:
    if "price" in item and "price_data" in item:
        raise exclusive_params(f"{path}[price]", f"{path}[price_data]")
    if "price" in item:
        raise no_such("price", item["price"], f"{path}[price]")
    for unsupported in ("adjustable_quantity", "tax_rates"):
        if unsupported in item:
            raise not_in_the_sandbox(unsupported, f"{path}[{unsupported}]")
    if "price_data" not in item:
        message = f"You must specify either `price` or `price_data` for `{path}`."
        raise StripeRefusal(message, code="parameter_missing", param=path)
    price: JsonObject = item["price_data"]
    if "recurring" in price:
        message = "You specified `payment` mode but passed a recurring price."
        raise StripeRefusal(message, param=f"{path}[price_data][recurring]")
    if not is_presentment(price["currency"]):
        message = f"Invalid currency: {price['currency']}. Stripe does not charge in it."
        raise StripeRefusal(message, param=f"{path}[price_data][currency]")
    return price


def _product_data(price: JsonObject, path: str) -> JsonObject:
    if "product" in price and "product_data" in price:
        raise exclusive_params(f"{path}[price_data][product]", f"{path}[price_data][product_data]")
    if "product" in price:
        raise no_such("product", price["product"], f"{path}[price_data][product]")
    if "product_data" not in price:
        raise missing_param(f"{path}[price_data][product_data]")
    product: JsonObject = price["product_data"]
    return product


def _unit_amount(price: JsonObject, path: str) -> int:
    if "unit_amount_decimal" in price:
        param = f"{path}[price_data][unit_amount_decimal]"
        raise not_in_the_sandbox("fractions of a minor unit", param)
    param = f"{path}[price_data][unit_amount]"
    if "unit_amount" not in price:
        raise missing_param(param)
    amount: int = price["unit_amount"]
    if amount < 0:
        raise invalid_integer(param, amount, "non-negative integer")
    check_step(amount, price["currency"], param)
    return amount


def _quantity(item: JsonObject, path: str) -> int:
    param = f"{path}[quantity]"
    if "quantity" not in item:
        message = f"Quantity is required. Add `quantity` to `{path}`"
        raise StripeRefusal(message, code="parameter_missing", param=param)
    quantity: int = item["quantity"]
    if quantity < 1:
        raise invalid_integer(param, quantity, "positive integer")
    return quantity
