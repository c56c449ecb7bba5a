with

months as (

    select * from {{ ref('int_months') }}

),

plans as (

    select * from {{ input('stg_plans') }}

),

-- A price holds until the next one of the size.
price_changes as (

    select
        company_size,
        monthly_price,
        period,
        lead(period) over (partition by company_size order by period) as next_period
    from {{ input('stg_price_changes') }}

),

-- Until its first change a size has the price of its plan.
month_prices as (

    select
        months.period,
        plans.company_size,
        coalesce(price_changes.monthly_price, plans.monthly_price) as monthly_price
    from months
    cross join plans
    left join price_changes
        on
            plans.company_size = price_changes.company_size
            and months.period >= price_changes.period
            and (months.period < price_changes.next_period or price_changes.next_period is null)

)

select * from month_prices
