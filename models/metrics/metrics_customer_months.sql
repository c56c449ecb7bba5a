{%- set paid = 'company_months.mrr' if customers_are_subscribed() else 'month_prices.monthly_price' %}
with

company_months as (

    select * from {{ ref('int_company_months') }}

),

churns as (

    select * from {{ ref('int_churns') }}

),

month_prices as (

    select * from {{ ref('int_month_prices') }}

),

-- Only the active pay, and what a company of the size that it holds in the month pays.
active as (

    select
        company_months.company_id,
        company_months.company_size,
        company_months.period,
        cast(1 as bigint) as active_companies,
        cast(0 as bigint) as kept_companies,
        cast(0 as bigint) as churned_companies,
        company_months.sessions,
        cast({{ paid }} as numeric(18, 2)) as revenue
    from company_months
    inner join month_prices
        on company_months.period = month_prices.period and company_months.company_size = month_prices.company_size

),

-- Who was a customer when the month began counts with the size that it held then.
kept as (

    select
        company_id,
        opening_company_size as company_size,
        period,
        cast(0 as bigint) as active_companies,
        cast(1 as bigint) as kept_companies,
        cast(0 as bigint) as churned_companies,
        cast(0 as bigint) as sessions,
        cast(0 as numeric(18, 2)) as revenue
    from company_months
    where opening_company_size is not null

),

churned as (

    select
        company_id,
        company_size,
        period,
        cast(0 as bigint) as active_companies,
        cast(0 as bigint) as kept_companies,
        cast(1 as bigint) as churned_companies,
        cast(0 as bigint) as sessions,
        cast(0 as numeric(18, 2)) as revenue
    from churns

),

customer_months as (

    select * from active

    union all

    select * from kept

    union all

    select * from churned

)

select * from customer_months
