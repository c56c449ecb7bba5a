"""In whose words figures are told: the company's name, its currency, and who its customers are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from reporting.kpis import Column, Kpi
from reporting.units import MONEY, money

# In a text of models/vocabulary.md, what is so under the other rule of who is a customer.
_OTHER_RULE = " Where customers are subscribed: "
_DOLLARS = "in dollars"

AnyColumn = TypeVar("AnyColumn", bound=Column)


@dataclass(frozen=True)
class Wording:
    """What `rpt_leadership_page` says in its `meta`, from the vars of the project.

    Parameters
    ----------
    company_name : the company of which the figures are; may be empty.
    currency : what stands before an amount of money, a sign or a word; may be empty.
    is_simulated : whether the tables are the simulator's.
    customers_are_subscribed : whether a company is a customer by its subscription, and not by its sessions.
    """

    company_name: str
    currency: str
    is_simulated: bool = True
    customers_are_subscribed: bool = False

    @classmethod
    def of(cls, meta: Mapping[str, Any]) -> "Wording":
        """The wording that these vars ask for; a name of digits is a number to dbt."""
        name, currency = (str("" if meta[key] is None else meta[key]).strip() for key in ("company_name", "currency"))
        return cls(name, currency, bool(meta["simulated"]), meta["customers_are"] == "subscribed")

    def told(self, column: AnyColumn) -> AnyColumn:
        """A column with the words of the rule, and its amounts in the currency."""
        changed: dict[str, Any] = dict(column.of_subscribers) if self.customers_are_subscribed else {}
        if column.unit is MONEY:
            changed["unit"] = money(self.currency)
        if isinstance(column, Kpi):
            changed["columns"] = tuple(map(self.told, column.columns))
        return replace(column, **changed)

    def description(self, text: str) -> str:
        """A text of the vocabulary, in the currency."""
        if self.currency == "$":
            return text
        return text.replace(_DOLLARS, f"in {self.currency}" if self.currency else "in money")

    def definition(self, text: str) -> str:
        """The same, and of the rules only the one that holds."""
        of_sessions, _, of_subscriptions = text.partition(_OTHER_RULE)
        chosen = of_subscriptions if self.customers_are_subscribed and of_subscriptions else of_sessions
        return self.description(f"{chosen[:1].upper()}{chosen[1:]}")
