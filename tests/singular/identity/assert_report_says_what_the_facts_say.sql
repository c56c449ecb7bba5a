-- The report's rows of the sizes are the facts side by side. A returned row is a month and size for which they are not.
with

report as (

    select *
    from {{ ref('rpt_monthly_kpis') }}
    where company_size <> 'all'

),

monthly_usage as (

    select * from {{ ref('fct_monthly_usage') }}

),

retention as (

    select * from {{ ref('fct_retention') }}

),

revenue as (

    select * from {{ ref('fct_revenue') }}

),

facts as (

    select
        retention.*,
        monthly_usage.sessions,
        monthly_usage.avg_sessions_per_company,
        revenue.monthly_price,
        revenue.revenue
    from retention
    inner join monthly_usage
        on retention.period = monthly_usage.period and retention.company_size = monthly_usage.company_size
    inner join revenue
        on retention.period = revenue.period and retention.company_size = revenue.company_size

),

different as (

    select
        coalesce(report.period, facts.period) as period,
        coalesce(report.company_size, facts.company_size) as company_size
    from report
    full outer join facts on report.period = facts.period and report.company_size = facts.company_size
    where
        report.acquired_companies is distinct from facts.acquired_companies
        or report.opening_companies is distinct from facts.opening_companies
        or report.churned_companies is distinct from facts.churned_companies
        or report.active_companies is distinct from facts.active_companies
        or report.newly_acquired_companies is distinct from facts.newly_acquired_companies
        or report.kept_companies is distinct from facts.kept_companies
        or report.returned_companies is distinct from facts.returned_companies
        or report.moved_in_companies is distinct from facts.moved_in_companies
        or report.moved_out_companies is distinct from facts.moved_out_companies
        or report.active_of_acquired_companies is distinct from facts.active_of_acquired_companies
        or report.retention_rate is distinct from facts.retention_rate
        or report.churn_rate is distinct from facts.churn_rate
        or report.cohort_retention_rate is distinct from facts.cohort_retention_rate
        or report.sessions is distinct from facts.sessions
        or report.avg_sessions_per_company is distinct from facts.avg_sessions_per_company
        or report.monthly_price is distinct from facts.monthly_price
        or report.revenue is distinct from facts.revenue

)

select * from different
