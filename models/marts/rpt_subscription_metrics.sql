{%- set movements = [
    'opening_mrr', 'new_mrr', 'reactivation_mrr', 'expansion_mrr', 'contraction_mrr', 'churned_mrr', 'moved_in_mrr',
    'moved_out_mrr', 'closing_mrr'
] %}
{%- set companies = [
    'new_paying_companies', 'reactivated_companies', 'expanded_companies', 'contracted_companies',
    'lost_paying_companies'
] %}
{%- set retained = [
    'opening_mrr_1m', 'kept_mrr_1m', 'capped_mrr_1m', 'opening_mrr_12m', 'kept_mrr_12m', 'capped_mrr_12m'
] %}
with

mrr_movements as (

    select * from {{ ref('fct_mrr_movements') }}

),

revenue_retention as (

    select * from {{ ref('fct_revenue_retention') }}

),

paying as (

    select
        period,
        company_size,
        sum(companies) as paying_companies
    from {{ ref('int_mrr_steps') }}
    group by period, company_size

),

by_size as (

    select
        mrr_movements.*,
        {%- for column in retained %}
            revenue_retention.{{ column }},
        {%- endfor %}
        coalesce(paying.paying_companies, 0) as paying_companies,
        lag(coalesce(paying.paying_companies, 0)) over (
            partition by mrr_movements.company_size order by mrr_movements.period
        ) as paying_companies_1m
    from mrr_movements
    inner join revenue_retention
        on
            mrr_movements.period = revenue_retention.period
            and mrr_movements.company_size = revenue_retention.company_size
    left join paying
        on mrr_movements.period = paying.period and mrr_movements.company_size = paying.company_size

),

with_total as (

    select * from by_size

    union all

    select
        period,
        'all' as company_size,
        {%- for column in movements %}
            cast(sum({{ column }}) as numeric(18, 2)) as {{ column }},
        {%- endfor %}
        {%- for column in companies %}
            cast(sum({{ column }}) as bigint) as {{ column }},
        {%- endfor %}
        {%- for column in retained %}
            cast(sum({{ column }}) as numeric(18, 2)) as {{ column }},
        {%- endfor %}
        sum(paying_companies) as paying_companies,
        sum(paying_companies_1m) as paying_companies_1m
    from by_size
    group by period

),

-- Rates come after the sums, so that those of the total are ratios of sums and not means of ratios.
subscription_metrics as (

    select
        period,
        company_size,
        {%- for column in movements + companies %}
            {{ column }},
        {%- endfor %}
        {%- for ago in ('1m', '12m') %}
            opening_mrr_{{ ago }},
            kept_mrr_{{ ago }},
            capped_mrr_{{ ago }},
            {{ ratio('kept_mrr_' ~ ago, 'opening_mrr_' ~ ago) }} as net_revenue_retention_{{ ago }},
            {{ ratio('capped_mrr_' ~ ago, 'opening_mrr_' ~ ago) }} as gross_revenue_retention_{{ ago }},
        {%- endfor %}
        {{ ratio('new_mrr + reactivation_mrr + expansion_mrr', '-(contraction_mrr + churned_mrr)', 'numeric(28, 8)') }}
            as quick_ratio,
        {{ ratio('closing_mrr', 'paying_companies') }} as avg_revenue_per_company,
        {{ ratio('-(contraction_mrr + churned_mrr)', 'opening_mrr') }} as revenue_churn_rate,
        -- The average over the share of those who paid a month ago that is lost.
        {{ ratio(
            '1e0 * closing_mrr / nullif(paying_companies, 0) * paying_companies_1m', 'lost_paying_companies',
            'numeric(28, 8)'
        ) }} as lifetime_value
    from with_total

)

select * from subscription_metrics
