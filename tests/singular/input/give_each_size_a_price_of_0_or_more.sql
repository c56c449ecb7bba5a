-- Each size has a price, which is 0 for a free one. A returned row is a size without one or with a negative one, and
-- counts as free.
{{ config(enabled=not var('simulated') and var('customers_are') == 'active', severity=var('input_severity')) }}

with

plans as (

    select * from {{ every_row('stg_plans') }}

)

select *
from plans
where (monthly_price >= 0) is not true
