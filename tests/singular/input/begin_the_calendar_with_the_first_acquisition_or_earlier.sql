-- The calendar begins no later than the month of the first acquisition: who was a customer before it would come out of
-- nowhere. A returned row is a company that was acquired before it, and is not counted.
{{ config(enabled=not var('simulated'), severity=var('input_severity')) }}

with

companies as (

    select * from {{ every_row('stg_companies') }}

),

horizon as (

    select min(first_period) as first_period from {{ every_row('stg_calendar') }}

)

select companies.*
from companies
inner join horizon on companies.acquired_at < cast(horizon.first_period as timestamp)
