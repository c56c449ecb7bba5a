-- A subscription that came or was corrected later than the build looks back does not count until `dbt build --full-
-- refresh`, or until its months get other stamps. A returned row is a month in which customers pay something else than
-- was counted.
{{ config(enabled=not var('simulated') and var('customers_are') == 'subscribed', severity=var('input_severity')) }}

with

subscriptions as (

    select * from {{ input('stg_subscriptions') }}

),

months as (

    select * from {{ ref('int_months') }}

),

companies as (

    select
        company_id,
        cast(date_trunc('month', acquired_at) as date) as acquired_period
    from {{ input('stg_companies') }}

),

paid as (

    select
        subscriptions.company_id,
        months.period,
        greatest(sum(subscriptions.monthly_amount), 0) as mrr
    from subscriptions
    inner join companies on subscriptions.company_id = companies.company_id
    inner join months
        on
            subscriptions.valid_from < months.next_period
            and (subscriptions.valid_to >= months.next_period or subscriptions.valid_to is null)
            and companies.acquired_period <= months.period
    group by subscriptions.company_id, months.period

),

there as (

    select
        period,
        count(*) as customers,
        sum(mrr) as mrr
    from paid
    group by period

),

counted as (

    select
        period,
        count(*) as customers,
        sum(mrr) as mrr
    from {{ ref('int_company_months') }}
    group by period

)

select
    coalesce(there.period, counted.period) as period,
    there.customers,
    counted.customers as counted_customers,
    there.mrr,
    counted.mrr as counted_mrr
from there
full outer join counted on there.period = counted.period
where there.customers is distinct from counted.customers or there.mrr is distinct from counted.mrr
