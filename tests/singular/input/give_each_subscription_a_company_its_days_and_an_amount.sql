-- Each subscription is of a company that is there and has a first day and an amount; if it ends, then not before it
-- begins. A returned row is one that is not, and does not count.
{{ config(enabled=not var('simulated') and var('customers_are') == 'subscribed', severity=var('input_severity')) }}

with

companies as (

    select
        cast(company_id as {{ company_id_type() }}) as company_id,
        company_size,
        cast(acquired_at as timestamp) as acquired_at
    from {{ rows_of('stg_companies') }}

),

subscriptions as (

    select
        cast(company_id as {{ company_id_type() }}) as company_id,
        cast(valid_from as date) as valid_from,
        cast(valid_to as date) as valid_to,
        monthly_amount
    from {{ rows_of('stg_subscriptions') }}

)

select subscriptions.*
from subscriptions
left join companies on subscriptions.company_id = companies.company_id
where
    companies.company_id is null
    or subscriptions.valid_from is null
    or subscriptions.monthly_amount is null
    or subscriptions.valid_to < subscriptions.valid_from
