-- The companies of a simulation are numbered 1, 2, 3, … A returned row is one with a number beyond how many there are;
-- together with their number and the uniqueness of the ids that leaves no gap.
with

companies as (

    select * from {{ ref('stg_companies') }}

),

simulation as (

    select * from {{ ref('stg_simulation') }}

),

misnumbered as (

    select companies.*
    from companies
    cross join simulation
    where (companies.company_id between 1 and simulation.companies) is not true

)

select * from misnumbered
