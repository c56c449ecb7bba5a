with

month_sizes as (

    select * from {{ ref('int_month_sizes') }}

),

-- Only the active pay: the month in which a company churns is not billed. Subscriptions have amounts of their own.
revenue as (

    select
        period,
        company_size,
        active_companies,
        monthly_price,
        cast({{ 'mrr' if customers_are_subscribed() else 'active_companies * monthly_price' }} as numeric(18, 2)) as revenue
    from month_sizes

)

select * from revenue
