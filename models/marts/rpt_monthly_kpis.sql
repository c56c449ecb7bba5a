with

monthly_usage as (

    select * from {{ ref('fct_monthly_usage') }}

),

retention as (

    select * from {{ ref('fct_retention') }}

),

revenue as (

    select * from {{ ref('fct_revenue') }}

),

by_size as (

    select
        retention.period,
        retention.company_size,
        retention.acquired_companies,
        retention.opening_companies,
        retention.churned_companies,
        retention.active_companies,
        monthly_usage.sessions,
        revenue.monthly_price,
        revenue.revenue,
        retention.newly_acquired_companies,
        retention.kept_companies,
        retention.returned_companies,
        retention.moved_in_companies,
        retention.moved_out_companies,
        retention.active_of_acquired_companies
    from retention
    inner join monthly_usage
        on retention.period = monthly_usage.period and retention.company_size = monthly_usage.company_size
    inner join revenue
        on retention.period = revenue.period and retention.company_size = revenue.company_size

),

-- There is no one price of all sizes.
with_total as (

    select * from by_size

    union all

    select
        period,
        'all' as company_size,
        cast(sum(acquired_companies) as bigint) as acquired_companies,
        cast(sum(opening_companies) as bigint) as opening_companies,
        cast(sum(churned_companies) as bigint) as churned_companies,
        cast(sum(active_companies) as bigint) as active_companies,
        cast(sum(sessions) as bigint) as sessions,
        cast(null as numeric(10, 2)) as monthly_price,
        cast(sum(revenue) as numeric(18, 2)) as revenue,
        cast(sum(newly_acquired_companies) as bigint) as newly_acquired_companies,
        cast(sum(kept_companies) as bigint) as kept_companies,
        cast(sum(returned_companies) as bigint) as returned_companies,
        cast(sum(moved_in_companies) as bigint) as moved_in_companies,
        cast(sum(moved_out_companies) as bigint) as moved_out_companies,
        cast(sum(active_of_acquired_companies) as bigint) as active_of_acquired_companies
    from by_size
    group by period

),

-- Rates come after the sums, so that those of the total are ratios of sums and not means of ratios.
monthly_kpis as (

    select
        period,
        company_size,
        acquired_companies,
        opening_companies,
        churned_companies,
        active_companies,
        {{ ratio('kept_companies', 'opening_companies') }} as retention_rate,
        {{ ratio('churned_companies', 'opening_companies') }} as churn_rate,
        {{ ratio('active_of_acquired_companies', 'acquired_companies') }} as cohort_retention_rate,
        sessions,
        {{ ratio('sessions', 'active_companies') }} as avg_sessions_per_company,
        monthly_price,
        revenue,
        newly_acquired_companies,
        kept_companies,
        returned_companies,
        moved_in_companies,
        moved_out_companies,
        active_of_acquired_companies
    from with_total

)

select * from monthly_kpis
