-- The report's row `all` has the sums of the sizes. A returned row is a month for which it has not.
with

report as (

    select * from {{ ref('rpt_monthly_kpis') }}

),

sizes as (

    select
        period,
        sum(acquired_companies) as acquired_companies,
        sum(opening_companies) as opening_companies,
        sum(churned_companies) as churned_companies,
        sum(active_companies) as active_companies,
        sum(sessions) as sessions,
        sum(revenue) as revenue,
        sum(newly_acquired_companies) as newly_acquired_companies,
        sum(kept_companies) as kept_companies,
        sum(returned_companies) as returned_companies,
        sum(moved_in_companies) as moved_in_companies,
        sum(moved_out_companies) as moved_out_companies,
        sum(active_of_acquired_companies) as active_of_acquired_companies
    from report
    where company_size <> 'all'
    group by period

),

totals as (

    select *
    from report
    where company_size = 'all'

),

different as (

    select coalesce(sizes.period, totals.period) as period
    from sizes
    full outer join totals on sizes.period = totals.period
    where
        sizes.acquired_companies is distinct from totals.acquired_companies
        or sizes.opening_companies is distinct from totals.opening_companies
        or sizes.churned_companies is distinct from totals.churned_companies
        or sizes.active_companies is distinct from totals.active_companies
        or sizes.sessions is distinct from totals.sessions
        or sizes.revenue is distinct from totals.revenue
        or sizes.newly_acquired_companies is distinct from totals.newly_acquired_companies
        or sizes.kept_companies is distinct from totals.kept_companies
        or sizes.returned_companies is distinct from totals.returned_companies
        or sizes.moved_in_companies is distinct from totals.moved_in_companies
        or sizes.moved_out_companies is distinct from totals.moved_out_companies
        or sizes.active_of_acquired_companies is distinct from totals.active_of_acquired_companies

)

select * from different
