-- Every raw session is counted once in the mart, and nothing else is. A returned row has the two sums.
with

sessions as (

    select count(*) as in_raw from {{ source('raw', 'sessions') }}

),

monthly_usage as (

    select coalesce(sum(sessions), 0) as in_mart from {{ ref('fct_monthly_usage') }}

),

different as (

    select
        sessions.in_raw,
        monthly_usage.in_mart
    from sessions
    cross join monthly_usage
    where sessions.in_raw <> monthly_usage.in_mart

)

select * from different
