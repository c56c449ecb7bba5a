-- In a scenario without reactivation a company that was silent in a month, the one of its acquisition too, stays away.
-- A returned row is a company in a month in which it came back.
{{ config(enabled=var('simulated')) }}

with

company_months as (

    select * from {{ ref('int_company_months') }}

),

simulation as (

    select * from {{ ref('stg_simulation') }}

),

returned as (

    select company_months.*
    from company_months
    cross join simulation
    where
        company_months.opening_company_size is null
        and simulation.scenario not like '%"reactivation"%'

)

select * from returned
