-- What every company did and paid, added up, is what the facts say. A returned row has the sums where it is not. Only in
-- all, because a company may have held more than one size.
with

companies as (

    select
        coalesce(sum(active_months), 0) as active_months,
        coalesce(sum(sessions), 0) as sessions,
        coalesce(sum(lifetime_revenue), 0) as revenue,
        coalesce(sum(reactivations), 0) as reactivations
    from {{ ref('dim_companies') }}

),

facts as (

    select
        coalesce(sum(active_companies), 0) as active_months,
        coalesce(sum(sessions), 0) as sessions,
        coalesce(sum(revenue), 0) as revenue,
        coalesce(sum(returned_companies), 0) as reactivations
    from {{ ref('rpt_monthly_kpis') }}
    where company_size = 'all'

),

different as (

    select
        facts.*,
        companies.active_months as active_months_of_companies,
        companies.sessions as sessions_of_companies,
        companies.revenue as revenue_of_companies,
        companies.reactivations as reactivations_of_companies
    from facts
    cross join companies
    where
        facts.active_months <> companies.active_months
        or facts.sessions <> companies.sessions
        or facts.revenue <> companies.revenue
        or facts.reactivations <> companies.reactivations

)

select * from different
