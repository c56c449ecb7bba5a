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
        {% if customers_are_subscribed() -%}
            cast(mrr as numeric(18, 2)) as revenue
        {%- else -%}
            cast(active_companies * monthly_price as numeric(18, 2)) as revenue
        {%- endif %}
    from month_sizes

)

select * from revenue
