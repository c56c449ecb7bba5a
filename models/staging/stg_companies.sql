with

companies as (

    select * from {{ source('raw', 'companies') }}

),

renamed as (

    select
        ---------- ids
        cast(company_id as bigint) as company_id,

        ---------- text
        company_name,
        company_size,

        ---------- times
        cast(created_at as timestamp) as acquired_at

    from companies

)

select * from renamed
