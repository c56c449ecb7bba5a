with

calendar as (

    select * from {{ input('stg_calendar') }}

),

digits as (

    select digits.digit from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as digits (digit)

),

-- Every number of up to four digits, put together and not counted up: Spark gives a recursion up after 100 steps, and a
-- simulation may have 1,200 months.
numbers as (

    select thousands.digit * 1000 + hundreds.digit * 100 + tens.digit * 10 + ones.digit as months_before
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join digits as thousands

),

-- The calendar is given: neither today's date nor the last session seen says when it ends.
months as (

    select
        cast(calendar.first_period + numbers.months_before * interval '1 month' as date) as period,
        cast(calendar.first_period + (numbers.months_before + 1) * interval '1 month' as date) as next_period,
        cast(numbers.months_before + 1 as bigint) as period_number
    from calendar
    inner join numbers on calendar.months > numbers.months_before

)

select * from months
