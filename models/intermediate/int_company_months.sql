with

sessions as (

    select * from {{ ref('stg_sessions') }}

),

companies as (

    select * from {{ ref('stg_companies') }}

),

-- The only pass over the sessions. Their ids are unique (a test says so), so counting rows counts sessions.
sessions_by_month as (

    select
        company_id,
        cast(date_trunc('month', created_at) as date) as period,
        count(*) as sessions
    from sessions
    group by company_id, cast(date_trunc('month', created_at) as date)

),

-- A session of an unknown company stays in sight, with a size of null, for the tests to find.
company_months as (

    select
        sessions_by_month.company_id,
        sessions_by_month.period,
        companies.company_size,
        cast(sessions_by_month.sessions as bigint) as sessions
    from sessions_by_month
    left join companies on sessions_by_month.company_id = companies.company_id

)

select * from company_months
