-- Each size is there once, with a name that is neither empty nor `all`, which means all sizes together. A returned row
-- is a name that is not.
{{ config(enabled=not var('simulated'), severity=var('input_severity')) }}

with

plans as (

    select * from {{ every_row('stg_plans') }}

)

select
    company_size,
    count(*) as copies
from plans
group by company_size
having count(*) > 1 or company_size is null or company_size in ('', 'all')
