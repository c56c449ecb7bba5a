-- A company is active in all months from the first of the simulation to its last active one: there are no gaps, and
-- nobody starts late. A returned row is a company that was away and came back.
with

company_months as (

    select * from {{ ref('int_company_months') }}

),

months as (

    select * from {{ ref('int_months') }}

),

last_active as (

    select
        company_months.company_id,
        count(*) as active_months,
        max(months.period_number) as last_period_number
    from company_months
    inner join months on company_months.period = months.period
    group by company_months.company_id

),

returned as (

    select *
    from last_active
    where active_months <> last_period_number

)

select * from returned
