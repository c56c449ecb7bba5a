-- From the first month with a customer to the last complete one, which is said here and does not follow from today.
with

calendar as (

    select
        cast('2024-01-01' as date) as first_period,
        6 as months

)

select * from calendar
