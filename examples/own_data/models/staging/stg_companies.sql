-- All customers there ever were: who closed the account is one too, or the month in which it left would not show it.
with

customers as (

    select * from {{ ref('customers') }}

),

renamed as (

    select
        id as company_id,
        name as company_name,
        plan_at_signup as company_size,
        signed_up_at as acquired_at
    from customers

)

select * from renamed
