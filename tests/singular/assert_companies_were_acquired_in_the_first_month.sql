-- All customers were acquired with the first instant of the first month. A returned row is a company that was not.
with

companies as (

    select * from {{ ref('stg_companies') }}

),

simulation as (

    select * from {{ ref('stg_simulation') }}

),

elsewhere as (

    select companies.*
    from companies
    cross join simulation
    where companies.acquired_at is distinct from cast(simulation.first_period as timestamp)

)

select * from elsewhere
