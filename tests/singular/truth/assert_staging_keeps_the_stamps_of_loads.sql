-- Staging has the stamps of the loads as they are in raw: two loads of a day are two. A returned row is a month whose
-- stamp differs.
{{ config(enabled=var('simulated')) }}

with

loaded_months as (

    select * from {{ source('raw', 'loaded_months') }}

),

staged as (

    select * from {{ ref('stg_loaded_months') }}

),

different as (

    select
        loaded_months.period,
        loaded_months.loaded_at,
        staged.loaded_at as in_staging
    from loaded_months
    inner join staged on loaded_months.period = staged.period
    where loaded_months.loaded_at is distinct from staged.loaded_at

)

select * from different
