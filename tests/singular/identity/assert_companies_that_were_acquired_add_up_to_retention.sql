-- Retention counts as newly acquired the companies of which the dimension says so, and as acquired all up to then. A
-- returned row is a month and size for which it counts others.
with

dim_companies as (

    select * from {{ ref('dim_companies') }}

),

retention as (

    select * from {{ ref('fct_retention') }}

),

acquired as (

    select
        acquired_period,
        company_size,
        count(*) as companies
    from dim_companies
    group by acquired_period, company_size

),

counted as (

    select
        retention.period,
        retention.company_size,
        retention.newly_acquired_companies,
        retention.acquired_companies,
        coalesce(sum(case when acquired.acquired_period = retention.period then acquired.companies end), 0)
            as new_in_dimension,
        coalesce(sum(acquired.companies), 0) as acquired_in_dimension
    from retention
    left join acquired
        on retention.company_size = acquired.company_size and retention.period >= acquired.acquired_period
    group by
        retention.period,
        retention.company_size,
        retention.newly_acquired_companies,
        retention.acquired_companies

),

different as (

    select *
    from counted
    where newly_acquired_companies <> new_in_dimension or acquired_companies <> acquired_in_dimension

)

select * from different
