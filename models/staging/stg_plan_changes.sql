with

plan_changes as (

    select * from {{ source('raw', 'plan_changes') }}

),

renamed as (

    select
        ---------- ids
        cast(company_id as bigint) as company_id,

        ---------- text
        company_size,

        ---------- times
        cast(period as date) as period

    from plan_changes

)

select * from renamed
