-- Each session is there once and has an id. A returned row is an id that is there more than once, or null; each of its
-- rows is counted.
{{ config(enabled=not var('simulated'), severity=var('input_severity')) }}

with

sessions as (

    select * from {{ every_row('stg_sessions') }}

)

select
    session_id,
    count(*) as copies
from sessions
group by session_id
having count(*) > 1 or session_id is null
