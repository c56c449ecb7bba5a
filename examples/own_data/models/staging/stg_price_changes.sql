-- The price list has not changed.
with

price_changes as (

    select
        cast(null as varchar(20)) as company_size,
        cast(null as numeric(10, 2)) as monthly_price,
        cast(null as date) as period

)

select * from price_changes
where false
