{{ config(materialized='view') }}

with

company_months as (

    select * from {{ ref('int_company_months') }}

),

lifetimes as (

    select * from {{ ref('int_company_lifetimes') }}

),

months as (

    select * from {{ ref('int_months') }}

),

-- Who was active in the month before is a customer when a month begins, and so is who is acquired in it.
customers as (

    select
        company_id,
        cast(period + interval '1 month' as date) as period,
        company_size
    from company_months

    union all

    select
        company_id,
        acquired_period as period,
        company_size
    from lifetimes

),

-- Of the month after the last one nothing is known.
churns as (

    select customers.*
    from customers
    inner join months on customers.period = months.period
    left join company_months
        on customers.company_id = company_months.company_id and customers.period = company_months.period
    where company_months.company_id is null

)

select * from churns
