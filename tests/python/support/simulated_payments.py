"""The figures of subscriptions once more, from what each company pays month by month; they can be counted wrongly."""

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Figures = dict[str, NDArray[np.float64]]


class SimulatedPayments:
    """Counted month by month, for each size and all together; it is right by default.

    Parameters
    ----------
    kinds : how many sizes there are.
    forgets : whether only a payment of the month before is remembered.
    caps_together : whether gross retention caps what all companies pay now, and not each company.
    """

    def __init__(self, kinds: int, *, forgets: bool = False, caps_together: bool = False) -> None:
        self._kinds, self._forgets, self._caps_together = kinds, forgets, caps_together
        self._history: list[tuple[Whole, Whole]] = []
        self._rows: dict[str, list[NDArray[np.float64]]] = {}

    def record(self, size: Whole, pays: Whole) -> None:
        """The size that each company holds in the month, and what it pays, in cents; new companies come last."""
        self._history.append((size, pays))
        before, paid = self._ago(1)
        has_paid = np.zeros(len(size), bool)
        for _, earlier in self._history[-2:-1] if self._forgets else self._history[:-1]:
            has_paid[: len(earlier)] |= earlier > 0
        begins, ends, stays = (paid == 0) & (pays > 0), (paid > 0) & (pays == 0), (paid > 0) & (pays > 0)
        change, moved = pays - paid, stays & (size != before)
        for movement, companies, of, counted in (
            ("new", "new_paying_companies", size, begins & ~has_paid),
            ("reactivation", "reactivated_companies", size, begins & has_paid),
            ("expansion", "expanded_companies", size, stays & (change > 0)),
            ("contraction", "contracted_companies", size, stays & (change < 0)),
            ("churned", "lost_paying_companies", before, ends),
        ):
            self._count(f"{movement}_mrr", of, counted * change / 100)
            self._count(companies, of, counted)
        self._count("moved_in_mrr", size, moved * paid / 100)
        self._count("moved_out_mrr", before, moved * -paid / 100)
        self._count("closing", size, pays / 100)
        self._count("paying", size, pays > 0)
        for months in (1, 12):
            then, opening = self._ago(months)
            self._count(f"opening_{months}m", then, opening / 100)
            self._count(f"kept_{months}m", then, (opening > 0) * pays / 100)
            self._count(f"capped_{months}m", then, np.minimum(opening, pays) / 100)

    def figures(self) -> Figures:
        """By their names in marts.rpt_subscription_metrics, of shape (months, sizes and all of them)."""
        of = {name: np.array(rows) for name, rows in self._rows.items()}
        lost = -of["contraction_mrr"] - of["churned_mrr"]
        with np.errstate(invalid="ignore", divide="ignore"):
            for months in (1, 12):
                opening, kept, capped = (of.pop(f"{name}_{months}m") for name in ("opening", "kept", "capped"))
                capped = np.minimum(kept, opening) if self._caps_together else capped
                of[f"net_revenue_retention_{months}m"] = np.where(opening, kept / opening, np.nan)
                of[f"gross_revenue_retention_{months}m"] = np.where(opening, capped / opening, np.nan)
                if months == 1:
                    of["revenue_churn_rate"] = np.where(opening, lost / opening, np.nan)
            gained = of["new_mrr"] + of["reactivation_mrr"] + of["expansion_mrr"]
            of["quick_ratio"] = np.where(lost, gained / lost, np.nan)
            of["avg_revenue_per_company"] = of.pop("closing") / of.pop("paying")
        return of

    def _ago(self, months: int) -> tuple[Whole, Whole]:
        """What each company held and paid so many months ago; who was not acquired, or paid nothing, has paid 0."""
        now = len(self._history[-1][0])
        if len(self._history) <= months:
            return np.zeros(now, np.int64), np.zeros(now, np.int64)
        held, paid = (np.append(of, np.zeros(now - len(of), np.int64)) for of in self._history[-1 - months])
        return held, paid

    def _count(self, name: str, of: Whole, weights: NDArray[np.float64] | NDArray[np.bool_]) -> None:
        by_size = np.bincount(of, weights, self._kinds)
        self._rows.setdefault(name, []).append(np.append(by_size, by_size.sum()))
