with

price_list as (

    select * from {{ ref('price_list') }}

),

renamed as (

    select
        plan as company_size,
        monthly_price
    from price_list

)

select * from renamed
