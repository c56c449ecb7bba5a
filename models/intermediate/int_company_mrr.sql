{{ config(materialized='view') }}

with

company_months as (

    select * from {{ ref('int_company_months') }}

),

month_prices as (

    select * from {{ ref('int_month_prices') }}

),

lifetimes as (

    select * from {{ ref('int_company_lifetimes') }}

),

horizon as (

    select max(period) as last_period from {{ ref('int_months') }}

),

-- A free size pays nothing: it moves no MRR.
paid as (

    select
        company_months.company_id,
        company_months.period,
        company_months.company_size,
        month_prices.monthly_price as mrr
    from company_months
    inner join month_prices
        on company_months.period = month_prices.period and company_months.company_size = month_prices.company_size
    where month_prices.monthly_price > 0

),

-- What was paid, under the month that looks back at it. Of the month after the last one nothing is known.
paid_a_month_ago as (

    select
        paid.company_id,
        cast(paid.period + interval '1 month' as date) as period,
        paid.company_size,
        paid.mrr
    from paid
    inner join horizon on paid.period < horizon.last_period

),

paid_a_year_ago as (

    select
        paid.company_id,
        cast(paid.period + interval '12 month' as date) as period,
        paid.company_size,
        paid.mrr
    from paid
    inner join horizon on paid.period <= cast(horizon.last_period - interval '12 month' as date)

),

paying_now_or_a_month_ago as (

    select
        coalesce(paid.company_id, paid_a_month_ago.company_id) as company_id,
        coalesce(paid.period, paid_a_month_ago.period) as period,
        paid.company_size,
        cast(coalesce(paid.mrr, 0) as numeric(18, 2)) as mrr,
        paid_a_month_ago.company_size as company_size_1m,
        cast(coalesce(paid_a_month_ago.mrr, 0) as numeric(18, 2)) as mrr_1m
    from paid
    full outer join paid_a_month_ago
        on paid.company_id = paid_a_month_ago.company_id and paid.period = paid_a_month_ago.period

),

-- The cases without a payment now or then come first: no gain from nothing is an expansion. Who pays for the first time
-- is new, and who has paid before has come back, however long ago that was.
company_mrr as (

    select
        paying.company_id,
        paying.period,
        case
            when paying.mrr = 0 then 'churned'
            when paying.mrr_1m = 0 and lifetimes.company_id is not null then 'new'
            when paying.mrr_1m = 0 then 'reactivation'
            when paying.mrr > paying.mrr_1m then 'expansion'
            when paying.mrr < paying.mrr_1m then 'contraction'
            else 'unchanged'
        end as movement,
        paying.company_size,
        paying.mrr,
        paying.company_size_1m,
        paying.mrr_1m,
        paid_a_year_ago.company_size as company_size_12m,
        cast(coalesce(paid_a_year_ago.mrr, 0) as numeric(18, 2)) as mrr_12m
    from paying_now_or_a_month_ago as paying
    left join lifetimes
        on paying.company_id = lifetimes.company_id and paying.period = lifetimes.first_paid_period
    left join paid_a_year_ago
        on paying.company_id = paid_a_year_ago.company_id and paying.period = paid_a_year_ago.period

)

select * from company_mrr
