with

price_changes as (

    select * from {{ source('raw', 'price_changes') }}

),

renamed as (

    select
        ---------- text
        company_size,

        ---------- numbers
        cast(monthly_price as numeric(10, 2)) as monthly_price,

        ---------- times
        cast(period as date) as period

    from price_changes

)

select * from renamed
