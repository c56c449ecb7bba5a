with

month_sizes as (

    select * from {{ ref('int_month_sizes') }}

),

-- Who was active in the month before is a customer when this one begins, and so is who is acquired in it.
opened as (

    select
        *,
        cast(
            sum(newly_acquired_companies) over (
                partition by company_size order by period rows between unbounded preceding and current row
            ) as bigint
        ) as acquired_companies,
        coalesce(lag(active_companies) over (partition by company_size order by period), 0)
        + newly_acquired_companies as opening_companies
    from month_sizes

),

retention as (

    select
        period,
        company_size,
        acquired_companies,
        opening_companies,
        opening_companies - kept_companies as churned_companies,
        active_companies,
        newly_acquired_companies,
        kept_companies,
        returned_companies,
        moved_in_companies,
        moved_out_companies,
        active_of_acquired_companies,
        {{ ratio('kept_companies', 'opening_companies') }} as retention_rate,
        {{ ratio('opening_companies - kept_companies', 'opening_companies') }} as churn_rate,
        {{ ratio('active_of_acquired_companies', 'acquired_companies') }} as cohort_retention_rate
    from opened

)

select * from retention
