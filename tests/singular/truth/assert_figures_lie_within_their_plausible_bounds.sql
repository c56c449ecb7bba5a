-- The simulation is one that the scenario could have drawn: of a million right ones at most one has a figure outside of
-- its bounds. A returned row is a figure that is, or that only one of the two tables has. What is expected of customers
-- who come later, return or change their plan, and of subscriptions, only a scenario with a life has.
{{ config(enabled=var('simulated')) }}

with

monthly_kpis as (

    select * from {{ ref('rpt_monthly_kpis') }}

),

subscription_metrics as (

    select * from {{ ref('rpt_subscription_metrics') }}

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
{%- set kpis_of_subscriptions = [
    'new_mrr', 'reactivation_mrr', 'expansion_mrr', 'moved_in_mrr', 'contraction_mrr', 'churned_mrr', 'moved_out_mrr',
    'new_paying_companies', 'reactivated_companies', 'expanded_companies', 'contracted_companies',
    'lost_paying_companies', 'net_revenue_retention_1m', 'gross_revenue_retention_1m', 'revenue_churn_rate',
    'quick_ratio', 'avg_revenue_per_company', 'net_revenue_retention_12m', 'gross_revenue_retention_12m',
] %}

figures as (

    {% for kpi in kpis + kpis_of_a_life + kpis_of_subscriptions %}
        select
            period,
            company_size,
            '{{ kpi }}' as kpi,
            cast({{ kpi }} as numeric(28, 8)) as figure
        from {{ 'subscription_metrics' if kpi in kpis_of_subscriptions else 'monthly_kpis' }}
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
