-- The facts count each company in its month at the size that it holds, with its sessions, and once more at the size of
-- its acquisition. A returned row is a month and size with other counts.
with

company_months as (

    select * from {{ ref('int_company_months') }}

),

report as (

    select *
    from {{ ref('rpt_monthly_kpis') }}
    where company_size <> 'all'

),

held as (

    select
        period,
        company_size,
        count(*) as companies,
        sum(sessions) as sessions
    from company_months
    group by period, company_size

),

acquired as (

    select
        period,
        acquired_company_size as company_size,
        count(*) as companies
    from company_months
    group by period, acquired_company_size

),

different as (

    select
        report.period,
        report.company_size,
        report.active_companies,
        held.companies as counted_companies,
        report.sessions,
        held.sessions as counted_sessions,
        report.active_of_acquired_companies,
        acquired.companies as counted_of_acquired_companies
    from report
    left join held on report.period = held.period and report.company_size = held.company_size
    left join acquired on report.period = acquired.period and report.company_size = acquired.company_size
    where
        report.active_companies <> coalesce(held.companies, 0)
        or report.sessions <> coalesce(held.sessions, 0)
        or report.active_of_acquired_companies <> coalesce(acquired.companies, 0)

)

select * from different
