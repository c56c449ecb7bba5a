-- Every company and month was read from the load that wrote the month last. A returned row is left from another load,
-- which a build should have read again or removed.
{{ config(enabled=var('has_loaded_months', var('simulated'))) }}

with

company_months as (

    select * from {{ ref('int_company_months') }}

),

loaded_months as (

    select * from {{ input('stg_loaded_months') }}

),

outdated as (

    select company_months.*
    from company_months
    left join loaded_months
        on company_months.period = loaded_months.period and company_months.loaded_at = loaded_months.loaded_at
    where loaded_months.period is null

)

select * from outdated
