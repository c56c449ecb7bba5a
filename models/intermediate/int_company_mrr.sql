{#- What is paid for a month is the price of a size or, with subscriptions, an amount of each company. #}
{%- set is_subscribed = customers_are_subscribed() %}
{%- set prices = ref('int_company_months') if is_subscribed else ref('int_month_prices') %}
{%- set monthly_price = 'mrr' if is_subscribed else 'monthly_price' %}
{%- set key = 'company_id' if is_subscribed else 'company_size' %}
{{ config(materialized='view') }}

with

month_prices as (

    select * from {{ prices }}

),

lifetimes as (

    select * from {{ ref('int_company_lifetimes') }}

),

horizon as (

    select max(period) as last_period from {{ ref('int_months') }}

),

active_now as (

    select
        company_id,
        period,
        company_size
    from {{ ref('int_company_months') }}

),

-- Under the month that looks back at it. Of the month after the last one nothing is known.
a_month_ago as (

    select
        company_id,
        cast(period + interval '1 month' as date) as period,
        company_size
    from {{ ref('int_company_months') }}
    where period < (select horizon.last_period from horizon)

),

a_year_ago as (

    select
        company_id,
        cast(period + interval '12 month' as date) as period,
        company_size
    from {{ ref('int_company_months') }}
    where period <= (select cast(horizon.last_period - interval '12 month' as date) from horizon)

),

-- Nothing but the two sides stands in the full join, and no import is read twice: so PostgreSQL reads only the month
-- that somebody asks for, on both sides.
active_now_or_a_month_ago as (

    select
        coalesce(active_now.company_id, a_month_ago.company_id) as company_id,
        coalesce(active_now.period, a_month_ago.period) as period,
        active_now.company_size,
        a_month_ago.company_size as company_size_1m
    from active_now
    full outer join a_month_ago
        on active_now.company_id = a_month_ago.company_id and active_now.period = a_month_ago.period

),

-- A free size pays nothing: it moves no MRR.
payments as (

    select
        active.company_id,
        active.period,
        month_prices.company_size,
        cast(coalesce(month_prices.{{ monthly_price }}, 0) as numeric(18, 2)) as mrr,
        prices_1m.company_size as company_size_1m,
        cast(coalesce(prices_1m.{{ monthly_price }}, 0) as numeric(18, 2)) as mrr_1m,
        prices_12m.company_size as company_size_12m,
        cast(coalesce(prices_12m.{{ monthly_price }}, 0) as numeric(18, 2)) as mrr_12m
    from active_now_or_a_month_ago as active
    left join a_year_ago on active.company_id = a_year_ago.company_id and active.period = a_year_ago.period
    left join month_prices
        on
            active.period = month_prices.period
            and active.{{ key }} = month_prices.{{ key }}
            and month_prices.{{ monthly_price }} > 0
    left join month_prices as prices_1m
        on
            active.period = cast(prices_1m.period + interval '1 month' as date)
            and active.{{ 'company_id' if is_subscribed else 'company_size_1m' }} = prices_1m.{{ key }}
            and prices_1m.{{ monthly_price }} > 0
    left join month_prices as prices_12m
        on
            active.period = cast(prices_12m.period + interval '12 month' as date)
            and a_year_ago.{{ key }} = prices_12m.{{ key }}
            and prices_12m.{{ monthly_price }} > 0
    where month_prices.{{ monthly_price }} is not null or prices_1m.{{ monthly_price }} is not null

),

-- The cases without a payment now or then come first: no gain from nothing is an expansion. Who pays for the first time
-- is new, and who has paid before has come back, however long ago that was.
company_mrr as (

    select
        payments.company_id,
        payments.period,
        case
            when payments.mrr = 0 then 'churned'
            when payments.mrr_1m = 0 and lifetimes.company_id is not null then 'new'
            when payments.mrr_1m = 0 then 'reactivation'
            when payments.mrr > payments.mrr_1m then 'expansion'
            when payments.mrr < payments.mrr_1m then 'contraction'
            else 'unchanged'
        end as movement,
        payments.company_size,
        payments.mrr,
        payments.company_size_1m,
        payments.mrr_1m,
        payments.company_size_12m,
        payments.mrr_12m
    from payments
    left join lifetimes
        on payments.company_id = lifetimes.company_id and payments.period = lifetimes.first_paid_period

)

select * from company_mrr
