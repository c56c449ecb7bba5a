-- In each month a company is of the size of its last change up to then, or else of that of its acquisition. A returned
-- row is a company and month in which it is of another. Counts cannot tell, because each company is counted somewhere.
with

companies as (

    select * from {{ input('stg_companies') }}

),

plan_changes as (

    select * from {{ input('stg_plan_changes') }}

),

-- Only of companies that have changed: they are few. Not through an import at the top: PostgreSQL would first copy all
-- that is read more than once.
last_changes as (

    select
        company_months.company_id,
        company_months.period,
        max(plan_changes.period) as changed_in
    from {{ ref('int_company_months') }} as company_months
    inner join plan_changes
        on company_months.company_id = plan_changes.company_id and company_months.period >= plan_changes.period
    group by company_months.company_id, company_months.period

),

different as (

    select
        company_months.*,
        companies.company_size as loaded_size,
        plan_changes.company_size as changed_size
    from {{ ref('int_company_months') }} as company_months
    inner join companies on company_months.company_id = companies.company_id
    left join last_changes
        on company_months.company_id = last_changes.company_id and company_months.period = last_changes.period
    left join plan_changes
        on last_changes.company_id = plan_changes.company_id and last_changes.changed_in = plan_changes.period
    where company_months.company_size is distinct from coalesce(plan_changes.company_size, companies.company_size)

)

select * from different
