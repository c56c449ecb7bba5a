with

companies as (

    select * from {{ input('stg_companies') }}

),

lifetimes as (

    select * from {{ ref('int_company_lifetimes') }}

),

month_prices as (

    select * from {{ ref('int_month_prices') }}

),

horizon as (

    select max(period) as last_period from {{ ref('int_months') }}

),

-- Today is the last month.
prices_of_today as (

    select
        month_prices.company_size,
        month_prices.monthly_price
    from month_prices
    inner join horizon on month_prices.period = horizon.last_period

),

dim_companies as (

    select
        companies.company_id,
        companies.company_name,
        companies.company_size,
        prices_of_today.monthly_price,
        lifetimes.first_active_period,
        lifetimes.last_active_period,
        lifetimes.churned_period,
        lifetimes.active_months,
        lifetimes.sessions,
        lifetimes.lifetime_revenue,
        lifetimes.acquired_period,
        lifetimes.current_company_size,
        lifetimes.reactivations,
        lifetimes.plan_changes
    from companies
    inner join lifetimes on companies.company_id = lifetimes.company_id
    left join prices_of_today on lifetimes.current_company_size = prices_of_today.company_size

)

select * from dim_companies
