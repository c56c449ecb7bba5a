with

plans as (

    select * from {{ source('raw', 'plans') }}

),

renamed as (

    select
        ---------- text
        company_size,

        ---------- numbers
        cast(monthly_price as numeric(10, 2)) as monthly_price

    from plans

)

select * from renamed
