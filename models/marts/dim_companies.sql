with

companies as (

    select * from {{ ref('stg_companies') }}

),

lifetimes as (

    select * from {{ ref('int_company_lifetimes') }}

),

-- Today is the last month.
prices_of_today as (

    select
        company_size,
        monthly_price
    from {{ ref('int_month_prices') }}
    where period = (select max(period) from {{ ref('int_months') }})

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
