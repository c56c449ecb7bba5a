-- The facts count each company in its month at the size that it holds, with its sessions, and once more at the size of
-- its acquisition. A returned row is a month and size with other counts.
with

report as (

    select *
    from {{ ref('rpt_monthly_kpis') }}
    where company_size <> 'all'

),

counted as (

    select
        company_months.period,
        company_months.company_size,
        dim_companies.company_size as acquired_company_size,
        count(*) as companies,
        sum(company_months.sessions) as sessions
    from {{ ref('int_company_months') }} as company_months
    inner join {{ ref('dim_companies') }} as dim_companies on company_months.company_id = dim_companies.company_id
    group by company_months.period, company_months.company_size, dim_companies.company_size

),

held as (

    select
        period,
        company_size,
        sum(companies) as companies,
        sum(sessions) as sessions
    from counted
    group by period, company_size

),

acquired as (

    select
        period,
        acquired_company_size as company_size,
        sum(companies) as companies
    from counted
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
