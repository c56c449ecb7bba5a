-- What a company pays for a month is not negative: a discount is no larger than what it is for. A returned row is a
-- company and month in which it is, and counts as 0.
{{ config(enabled=not var('simulated') and var('customers_are') == 'subscribed', severity=var('input_severity')) }}

with

subscriptions as (

    select * from {{ every_row('stg_subscriptions') }}

),

months as (

    select * from {{ ref('int_months') }}

)

select
    subscriptions.company_id,
    months.period,
    sum(subscriptions.monthly_amount) as mrr
from subscriptions
inner join months
    on
        subscriptions.valid_from < months.next_period
        and (subscriptions.valid_to >= months.next_period or subscriptions.valid_to is null)
group by subscriptions.company_id, months.period
having sum(subscriptions.monthly_amount) < 0
