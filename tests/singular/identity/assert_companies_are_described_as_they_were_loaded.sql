-- The dimension calls a company what it is called in raw, with the month and the size of its acquisition, the size of
-- its last change, the number of its changes, and today's price of that size. A returned row is a company of which it
-- says something else.
with

companies as (

    select * from {{ input('stg_companies') }}

),

plan_changes as (

    select * from {{ input('stg_plan_changes') }}

),

months as (

    select max(period) as last_period from {{ ref('int_months') }}

),

prices_of_today as (

    select
        month_prices.company_size,
        month_prices.monthly_price
    from {{ ref('int_month_prices') }} as month_prices
    inner join months on month_prices.period = months.last_period

),

dim_companies as (

    select * from {{ ref('dim_companies') }}

),

last_changes as (

    select
        company_id,
        count(*) as plan_changes,
        max(period) as period
    from plan_changes
    group by company_id

),

described as (

    select
        companies.company_id,
        companies.company_name,
        companies.company_size,
        companies.acquired_at,
        coalesce(plan_changes.company_size, companies.company_size) as current_company_size,
        coalesce(last_changes.plan_changes, 0) as plan_changes
    from companies
    left join last_changes on companies.company_id = last_changes.company_id
    left join plan_changes
        on last_changes.company_id = plan_changes.company_id and last_changes.period = plan_changes.period

),

different as (

    select
        dim_companies.*,
        described.company_name as loaded_name,
        described.company_size as loaded_size,
        described.current_company_size as changed_size,
        prices_of_today.monthly_price as price_of_today
    from dim_companies
    inner join described on dim_companies.company_id = described.company_id
    left join prices_of_today on described.current_company_size = prices_of_today.company_size
    where
        dim_companies.company_name is distinct from described.company_name
        or dim_companies.company_size is distinct from described.company_size
        or dim_companies.current_company_size is distinct from described.current_company_size
        or dim_companies.plan_changes is distinct from described.plan_changes
        or dim_companies.acquired_period is distinct from cast(date_trunc('month', described.acquired_at) as date)
        or dim_companies.monthly_price is distinct from prices_of_today.monthly_price

)

select * from different
