-- Usage, retention and revenue speak of the same companies. A returned row is a month and size in which they do not.
with

monthly_usage as (

    select * from {{ ref('fct_monthly_usage') }}

),

retention as (

    select * from {{ ref('fct_retention') }}

),

revenue as (

    select * from {{ ref('fct_revenue') }}

),

disagreeing as (

    select
        coalesce(monthly_usage.period, retention.period, revenue.period) as period,
        coalesce(monthly_usage.company_size, retention.company_size, revenue.company_size) as company_size,
        monthly_usage.active_companies as in_usage,
        retention.active_companies as in_retention,
        revenue.active_companies as in_revenue
    from monthly_usage
    full outer join retention
        on monthly_usage.period = retention.period and monthly_usage.company_size = retention.company_size
    full outer join revenue
        on retention.period = revenue.period and retention.company_size = revenue.company_size
    where
        monthly_usage.active_companies is distinct from retention.active_companies
        or retention.active_companies is distinct from revenue.active_companies

)

select * from disagreeing
