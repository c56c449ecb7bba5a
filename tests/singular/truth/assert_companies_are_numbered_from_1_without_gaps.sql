-- The companies of the first month are numbered 1, 2, 3, …, and those of the m-th so after m times 10,000,000,000. A
-- returned row is one with a number beyond how many its month has; together with their number and the uniqueness of the
-- ids that leaves no gap.
{{ config(enabled=var('simulated')) }}

with

companies as (

    select * from {{ ref('stg_companies') }}

),

months as (

    select * from {{ ref('int_months') }}

),

acquired as (

    select
        acquired_at,
        count(*) as companies
    from companies
    group by acquired_at

),

numbered as (

    select
        companies.company_id,
        companies.acquired_at,
        acquired.companies,
        companies.company_id
        - case when months.period_number > 1 then months.period_number * 10000000000 else 0 end as number_in_month
    from companies
    left join acquired on companies.acquired_at = acquired.acquired_at
    left join months on companies.acquired_at = cast(months.period as timestamp)

),

misnumbered as (

    select *
    from numbered
    where (number_in_month between 1 and companies) is not true

)

select * from misnumbered
