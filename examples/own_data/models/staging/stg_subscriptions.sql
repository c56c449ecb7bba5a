-- A subscription ends on its first day without service. Amounts are in one currency, as a test of subscriptions says.
with

subscriptions as (

    select * from {{ ref('subscriptions') }}

),

renamed as (

    select
        customer_id as company_id,
        starts_on as valid_from,
        ends_on as valid_to,
        monthly_amount
    from subscriptions

)

select * from renamed
