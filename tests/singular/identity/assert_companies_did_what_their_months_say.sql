-- The dimension tells of each company the months and sessions that it had, what it paid in them and how often it came
-- back; of one that had none, that it had none. A returned row is a company of which it tells something else. Sums over
-- companies cannot see two that are mixed up.
with

company_months as (

    select * from {{ ref('int_company_months') }}

),

revenue as (

    select * from {{ ref('fct_revenue') }}

),

dim_companies as (

    select * from {{ ref('dim_companies') }}

),

activity as (

    select
        company_months.company_id,
        min(company_months.period) as first_active_period,
        max(company_months.period) as last_active_period,
        count(*) as active_months,
        sum(company_months.sessions) as sessions,
        sum({{ 'company_months.mrr' if customers_are_subscribed() else 'revenue.monthly_price' }}) as lifetime_revenue,
        sum(case when company_months.opening_company_size is null then 1 else 0 end) as reactivations
    from company_months
    left join revenue
        on company_months.period = revenue.period and company_months.company_size = revenue.company_size
    group by company_months.company_id

),

different as (

    select dim_companies.*
    from dim_companies
    left join activity on dim_companies.company_id = activity.company_id
    where
        dim_companies.first_active_period is distinct from activity.first_active_period
        or dim_companies.last_active_period is distinct from activity.last_active_period
        or dim_companies.active_months is distinct from coalesce(activity.active_months, 0)
        or dim_companies.sessions is distinct from coalesce(activity.sessions, 0)
        or dim_companies.lifetime_revenue is distinct from coalesce(activity.lifetime_revenue, 0)
        or dim_companies.reactivations is distinct from coalesce(activity.reactivations, 0)

)

select * from different
