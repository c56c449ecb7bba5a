-- What every company did and paid, added up, is what the facts say. A returned row is a size for which it is not.
with

companies as (

    select
        company_size,
        sum(active_months) as active_months,
        sum(sessions) as sessions,
        sum(lifetime_revenue) as revenue
    from {{ ref('dim_companies') }}
    group by company_size

),

facts as (

    select
        company_size,
        sum(active_companies) as active_months,
        sum(sessions) as sessions,
        sum(revenue) as revenue
    from {{ ref('rpt_monthly_kpis') }}
    where company_size <> 'all'
    group by company_size

),

different as (

    select
        facts.company_size,
        facts.active_months,
        facts.sessions,
        facts.revenue,
        companies.active_months as active_months_of_companies,
        companies.sessions as sessions_of_companies,
        companies.revenue as revenue_of_companies
    from facts
    full outer join companies on facts.company_size = companies.company_size
    where
        coalesce(facts.active_months, 0) <> coalesce(companies.active_months, 0)
        or coalesce(facts.sessions, 0) <> coalesce(companies.sessions, 0)
        or coalesce(facts.revenue, 0) <> coalesce(companies.revenue, 0)

)

select * from different
