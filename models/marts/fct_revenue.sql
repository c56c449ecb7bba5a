with

month_sizes as (

    select * from {{ ref('int_month_sizes') }}

),

plans as (

    select * from {{ ref('stg_plans') }}

),

-- Only the active pay: the month in which a company churns is not billed.
revenue as (

    select
        month_sizes.period,
        month_sizes.company_size,
        month_sizes.active_companies,
        plans.monthly_price,
        cast(month_sizes.active_companies * plans.monthly_price as numeric(18, 2)) as revenue
    from month_sizes
    inner join plans on month_sizes.company_size = plans.company_size

)

select * from revenue
