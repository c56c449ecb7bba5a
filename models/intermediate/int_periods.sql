with recursive

simulation as (

    select * from {{ ref('stg_simulation') }}

),

-- The calendar is the simulation's: neither today's date nor the last session seen says when it ends.
periods as (

    select
        first_period as period,
        cast(first_period + interval '1 month' as date) as next_period,
        cast(1 as bigint) as period_number
    from simulation

    union all

    select
        periods.next_period as period,
        cast(periods.next_period + interval '1 month' as date) as next_period,
        periods.period_number + 1 as period_number
    from periods
    cross join simulation
    where periods.period_number < simulation.months

)

select * from periods
