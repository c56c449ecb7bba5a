-- Each session has an id that no other one has. A returned row is a month with fewer ids than sessions, or an id that
-- sessions of different months have.
{{ config(enabled=var('simulated')) }}

with

session_months as (

    select * from {{ ref('int_session_months') }}

),

in_order as (

    select
        first_session_id,
        max(last_session_id) over (order by period rows between unbounded preceding and 1 preceding) as last_id_before
    from session_months

),

-- The simulator's ids ascend with the months, so that none of a month can be one of another. Where they do not, those
-- that different months may have are looked at one by one, which costs as much as they are many.
overlapping as (

    select * from in_order
    where first_session_id <= last_id_before

),

of_different_months as (

    select session_id
    from {{ ref('stg_sessions') }}
    where
        exists (select 1 from overlapping)
        and session_id >= (select min(overlapping.first_session_id) from overlapping)
        and session_id <= (select max(overlapping.last_id_before) from overlapping)
    group by session_id
    having count(*) > 1

),

not_unique as (

    select
        period,
        cast(null as bigint) as session_id
    from session_months
    where session_ids <> sessions

    union all

    select
        cast(null as date) as period,
        session_id
    from of_different_months

)

select * from not_unique
