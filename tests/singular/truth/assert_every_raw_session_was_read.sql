-- The sessions are those that a build read: as many in each month, with the same ids and companies, and none outside of
-- the months that were loaded. A returned row is a month for which it is not so, because sessions were added, removed
-- or moved outside of a load; `dbt build --full-refresh` reads them anew. It is null for sessions outside of all
-- months.
{{ config(enabled=var('simulated')) }}

with

-- The only pass over all sessions that a build makes, without a join, a sort or a distinct.
sessions_by_month as (

    {{ sessions_of_months(
        source('raw', 'sessions'),
        months_to_read(),
        ['count(*) as sessions', checksum_of_sessions() ~ ' as sessions_checksum']
    ) }}

),

everything as (

    select count(*) as sessions from {{ source('raw', 'sessions') }}

),

in_months as (

    select coalesce(sum(sessions), 0) as sessions from sessions_by_month

),

were_read as (

    select * from {{ ref('int_session_months') }}

),

different as (

    select
        coalesce(sessions_by_month.period, were_read.period) as period,
        sessions_by_month.sessions,
        were_read.sessions as sessions_read,
        sessions_by_month.sessions_checksum,
        were_read.sessions_checksum as sessions_checksum_read
    from sessions_by_month
    full outer join were_read on sessions_by_month.period = were_read.period
    where
        sessions_by_month.sessions is distinct from were_read.sessions
        or sessions_by_month.sessions_checksum is distinct from were_read.sessions_checksum

    union all

    select
        cast(null as date) as period,
        everything.sessions - in_months.sessions as sessions,
        0 as sessions_read,
        cast(null as numeric(38, 0)) as sessions_checksum,
        cast(null as numeric(38, 0)) as sessions_checksum_read
    from everything
    cross join in_months
    where everything.sessions <> in_months.sessions

)

select * from different
