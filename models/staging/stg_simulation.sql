{{ config(enabled=var('simulated')) }}

with

simulation as (

    select * from {{ source('raw', 'simulation') }}

),

renamed as (

    select
        ---------- numbers
        cast(seed as bigint) as seed,
        cast(companies as bigint) as companies,
        cast(months as bigint) as months,
        cast(stream_version as bigint) as stream_version,

        ---------- text
        scenario,
        faults,

        ---------- times
        cast(first_month as date) as first_period

    from simulation

)

select * from renamed
