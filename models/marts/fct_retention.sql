with

month_sizes as (

    select * from {{ ref('int_month_sizes') }}

),

-- Who was active in the month before is a customer when this one begins; before the first month, all who were acquired.
opened as (

    select
        period,
        company_size,
        acquired_companies,
        coalesce(
            lag(active_companies) over (partition by company_size order by period),
            acquired_companies
        ) as opening_companies,
        churned_companies,
        active_companies
    from month_sizes

),

retention as (

    select
        period,
        company_size,
        acquired_companies,
        opening_companies,
        churned_companies,
        active_companies,
        {{ ratio('active_companies', 'opening_companies') }} as retention_rate,
        {{ ratio('churned_companies', 'opening_companies') }} as churn_rate,
        {{ ratio('active_companies', 'acquired_companies') }} as cohort_retention_rate
    from opened

)

select * from retention
