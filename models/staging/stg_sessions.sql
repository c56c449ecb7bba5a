with

sessions as (

    select * from {{ source('raw', 'sessions') }}

),

renamed as (

    select
        ---------- ids
        cast(session_id as bigint) as session_id,
        cast(company_id as bigint) as company_id,

        ---------- times
        cast(created_at as timestamp) as created_at

    from sessions

)

select * from renamed
