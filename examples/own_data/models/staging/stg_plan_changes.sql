-- A change counts for the month in which it was made, whatever the day.
with

plan_history as (

    select * from {{ ref('plan_history') }}

),

renamed as (

    select
        customer_id as company_id,
        plan as company_size,
        cast(date_trunc('month', changed_on) as date) as period
    from plan_history

)

select * from renamed
