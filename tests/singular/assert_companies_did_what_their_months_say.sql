-- The dimension tells of each company the months and sessions that it had; of one that had none, that it had none. A
-- returned row is a company of which it tells something else. Sums over companies cannot see two that are mixed up.
with

company_months as (

    select * from {{ ref('int_company_months') }}

),

dim_companies as (

    select * from {{ ref('dim_companies') }}

),

activity as (

    select
        company_id,
        min(period) as first_active_period,
        max(period) as last_active_period,
        count(*) as active_months,
        sum(sessions) as sessions
    from company_months
    group by company_id

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

)

select * from different
