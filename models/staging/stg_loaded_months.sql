{{ config(enabled=var('has_loaded_months', var('simulated'))) }}

with

loaded_months as (

    select * from {{ source('raw', 'loaded_months') }}

),

renamed as (

    select
        ---------- times
        cast(period as date) as period,
        cast(loaded_at as timestamp) as loaded_at

    from loaded_months

)

select * from renamed
