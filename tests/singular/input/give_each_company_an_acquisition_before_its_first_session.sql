-- A company has sessions from the month of its acquisition on. A returned row is a company with sessions in an earlier
-- month, which are not counted.
{{ config(enabled=not var('simulated') and var('customers_are') == 'active', severity=var('input_severity')) }}

with

companies as (

    select * from {{ every_row('stg_companies') }}

),

sessions as (

    select
        company_id,
        min(created_at) as first_session_at
    from {{ every_row('stg_sessions') }}
    group by company_id

)

select
    companies.*,
    sessions.first_session_at
from companies
inner join sessions on companies.company_id = sessions.company_id
where sessions.first_session_at < date_trunc('month', companies.acquired_at)
