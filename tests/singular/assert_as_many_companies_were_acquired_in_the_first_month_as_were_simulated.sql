-- No company of the first month was lost and none was added; the simulator's books have those of later months. A returned
-- row has the two numbers.
with

simulation as (

    select * from {{ ref('stg_simulation') }}

),

companies as (

    select * from {{ ref('stg_companies') }}

),

-- One row, whatever there is.
counted as (

    select
        (
            select count(*)
            from companies
            where acquired_at < (select cast(first_period + interval '1 month' as timestamp) from simulation)
        ) as loaded,
        (select companies from simulation) as simulated

),

different as (

    select *
    from counted
    where loaded is distinct from simulated

)

select * from different
