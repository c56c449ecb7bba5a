-- In each month a size costs what its last change of price up to then says, or else what its plan says, and revenue is
-- counted with that. A returned row is a month and size with another price.
{{ config(enabled=var('customers_are') == 'active') }}

with

revenue as (

    select * from {{ ref('fct_revenue') }}

),

plans as (

    select * from {{ input('stg_plans') }}

),

price_changes as (

    select * from {{ input('stg_price_changes') }}

),

last_changes as (

    select
        revenue.period,
        revenue.company_size,
        max(price_changes.period) as changed_in
    from revenue
    inner join price_changes
        on revenue.company_size = price_changes.company_size and revenue.period >= price_changes.period
    group by revenue.period, revenue.company_size

),

different as (

    select
        revenue.period,
        revenue.company_size,
        revenue.monthly_price,
        plans.monthly_price as price_of_the_plan,
        price_changes.monthly_price as changed_price
    from revenue
    left join plans on revenue.company_size = plans.company_size
    left join last_changes
        on revenue.period = last_changes.period and revenue.company_size = last_changes.company_size
    left join price_changes
        on last_changes.company_size = price_changes.company_size and last_changes.changed_in = price_changes.period
    where revenue.monthly_price is distinct from coalesce(price_changes.monthly_price, plans.monthly_price)

)

select * from different
