-- The app writes the time of its office in New York. A month is one of UTC, so a late evening may be in the next one.
with

events as (

    select * from {{ ref('events') }}

),

renamed as (

    select
        id as session_id,
        customer_id as company_id,
        occurred_at at time zone 'America/New_York' at time zone 'UTC' as created_at
    from events
    where kind = 'login'

)

select * from renamed
