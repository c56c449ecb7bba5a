-- No session before the first instant of the first month, none at or after the end of the last. A returned row is one.
{{ config(enabled=var('simulated')) }}

with

sessions as (

    select * from {{ ref('stg_sessions') }}

),

months as (

    select * from {{ ref('int_months') }}

),

horizon as (

    select
        cast(min(period) as timestamp) as begins_at,
        cast(max(next_period) as timestamp) as ends_at
    from months

),

outside as (

    select sessions.*
    from sessions
    cross join horizon
    where (sessions.created_at >= horizon.begins_at and sessions.created_at < horizon.ends_at) is not true

)

select * from outside
