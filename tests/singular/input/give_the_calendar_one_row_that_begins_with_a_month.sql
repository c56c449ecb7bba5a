-- stg_calendar has one row: the first day of the first month, and how many months there are up to the last complete
-- one. A returned row is one that is wrong, or the number of rows.
{{ config(enabled=not var('simulated'), severity=var('input_severity')) }}

with

calendar as (

    select * from {{ every_row('stg_calendar') }}

),

counted as (

    select count(*) as calendar_rows from calendar

)

select
    calendar.first_period,
    calendar.months,
    counted.calendar_rows
from counted
left join calendar on counted.calendar_rows > 0
where
    counted.calendar_rows <> 1
    or (calendar.first_period = cast(date_trunc('month', calendar.first_period) as date) and calendar.months >= 1)
    is not true
