{%- set paid = 'company_months.mrr' if customers_are_subscribed() else 'month_prices.monthly_price' %}
with

companies as (

    select * from {{ input('stg_companies') }}

),

company_months as (

    select * from {{ ref('int_company_months') }}

),

month_prices as (

    select * from {{ ref('int_month_prices') }}

),

horizon as (

    select max(period) as last_period from {{ ref('int_months') }}

),

-- Who is active and was no customer when the month began has returned.
activity as (

    select
        company_months.company_id,
        min(company_months.period) as first_active_period,
        max(company_months.period) as last_active_period,
        min(case when {{ paid }} > 0 then company_months.period end) as first_paid_period,
        count(*) as active_months,
        count(*) - count(company_months.opening_company_size) as reactivations,
        sum(company_months.sessions) as sessions,
        sum({{ paid }}) as lifetime_revenue
    from company_months
    left join month_prices
        on company_months.period = month_prices.period and company_months.company_size = month_prices.company_size
    group by company_months.company_id

),

-- Not through the import at the top: PostgreSQL would first copy all that is read more than once.
first_returns as (

    select
        company_id,
        min(period) as period
    from {{ ref('int_company_months') }}
    where opening_company_size is null
    group by company_id

),

earlier_months as (

    select
        company_id,
        period
    from {{ ref('int_company_months') }}

),

-- A second look, only at companies that returned: all months of any other are unbroken.
before_return as (

    select
        earlier_months.company_id,
        count(*) as unbroken_months
    from earlier_months
    inner join first_returns
        on earlier_months.company_id = first_returns.company_id and earlier_months.period < first_returns.period
    group by earlier_months.company_id

),

plan_changes as (

    select
        company_id,
        company_size,
        row_number() over (partition by company_id order by period desc) as changes_since,
        count(*) over (partition by company_id) as plan_changes
    from {{ input('stg_plan_changes') }}

),

-- A company churns in the month after its last active one. A company that was never active churned in the month of its
-- acquisition, and none churns beyond the horizon: of the month after the last one nothing is known.
lifetimes as (

    select
        companies.company_id,
        companies.company_size,
        coalesce(plan_changes.company_size, companies.company_size) as current_company_size,
        cast(date_trunc('month', companies.acquired_at) as date) as acquired_period,
        activity.first_active_period,
        activity.last_active_period,
        activity.first_paid_period,
        case
            when activity.last_active_period is null then cast(date_trunc('month', companies.acquired_at) as date)
            when activity.last_active_period < horizon.last_period
                then cast(activity.last_active_period + interval '1 month' as date)
        end as churned_period,
        cast(coalesce(activity.active_months, 0) as bigint) as active_months,
        cast(coalesce(activity.reactivations, 0) as bigint) as reactivations,
        cast(coalesce(plan_changes.plan_changes, 0) as bigint) as plan_changes,
        cast(coalesce(activity.sessions, 0) as bigint) as sessions,
        cast(coalesce(activity.lifetime_revenue, 0) as numeric(18, 2)) as lifetime_revenue,
        cast(
            coalesce(
                case when activity.reactivations > 0 then before_return.unbroken_months else activity.active_months end,
                0
            ) as bigint
        ) as unbroken_months
    from companies
    cross join horizon
    left join activity on companies.company_id = activity.company_id
    left join before_return on companies.company_id = before_return.company_id
    left join plan_changes on companies.company_id = plan_changes.company_id and plan_changes.changes_since = 1

)

select * from lifetimes
