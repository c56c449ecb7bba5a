{{ config(
    materialized='incremental',
    meta={'columns': ['mrr'] if customers_are_subscribed() else []},
    incremental_strategy='insert_overwrite' if target.type == 'spark' else 'replace_months',
    partition_by=['period'] if target.type == 'spark' else none,
    post_hook=["{{ drop_stale_months(this) }}"] if target.type == 'spark' else [],
    indexes=[{'columns': ['period', 'loaded_at']}] if target.type == 'postgres' else []
) }}

{%- set months = months_to_read() %}

with

companies as (

    select * from {{ input('stg_companies') }}

),

company_months as (

    select *
    from {{ ref('int_company_months') }}
    {% if is_incremental() -%}
        where {{ 'period in (' ~ periods_of(months) ~ ')' if months else 'false' }}
    {%- endif %}

),

-- Each row tells by which load the company-months were written that it counts: if that is not the month's last one,
-- the next build counts the month again. For the same reason nothing is read here that may be older than they are:
-- prices come later.
cohort_months as (

    select
        company_months.period,
        cast(date_trunc('month', companies.acquired_at) as date) as acquired_period,
        companies.company_size as acquired_company_size,
        company_months.company_size,
        count(*) as active_companies{{ ', sum(company_months.mrr) as mrr' if customers_are_subscribed() }},
        company_months.loaded_at
    from company_months
    inner join companies on company_months.company_id = companies.company_id
    group by
        company_months.period,
        cast(date_trunc('month', companies.acquired_at) as date),
        companies.company_size,
        company_months.company_size,
        company_months.loaded_at

)

select * from cohort_months
