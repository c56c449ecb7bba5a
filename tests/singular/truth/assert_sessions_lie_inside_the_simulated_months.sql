-- No session before the first instant of the first month, none at or after the end of the last. A returned row is one.
{{ config(enabled=var('simulated')) }}

with

months as (

    select * from {{ ref('int_months') }}

),

-- Each question alone, in words that zone maps and block ranges answer without a look at all sessions.
outside as (

    select *
    from {{ ref('stg_sessions') }}
    where created_at < (select cast(min(months.period) as timestamp) from months)

    union all

    select *
    from {{ ref('stg_sessions') }}
    where created_at >= (select cast(max(months.next_period) as timestamp) from months)

    union all

    select *
    from {{ ref('stg_sessions') }}
    where created_at is null

)

select * from outside
