-- Each company is of a size that has a row in stg_plans, written the same way. A returned row is a company of another
-- size, and is not counted.
{{ config(enabled=not var('simulated'), severity=var('input_severity')) }}

with

companies as (

    select * from {{ every_row('stg_companies') }}

),

plans as (

    select * from {{ every_row('stg_plans') }}

)

select companies.*
from companies
left join plans on companies.company_size = plans.company_size
where plans.company_size is null or companies.company_size in ('', 'all')
