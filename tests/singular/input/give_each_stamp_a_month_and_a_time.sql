-- Each month of stg_loaded_months is there once, as its first day, with the time of its last load. A returned row is
-- one that is not.
{{ config(enabled=not var('simulated') and var('has_loaded_months', false), severity=var('input_severity')) }}

with

loaded_months as (

    select * from {{ every_row('stg_loaded_months') }}

)

select
    period,
    count(*) as copies
from loaded_months
group by period
having
    count(*) > 1
    or count(loaded_at) < count(*)
    or (period = cast(date_trunc('month', period) as date)) is not true
