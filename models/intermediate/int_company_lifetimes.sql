with

companies as (

    select * from {{ ref('stg_companies') }}

),

company_months as (

    select * from {{ ref('int_company_months') }}

),

months as (

    select * from {{ ref('int_months') }}

),

horizon as (

    select
        min(period) as first_period,
        max(period) as last_period
    from months

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

-- A company churns in the month after its last active one. Whoever was never active churned in the first month, and
-- nobody churns beyond the horizon: of the month after the last one nothing is known.
lifetimes as (

    select
        companies.company_id,
        companies.company_size,
        activity.first_active_period,
        activity.last_active_period,
        case
            when activity.last_active_period is null then horizon.first_period
            when activity.last_active_period < horizon.last_period
                then cast(activity.last_active_period + interval '1 month' as date)
        end as churned_period,
        cast(coalesce(activity.active_months, 0) as bigint) as active_months,
        cast(coalesce(activity.sessions, 0) as bigint) as sessions
    from companies
    cross join horizon
    left join activity on companies.company_id = activity.company_id

)

select * from lifetimes
