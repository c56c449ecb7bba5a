with recursive

simulation as (

    select * from {{ ref('stg_simulation') }}

),

-- The calendar is the simulation's: neither today's date nor the last session seen says when it ends.
months as (

    select
        first_period as period,
        cast(first_period + interval '1 month' as date) as next_period,
        cast(1 as bigint) as period_number
    from simulation

    union all

    select
        months.next_period as period,
        cast(months.next_period + interval '1 month' as date) as next_period,
        months.period_number + 1 as period_number
    from months
    cross join simulation
    where months.period_number < simulation.months

)

select * from months
