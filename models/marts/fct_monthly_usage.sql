with

month_sizes as (

    select * from {{ ref('int_month_sizes') }}

),

monthly_usage as (

    select
        period,
        company_size,
        active_companies,
        sessions,
        {{ ratio('sessions', 'active_companies') }} as avg_sessions_per_company
    from month_sizes

)

select * from monthly_usage
