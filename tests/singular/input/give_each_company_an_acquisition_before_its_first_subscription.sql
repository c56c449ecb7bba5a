-- A company has subscriptions from the month of its acquisition on. A returned row is a company with one in an earlier
-- month, which counts from the month of the acquisition on.
{{ config(enabled=not var('simulated') and var('customers_are') == 'subscribed', severity=var('input_severity')) }}

with

companies as (

    select * from {{ every_row('stg_companies') }}

),

subscriptions as (

    select * from {{ every_row('stg_subscriptions') }}

),

first_days as (

    select
        company_id,
        min(valid_from) as first_day
    from subscriptions
    group by company_id

)

select
    companies.*,
    first_days.first_day
from companies
inner join first_days on companies.company_id = first_days.company_id
where first_days.first_day < cast(date_trunc('month', companies.acquired_at) as date)
