-- Every month of the simulation was loaded by some load, and no other month. A returned row is a month that is only in
-- the calendar or only among the loaded.
{{ config(enabled=var('has_loaded_months', var('simulated'))) }}

with

months as (

    select * from {{ ref('int_months') }}

),

loaded_months as (

    select * from {{ every_row('stg_loaded_months') }}

),

different as (

    select
        months.period as in_calendar,
        loaded_months.period as loaded
    from months
    full outer join loaded_months on months.period = loaded_months.period
    where months.period is null or loaded_months.period is null

)

select * from different
