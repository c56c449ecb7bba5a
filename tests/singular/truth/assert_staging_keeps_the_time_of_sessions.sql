-- Staging has the first and the last session at the very instants of raw, and not cut to days: no KPI would tell, but
-- whoever reads staging would. A returned row has the instants that differ.
{{ config(enabled=var('simulated')) }}

with

sessions as (

    select
        min(created_at) as first_at,
        max(created_at) as last_at
    from {{ source('raw', 'sessions') }}

),

staged as (

    select
        min(created_at) as first_at,
        max(created_at) as last_at
    from {{ ref('stg_sessions') }}

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
