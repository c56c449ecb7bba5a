{%- set paid = 'cohort_months.mrr' if customers_are_subscribed()
    else 'cohort_months.active_companies * month_prices.monthly_price' %}
with

lifetimes as (

    select * from {{ ref('int_company_lifetimes') }}

),

months as (

    select * from {{ ref('int_months') }}

),

cohort_months as (

    select * from {{ ref('int_cohort_months') }}

),

month_prices as (

    select * from {{ ref('int_month_prices') }}

),

cohorts as (

    select
        acquired_period as cohort_period,
        company_size,
        count(*) as acquired_companies
    from lifetimes
    group by acquired_period, company_size

),

-- Who has moved to another size stays in its cohort and pays the price of the other size.
activity as (

    select
        cohort_months.acquired_period as cohort_period,
        cohort_months.acquired_company_size as company_size,
        cohort_months.period,
        sum(cohort_months.active_companies) as active_companies,
        sum({{ paid }}) as revenue
    from cohort_months
    left join month_prices
        on cohort_months.period = month_prices.period and cohort_months.company_size = month_prices.company_size
    group by cohort_months.acquired_period, cohort_months.acquired_company_size, cohort_months.period

),

-- A triangle without gaps: silence is a 0, and beyond the last month there is nothing.
cells as (

    select
        cohorts.cohort_period,
        cohorts.company_size,
        months.period,
        months.period_number - first_months.period_number as age_months,
        cohorts.acquired_companies,
        coalesce(activity.active_companies, 0) as active_companies,
        coalesce(activity.revenue, 0) as revenue
    from cohorts
    inner join months as first_months on cohorts.cohort_period = first_months.period
    inner join months on cohorts.cohort_period <= months.period
    left join activity
        on
            cohorts.cohort_period = activity.cohort_period
            and cohorts.company_size = activity.company_size
            and months.period = activity.period

),

fct_cohorts as (

    select
        cohort_period,
        company_size,
        period,
        age_months,
        acquired_companies,
        cast(active_companies as bigint) as active_companies,
        {{ ratio('active_companies', 'acquired_companies') }} as cohort_retention_rate,
        cast(revenue as numeric(18, 2)) as revenue,
        cast(
            sum(revenue) over (
                partition by cohort_period, company_size
                order by period rows between unbounded preceding and current row
            ) as numeric(18, 2)
        ) as cumulative_revenue
    from cells

)

select * from fct_cohorts
