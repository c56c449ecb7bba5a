"""What to expect of the months to come: the law of the simulation that is loaded, a few months further."""

from collections.abc import Sequence
from dataclasses import replace

from reporting.kpis import KPIS
from reporting.rows import Figure, MonthlyKpis
from seed_generator.errors import InputError
from seed_generator.scenario import ALL_SIZES
from seed_generator.scenario_file import scenario_from_json
from seed_generator.terminal_line import shown_as

MONTHS = 6


def months_ahead(scenario: str) -> Sequence[MonthlyKpis]:
    """For each size and month to come the expected figures, as the page's rows have the simulated ones.

    Parameters
    ----------
    scenario : of the simulation, as JSON. Where one with more months is beyond the limits, there is nothing.
    """
    # It imports numpy, which takes time; the printed table does without.
    from seed_generator.expectations.kpis import expected_kpis  # noqa: PLC0415

    loaded = scenario_from_json(scenario)
    try:
        longer = replace(loaded, months=loaded.months + MONTHS)
    except InputError:
        return []
    sizes = [*(size.name for size in longer.sizes), ALL_SIZES]
    rows = {(period, size): dict(_NOTHING) for period in longer.periods[loaded.months :] for size in sizes}
    with shown_as("the months ahead are computed"):
        for one in expected_kpis(longer):
            figures = rows.get((one.period, one.company_size))
            if figures and one.kpi in _NAMES:
                ends = {f"{one.kpi}_lower_95": one.lower_95, f"{one.kpi}_upper_95": one.upper_95}
                figures.update({one.kpi: one.expected, **ends})
    return [MonthlyKpis(period, size, figures) for (period, size), figures in rows.items()]


_NAMES = {kpi.name for kpi in KPIS}
_NOTHING: dict[str, Figure | None] = {
    **{f"{name}{end}": None for name in _NAMES for end in ("", "_lower_95", "_upper_95")},
    # Of what is not known, no share is all or nothing.
    **{column: 0 for kpi in KPIS for column in (*(kpi.ratio_of or ()), kpi.companies)},
}
