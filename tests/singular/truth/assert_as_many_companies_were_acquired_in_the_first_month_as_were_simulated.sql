-- No company of the first month was lost and none was added; the simulator's books have those of later months. A
-- returned row has the two numbers.
{{ config(enabled=var('simulated')) }}

with

simulation as (

    select * from {{ ref('stg_simulation') }}

),

companies as (

    select * from {{ ref('stg_companies') }}

),

acquired as (

    select count(*) as companies
    from companies
    inner join simulation
        on companies.acquired_at < cast(simulation.first_period + interval '1 month' as timestamp)

),

counted as (

    select
        simulation.companies as simulated,
        acquired.companies as loaded
    from acquired
    left join simulation on acquired.companies is not null

),

different as (

    select *
    from counted
    where loaded is distinct from simulated

)

select * from different
