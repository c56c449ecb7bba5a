with

companies as (

    select * from {{ ref('stg_companies') }}

),

plans as (

    select * from {{ ref('stg_plans') }}

),

lifetimes as (

    select * from {{ ref('int_company_lifetimes') }}

),

dim_companies as (

    select
        companies.company_id,
        companies.company_name,
        companies.company_size,
        plans.monthly_price,
        lifetimes.first_active_period,
        lifetimes.last_active_period,
        lifetimes.churned_period,
        lifetimes.active_months,
        lifetimes.sessions,
        cast(lifetimes.active_months * plans.monthly_price as numeric(18, 2)) as lifetime_revenue
    from companies
    inner join lifetimes on companies.company_id = lifetimes.company_id
    left join plans on companies.company_size = plans.company_size

)

select * from dim_companies
