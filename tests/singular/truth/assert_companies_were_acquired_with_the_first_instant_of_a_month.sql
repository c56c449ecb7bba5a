-- Companies are acquired with the first instant of a month of the simulation. A returned row is a company that was not.
{{ config(enabled=var('simulated')) }}

with

companies as (

    select * from {{ ref('stg_companies') }}

),

months as (

    select * from {{ ref('int_months') }}

),

elsewhere as (

    select companies.*
    from companies
    left join months on companies.acquired_at = cast(months.period as timestamp)
    where months.period is null

)

select * from elsewhere
