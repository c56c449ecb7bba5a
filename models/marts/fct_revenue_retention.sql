with

months as (

    select * from {{ ref('int_months') }}

),

month_prices as (

    select * from {{ ref('int_month_prices') }}

),

steps as (

    select * from {{ ref('int_mrr_steps') }}

),

paid as (

    select
        period,
        company_size,
        sum(mrr) as opening_mrr
    from steps
    group by period, company_size

),

-- What the companies that paid then pay now, from point to point: what was between does not matter. And no more of each
-- than it paid then.
since_1m as (

    select
        period,
        company_size_1m as company_size,
        sum(mrr) as kept_mrr,
        sum(capped_mrr_1m) as capped_mrr
    from steps
    group by period, company_size_1m

),

since_12m as (

    select
        period,
        company_size_12m as company_size,
        sum(mrr) as kept_mrr,
        sum(capped_mrr_12m) as capped_mrr
    from steps
    group by period, company_size_12m

),

-- Before there was such a month, nothing is known.
retained as (

    select
        {%- for ago in (1, 12) %}
            case when months.period_number > {{ ago }} then coalesce(paid_{{ ago }}m.opening_mrr, 0) end
                as opening_mrr_{{ ago }}m,
            case when months.period_number > {{ ago }} then coalesce(since_{{ ago }}m.kept_mrr, 0) end
                as kept_mrr_{{ ago }}m,
            case when months.period_number > {{ ago }} then coalesce(since_{{ ago }}m.capped_mrr, 0) end
                as capped_mrr_{{ ago }}m,
        {%- endfor %}
        month_prices.period,
        month_prices.company_size
    from month_prices
    inner join months on month_prices.period = months.period
    {%- for ago in (1, 12) %}
        left join paid as paid_{{ ago }}m
            on
                cast(month_prices.period - interval '{{ ago }} month' as date) = paid_{{ ago }}m.period
                and month_prices.company_size = paid_{{ ago }}m.company_size
        left join since_{{ ago }}m
            on
                month_prices.period = since_{{ ago }}m.period
                and month_prices.company_size = since_{{ ago }}m.company_size
    {%- endfor %}

),

revenue_retention as (

    select
        period,
        company_size,
        cast(opening_mrr_1m as numeric(18, 2)) as opening_mrr_1m,
        cast(kept_mrr_1m as numeric(18, 2)) as kept_mrr_1m,
        cast(capped_mrr_1m as numeric(18, 2)) as capped_mrr_1m,
        {{ ratio('kept_mrr_1m', 'opening_mrr_1m') }} as net_revenue_retention_1m,
        {{ ratio('capped_mrr_1m', 'opening_mrr_1m') }} as gross_revenue_retention_1m,
        cast(opening_mrr_12m as numeric(18, 2)) as opening_mrr_12m,
        cast(kept_mrr_12m as numeric(18, 2)) as kept_mrr_12m,
        cast(capped_mrr_12m as numeric(18, 2)) as capped_mrr_12m,
        {{ ratio('kept_mrr_12m', 'opening_mrr_12m') }} as net_revenue_retention_12m,
        {{ ratio('capped_mrr_12m', 'opening_mrr_12m') }} as gross_revenue_retention_12m
    from retained

)

select * from revenue_retention
