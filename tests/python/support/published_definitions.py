"""What others have published, each rule written anew from its description in docs/proof/published-definitions.md.

The rules read subscriptions and say how the monthly recurring revenue of a customer moves, or who is still there at an
age. Subscriptions are billed by the month.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import accumulate

from seed_generator.scenario import add_months


@dataclass(frozen=True)
class Subscription:
    """From its first day to its first day without service, if there is one."""

    customer: str
    since: date
    until: date | None
    amount: int


@dataclass(frozen=True)
class Movement:
    """What a definition calls a change of a customer's amount in a month."""

    period: date
    customer: str
    kind: str
    amount: int


# What each customer pays, by month; a month without a row is not there.
Amounts = Mapping[str, Mapping[date, int]]


def mrr_playbook(subscriptions: Sequence[Subscription], today: date) -> Iterator[Movement]:
    """Months from January 2018 to the last complete one; a customer's end is the latest that is known."""
    spine = months(date(2018, 1, 1), add_months(first_of(today), -1))
    for customer, own in by_customer(subscriptions).items():
        ends = [each.until for each in own if each.until]
        if not ends:
            continue
        known = [month for month in spine if min(each.since for each in own) <= month < max(ends)]
        paid = {month: sum(each.amount for each in own if _is_on(each, month)) for month in known}
        active = [month for month in known if paid[month]]
        if not active:
            continue
        paid[add_months(active[-1], 1)] = 0
        for month, before, now in steps(paid):
            kind = "unchanged"
            if month == active[0]:
                kind = "new"
            elif before and not now:
                kind = "churned"
            elif now and not before:
                kind = "reactivation"
            elif before and now != before:
                kind = "expansion" if now > before else "contraction"
            yield Movement(month, customer, kind, now - (before or 0))


def dbt_stripe_by_customer(subscriptions: Sequence[Subscription], today: date) -> Iterator[Movement]:
    """The amounts of a customer's items, added up before they are compared."""
    items = _stripe_items(subscriptions, today)
    total: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for number, paid in items.items():
        for month, amount in paid.items():
            total[subscriptions[number].customer][month] += amount
    for customer, paid in total.items():
        yield from _stripe_movements(customer, paid)


def dbt_stripe_by_item(subscriptions: Sequence[Subscription], today: date) -> Iterator[Movement]:
    """Each item by itself; a return is a subscription with an item of its own."""
    for number, paid in _stripe_items(subscriptions, today).items():
        yield from _stripe_movements(subscriptions[number].customer, paid)


def _stripe_items(subscriptions: Sequence[Subscription], today: date) -> dict[int, dict[date, int]]:
    """From the month of the first item to the current one; an item has rows for three months from its end on."""
    spine = months(min(first_of(each.since) for each in subscriptions), first_of(today))
    items = {}
    for number, each in enumerate(subscriptions):
        start, end = first_of(each.since), first_of(bills(each, today)[-1][1])
        there = [month for month in spine if start <= month < add_months(end, 3)]
        items[number] = {month: each.amount if month < end else 0 for month in there}
    return items


def _stripe_movements(customer: str, paid: Mapping[date, int]) -> Iterator[Movement]:
    """A rise is asked for before a return."""
    for month, before, now in steps(paid):
        kind = "unchanged"
        if before is None:
            kind = "new"
        elif now > before:
            kind = "expansion"
        elif before > now > 0:
            kind = "contraction"
        elif before > now:
            kind = "churned"
        yield Movement(month, customer, kind, now - (before or 0))


def dbt_stripe_metrics(subscriptions: Sequence[Subscription], today: date) -> Iterator[Movement]:
    """All months from 2010 to 2030, each with what is paid for at its last day; rises and falls have no name."""
    calendar = months(date(2010, 1, 1), date(2030, 12, 1))
    for customer, own in by_customer(subscriptions).items():
        paid = dict.fromkeys(calendar, 0)
        for each in own:
            for start, end in bills(each, today):
                for month in calendar:
                    if month == first_of(start) or start < add_months(month, 1) - timedelta(days=1) < end:
                        paid[month] += each.amount
        until_now = dict(zip(paid, accumulate(paid.values()), strict=True))
        for month, before, now in steps(paid):
            if now and until_now[month] == now:
                yield Movement(month, customer, "new", now)
            elif now and not before:
                yield Movement(month, customer, "reactivation", now)
            elif before and not now:
                yield Movement(month, customer, "churned", -before)


def dbt_recurly(subscriptions: Sequence[Subscription], today: date) -> Iterator[Movement]:
    """Only months with a charge have a row, and are compared with the row before."""
    for customer, paid in charges(subscriptions, today).items():
        yield from _billed_movements(customer, paid)


def dbt_zuora(subscriptions: Sequence[Subscription], today: date) -> Iterator[Movement]:
    """Months with a day from the first start of a billed period up to, not including, the last one; filled with 0."""
    paid = charges(subscriptions, today)
    starts = sorted(start for each in subscriptions for start, _ in bills(each, today))
    calendar = months(first_of(starts[0]), first_of(starts[-1] - timedelta(days=1)))
    for customer, own in paid.items():
        there = [month for month in calendar if month >= min(own)]
        yield from _billed_movements(customer, {month: own.get(month, 0) for month in there})


def _billed_movements(customer: str, paid: Mapping[date, int]) -> Iterator[Movement]:
    """More, less and the same are asked for before all that has to do with 0."""
    for month, before, now in steps(paid):
        kind = "unchanged"
        if before is None:
            kind = "new"
        elif now != before:
            kind = "expansion" if now > before else "contraction"
        yield Movement(month, customer, kind, now - (before or 0))


def retention(active: Mapping[str, Sequence[date]], age: int) -> Fraction:
    """As dbt_product_analytics has it: of all users, those with an event so many months after their first, or later."""
    later = [name for name, there in active.items() if max(there) >= add_months(min(there), age)]
    return Fraction(len(later), len(active))


def kaplan_meier(lifetimes: Sequence[tuple[int, bool]], age: int) -> Fraction:
    """As lifelines has it: at risk at an age is whose duration is not less, whether it ended with a churn or not."""
    share = Fraction(1)
    for at in range(age + 1):
        at_risk = sum(duration >= at for duration, _ in lifetimes)
        churned = sum(duration == at and has_churned for duration, has_churned in lifetimes)
        share *= 1 - Fraction(churned, at_risk) if at_risk else 1
    return share


def charges(subscriptions: Sequence[Subscription], today: date) -> Amounts:
    """What each customer was billed, by the month in which the billed period starts."""
    billed: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for each in subscriptions:
        for start, _ in bills(each, today):
            billed[each.customer][first_of(start)] += each.amount
    return billed


def bills(subscription: Subscription, today: date) -> list[tuple[date, date]]:
    """The billed periods of a month each, up to and with the one of today."""
    day = subscription.since.day - 1
    starts = (add_months(first_of(subscription.since), number) + timedelta(days=day) for number in range(1_000))
    found = []
    for start in starts:
        if start > today or (subscription.until and start >= subscription.until):
            break
        found.append((start, add_months(first_of(start), 1) + timedelta(days=day)))
    return found


def steps(paid: Mapping[date, int]) -> Iterator[tuple[date, int | None, int]]:
    """Each month that has a row, with the amount of the row before and its own."""
    before = None
    for month in sorted(paid):
        yield month, before, paid[month]
        before = paid[month]


def by_customer(subscriptions: Iterable[Subscription]) -> dict[str, list[Subscription]]:
    found: dict[str, list[Subscription]] = defaultdict(list)
    for each in subscriptions:
        found[each.customer].append(each)
    return found


def months(first: date, last: date) -> list[date]:
    """From the first one to the last one."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [add_months(first, number) for number in range(count)]


def first_of(day: date) -> date:
    return day.replace(day=1)


def _is_on(subscription: Subscription, month: date) -> bool:
    return subscription.since <= month and (subscription.until is None or month < subscription.until)
