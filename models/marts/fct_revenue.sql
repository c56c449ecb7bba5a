with

period_sizes as (

    select * from {{ ref('int_period_sizes') }}

),

plans as (

    select * from {{ ref('stg_plans') }}

),

-- Only the active pay: the month in which a company churns is not billed.
revenue as (

    select
        period_sizes.period,
        period_sizes.company_size,
        period_sizes.active_companies,
        plans.monthly_price,
        cast(period_sizes.active_companies * plans.monthly_price as numeric(18, 2)) as revenue
    from period_sizes
    inner join plans on period_sizes.company_size = plans.company_size

)

select * from revenue
