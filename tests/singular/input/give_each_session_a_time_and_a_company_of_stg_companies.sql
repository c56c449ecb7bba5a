-- Each session has a time and is of a company that is among the companies; those that were deleted are too. A returned
-- row is a company that is not, or null, with its sessions, which are not counted.
{{ config(enabled=not var('simulated'), severity=var('input_severity')) }}

with

companies as (

    select * from {{ every_row('stg_companies') }}

),

sessions as (

    select * from {{ every_row('stg_sessions') }}

),

counted as (

    select
        company_id,
        count(*) as sessions,
        count(created_at) as sessions_with_a_time
    from sessions
    group by company_id

)

select counted.*
from counted
left join companies on counted.company_id = companies.company_id
where companies.company_id is null or counted.sessions <> counted.sessions_with_a_time
