-- The cohorts together are the month: as many companies active and, in their first month, acquired as retention counts
-- of each size at acquisition, and the revenue of all sizes. Each cohort is what its companies did in all. Each cell of
-- the triangle is there once, with its age and with the revenue of all cells up to it. A returned row is a month and
-- size in which it is not so, a month of which the revenue differs, a cohort, or one of its cells.
with

cohorts as (

    select * from {{ ref('fct_cohorts') }}

),

retention as (

    select * from {{ ref('fct_retention') }}

),

months as (

    select * from {{ ref('int_months') }}

),

revenue as (

    select
        period,
        sum(revenue) as revenue
    from {{ ref('fct_revenue') }}
    group by period

),

counted as (

    select
        period,
        company_size,
        sum(active_companies) as active_companies,
        sum(case when period = cohort_period then acquired_companies else 0 end) as acquired_companies
    from cohorts
    group by period, company_size

),

paid as (

    select
        period,
        sum(revenue) as revenue
    from cohorts
    group by period

),

cohort_totals as (

    select
        cohort_period,
        company_size,
        sum(active_companies) as active_months,
        sum(revenue) as revenue
    from cohorts
    group by cohort_period, company_size

),

lives as (

    select
        acquired_period as cohort_period,
        company_size,
        sum(active_months) as active_months,
        sum(lifetime_revenue) as revenue
    from {{ ref('dim_companies') }}
    group by acquired_period, company_size

),

-- What a cell has to be, from its cohort's first month and the calendar.
triangle as (

    select
        retention.period as cohort_period,
        retention.company_size,
        months.period,
        months.period_number - first_months.period_number as age_months,
        retention.newly_acquired_companies
    from retention
    inner join months as first_months on retention.period = first_months.period
    inner join months on retention.period <= months.period
    where retention.newly_acquired_companies > 0

),

-- In the order of age, so that a cell that is missing or there twice shows.
cells as (

    select
        *,
        count(*) over (partition by cohort_period, company_size, period) as copies,
        sum(revenue) over (
            partition by cohort_period, company_size
            order by period rows between unbounded preceding and current row
        ) as revenue_up_to_now
    from cohorts

),

different as (

    select
        retention.period,
        retention.company_size,
        cast(null as date) as cohort_period
    from retention
    left join counted on retention.period = counted.period and retention.company_size = counted.company_size
    where
        retention.active_of_acquired_companies <> coalesce(counted.active_companies, 0)
        or retention.newly_acquired_companies <> coalesce(counted.acquired_companies, 0)

    union all

    select
        revenue.period,
        null as company_size,
        null as cohort_period
    from revenue
    left join paid on revenue.period = paid.period
    where revenue.revenue <> coalesce(paid.revenue, 0)

    union all

    select
        null as period,
        lives.company_size,
        lives.cohort_period
    from lives
    left join cohort_totals
        on lives.cohort_period = cohort_totals.cohort_period and lives.company_size = cohort_totals.company_size
    where
        lives.active_months is distinct from cohort_totals.active_months
        or lives.revenue is distinct from cohort_totals.revenue

    union all

    select
        coalesce(triangle.period, cells.period) as period,
        coalesce(triangle.company_size, cells.company_size) as company_size,
        coalesce(triangle.cohort_period, cells.cohort_period) as cohort_period
    from triangle
    full outer join cells
        on
            triangle.cohort_period = cells.cohort_period
            and triangle.company_size = cells.company_size
            and triangle.period = cells.period
    where
        triangle.age_months is distinct from cells.age_months
        or triangle.newly_acquired_companies is distinct from cells.acquired_companies
        or cells.revenue_up_to_now is distinct from cells.cumulative_revenue
        or cells.copies <> 1

)

select * from different
