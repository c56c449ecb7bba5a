-- A company changes its plan in a month of the simulation, to another size than it held in the month before, in which
-- it was active. A returned row is a change that no customer made. The books have nothing of a change before or after
-- the simulation, or of a company that never comes back.
{{ config(enabled=var('simulated')) }}

with

plan_changes as (

    select * from {{ ref('stg_plan_changes') }}

),

months as (

    select * from {{ ref('int_months') }}

),

company_months as (

    select * from {{ ref('int_company_months') }}

),

of_no_customer as (

    select
        plan_changes.*,
        company_months.company_size as size_in_the_month_before
    from plan_changes
    left join months on plan_changes.period = months.period
    left join company_months
        on
            plan_changes.company_id = company_months.company_id
            and plan_changes.period = cast(company_months.period + interval '1 month' as date)
    where
        months.period is null
        or company_months.company_id is null
        or company_months.company_size = plan_changes.company_size

)

select * from of_no_customer
