-- Each subscription is of a company that is there and has a first day and an amount; if it ends, then not before it
-- begins. A returned row is one that is not, and does not count.
{{ config(enabled=not var('simulated') and var('customers_are') == 'subscribed', severity=var('input_severity')) }}

with

companies as (

    select * from {{ every_row('stg_companies') }}

),

subscriptions as (

    select * from {{ every_row('stg_subscriptions') }}

)

select subscriptions.*
from subscriptions
left join companies on subscriptions.company_id = companies.company_id
where
    companies.company_id is null
    or subscriptions.valid_from is null
    or subscriptions.monthly_amount is null
    or subscriptions.valid_to < subscriptions.valid_from
