with

company_months as (

    select * from {{ ref('int_company_months') }}

),

lifetimes as (

    select * from {{ ref('int_company_lifetimes') }}

),

plans as (

    select * from {{ ref('stg_plans') }}

),

active as (

    select
        company_id,
        company_size,
        period,
        cast(1 as bigint) as active_companies,
        cast(0 as bigint) as churned_companies,
        sessions
    from company_months

),

-- Nothing is among the company-months of the month in which a company churns: it has no session then.
churned as (

    select
        company_id,
        company_size,
        churned_period as period,
        cast(0 as bigint) as active_companies,
        cast(1 as bigint) as churned_companies,
        cast(0 as bigint) as sessions
    from lifetimes
    where churned_period is not null

),

customer_months as (

    select * from active

    union all

    select * from churned

),

-- Only the active pay.
priced as (

    select
        customer_months.company_id,
        customer_months.company_size,
        customer_months.period,
        customer_months.active_companies,
        customer_months.churned_companies,
        customer_months.sessions,
        cast(customer_months.active_companies * plans.monthly_price as numeric(18, 2)) as revenue
    from customer_months
    inner join plans on customer_months.company_size = plans.company_size

)

select * from priced
