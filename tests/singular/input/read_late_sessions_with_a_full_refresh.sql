-- A session that came later than the build looks back is not counted until `dbt build --full-refresh`, or until its
-- month gets another stamp. A returned row is a month of which sessions are there that were not counted, or were
-- counted and are gone.
{{ config(enabled=not var('simulated'), severity=var('input_severity')) }}

with

company_months as (

    select
        company_id,
        period,
        sessions
    from {{ ref('int_company_months') }}

),

sessions as (

    select
        company_id,
        cast(date_trunc('month', created_at) as date) as period,
        count(*) as sessions
    from {{ input('stg_sessions') }}
    group by company_id, cast(date_trunc('month', created_at) as date)

),

companies as (

    select
        company_id,
        cast(date_trunc('month', acquired_at) as date) as acquired_period
    from {{ input('stg_companies') }}

),

months as (

    select period from {{ ref('int_months') }}

),

-- Who is no customer by a subscription has sessions that count nowhere.
there as (

    select
        sessions.period,
        sum(sessions.sessions) as sessions
    from sessions
    inner join months on sessions.period = months.period
    inner join companies
        on sessions.company_id = companies.company_id and sessions.period >= companies.acquired_period
    {% if customers_are_subscribed() -%}
        inner join company_months
            on sessions.company_id = company_months.company_id and sessions.period = company_months.period
    {%- endif %}
    group by sessions.period

),

counted as (

    select
        period,
        sum(sessions) as sessions
    from company_months
    group by period
    having sum(sessions) > 0

)

select
    coalesce(there.period, counted.period) as period,
    coalesce(there.sessions, 0) as sessions,
    coalesce(counted.sessions, 0) as counted_sessions
from there
full outer join counted on there.period = counted.period
where there.sessions is distinct from counted.sessions
