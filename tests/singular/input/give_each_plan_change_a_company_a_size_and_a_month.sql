-- Each change of a plan is of a company that is there, to a size that stg_plans lists, on the first day of a month, and
-- the only one of the company in that month. A returned row is one that is not: of two in a month the later day counts,
-- another day counts as the first, all else does not count.
{{ config(enabled=not var('simulated'), severity=var('input_severity')) }}

with

companies as (

    select * from {{ every_row('stg_companies') }}

),

plans as (

    select * from {{ every_row('stg_plans') }}

),

plan_changes as (

    select
        company_id,
        company_size,
        period,
        count(*) over (partition by company_id, date_trunc('month', period)) as changes_in_month
    from {{ every_row('stg_plan_changes') }}

)

select plan_changes.*
from plan_changes
left join companies on plan_changes.company_id = companies.company_id
left join plans on plan_changes.company_size = plans.company_size
where
    companies.company_id is null
    or plans.company_size is null
    or (plan_changes.period = cast(date_trunc('month', plan_changes.period) as date)) is not true
    or plan_changes.changes_in_month > 1
