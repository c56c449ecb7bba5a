-- The simulation is one that the scenario could have drawn: of a million right ones at most one has a figure outside of
-- its bounds. A returned row is a figure that is, or that only one of the two tables has.
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

figures as (

    {% for kpi in kpis %}
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
        or (figures.figure is not null and expectations.kpi is null)

)

select * from implausible
