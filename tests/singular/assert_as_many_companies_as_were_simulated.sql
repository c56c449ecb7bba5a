-- No company was lost and none was added. A returned row has the two numbers.
with

simulation as (

    select * from {{ ref('stg_simulation') }}

),

companies as (

    select count(*) as companies from {{ ref('stg_companies') }}

),

different as (

    select
        simulation.companies as simulated,
        companies.companies as loaded
    from companies
    left join simulation on companies.companies is not null
    where companies.companies is distinct from simulation.companies

)

select * from different
