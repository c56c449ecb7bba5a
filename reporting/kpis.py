"""The KPIs: which there are, in what unit, of how many companies, and what is said of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from reporting.rows import Figure, MonthlyKpis
from reporting.units import COUNT, MEAN, MONEY, SHARE, Unit

# Below this many companies one of them moves a rate by more than three points.
FEW_COMPANIES = 30
_NOTHING = "-"
# Where the mart's eight digits make all or none of a share that is not.
_NEARLY_NONE = Decimal("1e-9")
_NEARLY_ALL = 1 - _NEARLY_NONE


@dataclass(frozen=True)
class Column:
    """A column of a table that people read.

    Parameters
    ----------
    name : the column of `rpt_leadership_page`, or of another mart.
    title : what it is called.
    unit : how its figures are written.
    ratio_of : of a share, the columns of the part and of the whole.
    of_subscribers : those of its texts that are others where customers are subscribed.
    """

    name: str
    title: str
    unit: Unit
    ratio_of: tuple[str, str] | None = field(default=None, kw_only=True)
    of_subscribers: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    def of(self, row: MonthlyKpis) -> Figure | None:
        """The figure of a month and size; None where it has no denominator."""
        figure = row.figures[self.name]
        if figure is None or self.ratio_of is None:
            return figure
        part, whole = map(row.count, self.ratio_of)
        if figure == 1 and part < whole:
            return _NEARLY_ALL
        return _NEARLY_NONE if figure == 0 and part > 0 else figure

    def shown(self, row: MonthlyKpis) -> str:
        """The figure in full, or a dash."""
        figure = self.of(row)
        return _NOTHING if figure is None else self.unit.full(figure)

    def brief(self, row: MonthlyKpis) -> str:
        """The figure where there is little room, or a dash."""
        figure = self.of(row)
        return _NOTHING if figure is None else self.unit.brief(figure)


@dataclass(frozen=True)
class Part(Column):
    """A number of companies beside the number of which it is a part: `211 of 224`.

    Parameters
    ----------
    whole : the column of that number.
    """

    whole: str

    def shown(self, row: MonthlyKpis) -> str:
        """Both numbers."""
        return " of ".join(self.unit.full(row.count(column)) for column in (self.name, self.whole))

    def is_of_few(self, row: MonthlyKpis) -> bool:
        """Whether a share of them says little."""
        return row.count(self.whole) < FEW_COMPANIES


@dataclass(frozen=True)
class Kpi(Column):
    """A KPI, which has a section of the page. Its texts are filled by `sentences.filled`, which says with what.

    Parameters
    ----------
    companies : the column with how many companies are behind it.
    counts : what it is made of.
    sentence : what happened in a month.
    nobody : what happened in one without a company behind it.
    columns : its columns of the page's table of months.
    more_is_better : whether a rise of it is good news.
    """

    companies: str
    counts: str
    sentence: str
    nobody: str
    columns: tuple[Column, ...]
    more_is_better: bool = True

    def band(self, row: MonthlyKpis) -> tuple[Figure, Figure] | None:
        """Where 95 of 100 simulations have the figure; None where that is not known."""
        lower, upper = row.figures[f"{self.name}_lower_95"], row.figures[f"{self.name}_upper_95"]
        return None if lower is None or upper is None else (lower, upper)

    def is_of_few(self, row: MonthlyKpis) -> bool:
        """Whether the figure is a ratio in which a single company weighs much."""
        return self.unit.is_ratio and row.count(self.companies) < FEW_COMPANIES

    def with_parts(self, row: MonthlyKpis) -> str:
        """The figure in full, and of how many companies it counts how many: `94.2% (211 of 224)`."""
        parts = [f" ({column.shown(row)})" for column in self.columns if isinstance(column, Part)]
        return f"{self.shown(row)}{''.join(parts)}"


REVENUE = Kpi(
    name="revenue",
    title="Revenue",
    unit=MONEY,
    companies="active_companies",
    counts="{active_companies:company} paid",
    sentence="{active_companies:{size}company} paid {figure} in {month}",
    nobody="No {size}company paid in {month}",
    columns=(Column("revenue", "Revenue", MONEY),),
)
RETENTION = Kpi(
    name="retention_rate",
    title="Retention",
    unit=SHARE,
    ratio_of=("kept_companies", "opening_companies"),
    companies="opening_companies",
    counts="{kept_companies} of {opening_companies:company}",
    sentence="Of {opening_companies:{size}customer} at the start of {month}, {kept_companies} stayed: {figure}",
    nobody="There was no {size}customer to keep when {month} began",
    columns=(
        Column("retention_rate", "Retention", SHARE, ratio_of=("kept_companies", "opening_companies")),
        Part("kept_companies", "Stayed", COUNT, whole="opening_companies"),
    ),
)
USAGE = Kpi(
    name="avg_sessions_per_company",
    title="Sessions per active company",
    unit=MEAN,
    companies="active_companies",
    counts="{sessions:session}, {active_companies:company}",
    sentence="{active_companies:active {size}company} had {sessions:session} in {month}, {figure} each",
    nobody="No {size}company was active in {month}",
    columns=(Column("sessions", "Sessions", COUNT), Column("avg_sessions_per_company", "Each", MEAN)),
    of_subscribers={
        "title": "Sessions per customer",
        "counts": "{sessions:session}, {active_companies:customer}",
        "sentence": "{active_companies:{size}customer} had {sessions:session} in {month}, {figure} each",
        "nobody": "There was no {size}customer in {month}",
    },
)

# In the order of the page. One more KPI is an entry here and a column of `rpt_leadership_page`.
KPIS = (REVENUE, RETENTION, USAGE)
