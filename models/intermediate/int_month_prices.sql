with

months as (

    select * from {{ ref('int_months') }}

),

plans as (

    select * from {{ input('stg_plans') }}

),

{% if not customers_are_subscribed() -%}
-- A price holds until the next one of the size.
price_changes as (

    select
        company_size,
        monthly_price,
        period,
        lead(period) over (partition by company_size order by period) as next_period
    from {{ input('stg_price_changes') }}

),

{% endif -%}
-- Until its first change a size has the price of its plan. Subscriptions have amounts of their own.
month_prices as (

    select
        months.period,
        plans.company_size,
        {% if customers_are_subscribed() -%}
            cast(null as numeric(10, 2)) as monthly_price
        {%- else -%}
            coalesce(price_changes.monthly_price, plans.monthly_price) as monthly_price
        {%- endif %}
    from months
    cross join plans
    {% if not customers_are_subscribed() -%}
    left join price_changes
        on
            plans.company_size = price_changes.company_size
            and months.period >= price_changes.period
            and (months.period < price_changes.next_period or price_changes.next_period is null)
    {%- endif %}

)

select * from month_prices
