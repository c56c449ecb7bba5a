-- Retention counts as churned the companies that fell silent, one by one, and the dimension has of each the last time.
-- A returned row is a month and size for which retention counts others, or a company with another month in the
-- dimension.
with

churns as (

    select * from {{ ref('int_churns') }}

),

retention as (

    select * from {{ ref('fct_retention') }}

),

dim_companies as (

    select * from {{ ref('dim_companies') }}

),

counted as (

    select
        period,
        company_size,
        count(*) as churned_companies
    from churns
    group by period, company_size

),

last_churns as (

    select
        company_id,
        max(period) as period
    from churns
    group by company_id

),

-- Who has come back since is a customer.
expected as (

    select
        dim_companies.company_id,
        dim_companies.churned_period,
        case when dim_companies.last_active_period > last_churns.period then null else last_churns.period end as period
    from dim_companies
    left join last_churns on dim_companies.company_id = last_churns.company_id

),

different as (

    select
        coalesce(counted.period, retention.period) as period,
        coalesce(counted.company_size, retention.company_size) as company_size,
        cast(null as {{ company_id_type() }}) as company_id
    from counted
    full outer join retention
        on counted.period = retention.period and counted.company_size = retention.company_size
    where coalesce(counted.churned_companies, 0) <> coalesce(retention.churned_companies, 0)

    union all

    select
        churned_period as period,
        cast(null as {{ dbt.type_string() }}) as company_size,
        company_id
    from expected
    where churned_period is distinct from period

)

select * from different
