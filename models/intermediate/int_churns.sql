{{ config(materialized='view') }}

with

lifetimes as (

    select * from {{ ref('int_company_lifetimes') }}

),

months as (

    select * from {{ ref('int_months') }}

),

-- Under the month that follows. A window costs less than a join with that month.
months_in_order as (

    select
        company_id,
        cast(period + interval '1 month' as date) as period,
        company_size,
        lead(period) over (partition by company_id order by period) as next_active_period
    from {{ ref('int_company_months') }}

),

-- Who was active in the month before is a customer when a month begins, and so is who is acquired in it.
silent as (

    select
        company_id,
        period,
        company_size
    from months_in_order
    where next_active_period > period or next_active_period is null

    union all

    select
        company_id,
        acquired_period as period,
        company_size
    from lifetimes
    where first_active_period > acquired_period or first_active_period is null

),

-- Of the month after the last one nothing is known.
churns as (

    select silent.*
    from silent
    inner join months on silent.period = months.period

)

select * from churns
