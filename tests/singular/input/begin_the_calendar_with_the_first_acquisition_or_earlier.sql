-- The calendar begins no later than the month of the first acquisition: who was a customer before it would come out of
-- nowhere. A returned row is a company that was acquired before it, and is not counted.
{{ config(enabled=not var('simulated'), severity=var('input_severity')) }}

with

companies as (

    select
        cast(company_id as {{ company_id_type() }}) as company_id,
        company_size,
        cast(acquired_at as timestamp) as acquired_at
    from {{ rows_of('stg_companies') }}

),

horizon as (

    select min(cast(first_period as date)) as first_period from {{ rows_of('stg_calendar') }}

)

select companies.*
from companies
inner join horizon on companies.acquired_at < cast(horizon.first_period as timestamp)
