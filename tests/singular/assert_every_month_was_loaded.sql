-- Every month of the simulation was loaded by some load, and no other month. A returned row is a month that is only in
-- the calendar or only among the loaded.
with

periods as (

    select * from {{ ref('int_periods') }}

),

loaded_months as (

    select * from {{ ref('stg_loaded_months') }}

),

different as (

    select
        periods.period as in_calendar,
        loaded_months.period as loaded
    from periods
    full outer join loaded_months on periods.period = loaded_months.period
    where periods.period is null or loaded_months.period is null

)

select * from different
