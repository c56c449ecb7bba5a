-- Every session is counted once, in its month and for its company, and nothing else is. A returned row is a month for
-- which it is not so. Companies that are mixed up differ in the checksum alone.
{{ config(enabled=var('simulated')) }}

with

session_months as (

    select * from {{ ref('int_session_months') }}

),

company_months as (

    select
        period,
        count(company_id) as companies,
        sum(sessions) as sessions,
        {{ wide_sum('sessions * ' ~ remainder('company_id')) }} as companies_checksum
    from {{ ref('int_company_months') }}
    group by period

),

different as (

    select
        coalesce(session_months.period, company_months.period) as period,
        session_months.companies,
        company_months.companies as companies_counted,
        session_months.sessions,
        company_months.sessions as sessions_counted,
        session_months.companies_checksum,
        company_months.companies_checksum as companies_checksum_counted
    from session_months
    full outer join company_months on session_months.period = company_months.period
    where
        session_months.companies is distinct from company_months.companies
        or session_months.sessions is distinct from company_months.sessions
        or session_months.companies_checksum is distinct from company_months.companies_checksum

)

select * from different
