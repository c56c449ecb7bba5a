-- The simulation is one that the scenario could have drawn: of a million right ones at most one has a figure outside of
-- its bounds. A returned row is a figure that is, or that only one of the two tables has. What is expected of customers
-- who come later, return or change their plan, only a scenario with a life has.
with

report as (

    select * from {{ ref('rpt_monthly_kpis') }}

),

expectations as (

    select * from {{ source('truth', 'expected_kpis') }}

),

{%- set kpis = [
    'active_companies', 'churned_companies', 'sessions', 'avg_sessions_per_company', 'retention_rate', 'revenue',
] %}
{%- set kpis_of_a_life = [
    'acquired_companies', 'newly_acquired_companies', 'opening_companies', 'kept_companies', 'returned_companies',
    'moved_in_companies', 'moved_out_companies', 'active_of_acquired_companies',
] %}

figures as (

    {% for kpi in kpis + kpis_of_a_life %}
        select
            period,
            company_size,
            '{{ kpi }}' as kpi,
            cast({{ kpi }} as numeric(28, 8)) as figure
        from report
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}

),

-- A mean or a rate without a denominator is null, and may have been expected all the same.
implausible as (

    select
        coalesce(figures.period, expectations.period) as period,
        coalesce(figures.company_size, expectations.company_size) as company_size,
        coalesce(figures.kpi, expectations.kpi) as kpi,
        figures.figure,
        expectations.lowest_plausible,
        expectations.highest_plausible
    from figures
    full outer join expectations
        on
            figures.period = expectations.period
            and figures.company_size = expectations.company_size
            and figures.kpi = expectations.kpi
    where
        figures.kpi is null
        or figures.figure < expectations.lowest_plausible
        or figures.figure > expectations.highest_plausible
        or (
            figures.figure is not null
            and expectations.kpi is null
            and (
                figures.kpi in ('{{ kpis | join("', '") }}')
                or figures.kpi in (select others.kpi from expectations as others)
            )
        )

)

select * from implausible
