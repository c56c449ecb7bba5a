-- Staging has the first and the last session of a month at the very instants of raw, and not cut to days: no KPI
-- would differ, but a query on staging would. A returned row has the instants that differ.
{{ config(enabled=var('simulated')) }}

with

months as (

    select * from {{ ref('int_months') }}

),

sessions as (

    select
        min(created_at) as first_at,
        max(created_at) as last_at
    from {{ source('raw', 'sessions') }}
    where created_at < (select cast(min(months.next_period) as timestamp) from months)

),

staged as (

    select
        min(created_at) as first_at,
        max(created_at) as last_at
    from {{ ref('stg_sessions') }}
    where created_at < (select cast(min(months.next_period) as timestamp) from months)

),

different as (

    select
        sessions.first_at,
        sessions.last_at,
        staged.first_at as first_in_staging,
        staged.last_at as last_in_staging
    from sessions
    cross join staged
    where sessions.first_at is distinct from staged.first_at or sessions.last_at is distinct from staged.last_at

)

select * from different
