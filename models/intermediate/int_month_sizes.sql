with

months as (

    select * from {{ ref('int_months') }}

),

plans as (

    select * from {{ ref('stg_plans') }}

),

company_months as (

    select * from {{ ref('int_company_months') }}

),

lifetimes as (

    select * from {{ ref('int_company_lifetimes') }}

),

acquired as (

    select
        company_size,
        count(*) as companies
    from lifetimes
    group by company_size

),

-- Counted on their own and not as opening less active, so that a test can hold the two against each other.
churned as (

    select
        churned_period as period,
        company_size,
        count(*) as companies
    from lifetimes
    group by churned_period, company_size

),

active as (

    select
        period,
        company_size,
        count(*) as companies,
        sum(sessions) as sessions
    from company_months
    group by period, company_size

),

-- A size that has died out keeps its rows: silence is a 0, not a gap.
month_sizes as (

    select
        months.period,
        plans.company_size,
        cast(coalesce(acquired.companies, 0) as bigint) as acquired_companies,
        cast(coalesce(churned.companies, 0) as bigint) as churned_companies,
        cast(coalesce(active.companies, 0) as bigint) as active_companies,
        cast(coalesce(active.sessions, 0) as bigint) as sessions
    from months
    cross join plans
    left join acquired on plans.company_size = acquired.company_size
    left join churned on months.period = churned.period and plans.company_size = churned.company_size
    left join active on months.period = active.period and plans.company_size = active.company_size

)

select * from month_sizes
