{%- set is_subscribed = customers_are_subscribed() %}
with

month_prices as (

    select * from {{ ref('int_month_prices') }}

),

lifetimes as (

    select * from {{ ref('int_company_lifetimes') }}

),

-- The one pass over the company-months: what follows adds up its few rows by one size or another.
steps as (

    select
        period,
        company_size,
        opening_company_size{{ ', sum(mrr) as mrr' if is_subscribed }},
        count(*) as companies,
        sum(sessions) as sessions
    from {{ ref('int_company_months') }}
    group by period, company_size, opening_company_size

),

newly_acquired as (

    select
        acquired_period as period,
        company_size,
        count(*) as companies
    from lifetimes
    group by acquired_period, company_size

),

active as (

    select
        period,
        company_size,
        sum(companies) as companies{{ ', sum(mrr) as mrr' if is_subscribed }},
        sum(case when opening_company_size is null then companies else 0 end) as returned,
        sum(case when opening_company_size <> company_size then companies else 0 end) as moved_in,
        sum(sessions) as sessions
    from steps
    group by period, company_size

),

kept as (

    select
        period,
        opening_company_size as company_size,
        sum(companies) as companies,
        sum(case when opening_company_size <> company_size then companies else 0 end) as moved_out
    from steps
    group by period, opening_company_size

),

active_of_acquired as (

    select
        period,
        acquired_company_size as company_size,
        sum(active_companies) as companies
    from {{ ref('int_cohort_months') }}
    group by period, acquired_company_size

),

-- A size that has died out keeps its rows: silence is a 0, not a gap.
month_sizes as (

    select
        month_prices.period,
        month_prices.company_size,
        month_prices.monthly_price{{ ', cast(coalesce(active.mrr, 0) as numeric(18, 2)) as mrr' if is_subscribed }},
        cast(coalesce(newly_acquired.companies, 0) as bigint) as newly_acquired_companies,
        cast(coalesce(kept.companies, 0) as bigint) as kept_companies,
        cast(coalesce(active.returned, 0) as bigint) as returned_companies,
        cast(coalesce(active.moved_in, 0) as bigint) as moved_in_companies,
        cast(coalesce(kept.moved_out, 0) as bigint) as moved_out_companies,
        cast(coalesce(active.companies, 0) as bigint) as active_companies,
        cast(coalesce(active_of_acquired.companies, 0) as bigint) as active_of_acquired_companies,
        cast(coalesce(active.sessions, 0) as bigint) as sessions
    from month_prices
    left join newly_acquired
        on month_prices.period = newly_acquired.period and month_prices.company_size = newly_acquired.company_size
    left join active on month_prices.period = active.period and month_prices.company_size = active.company_size
    left join kept on month_prices.period = kept.period and month_prices.company_size = kept.company_size
    left join active_of_acquired
        on
            month_prices.period = active_of_acquired.period
            and month_prices.company_size = active_of_acquired.company_size

)

select * from month_sizes
