-- Each change of a price is of a size that stg_plans lists, to 0 or more, on the first day of a month, and the only one
-- of the size in that month. A returned row is one that is not: of two in a month the later day counts, another day
-- counts as the first, all else does not count.
{{ config(enabled=not var('simulated') and var('customers_are') == 'active', severity=var('input_severity')) }}

with

plans as (

    select * from {{ every_row('stg_plans') }}

),

price_changes as (

    select
        company_size,
        monthly_price,
        period,
        count(*) over (partition by company_size, date_trunc('month', period)) as changes_in_month
    from {{ every_row('stg_price_changes') }}

)

select price_changes.*
from price_changes
left join plans on price_changes.company_size = plans.company_size
where
    plans.company_size is null
    or (price_changes.monthly_price >= 0) is not true
    or (price_changes.period = cast(date_trunc('month', price_changes.period) as date)) is not true
    or price_changes.changes_in_month > 1
