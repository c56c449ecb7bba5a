-- Each company is there once, with an id and the time at which it was acquired, also if it was deleted since. A
-- returned row is an id that is there more than once, of which the first is counted, or a row without one of the two,
-- which is not.
{{ config(enabled=not var('simulated'), severity=var('input_severity')) }}

with

companies as (

    select * from {{ every_row('stg_companies') }}

),

copies as (

    select
        company_id,
        count(*) as copies
    from companies
    group by company_id
    having count(*) > 1

)

select
    companies.company_id,
    companies.acquired_at,
    copies.copies
from companies
left join copies on companies.company_id = copies.company_id
where companies.company_id is null or companies.acquired_at is null or copies.copies is not null
