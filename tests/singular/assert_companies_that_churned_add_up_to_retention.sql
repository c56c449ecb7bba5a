-- As many companies have a month as their month of churn as retention says. A returned row is a month and size for
-- which it is not so.
with

companies as (

    select
        churned_period as period,
        company_size,
        count(*) as churned_companies
    from {{ ref('dim_companies') }}
    where churned_period is not null
    group by churned_period, company_size

),

retention as (

    select * from {{ ref('fct_retention') }}

),

different as (

    select
        coalesce(companies.period, retention.period) as period,
        coalesce(companies.company_size, retention.company_size) as company_size,
        companies.churned_companies as in_dimension,
        retention.churned_companies as in_retention
    from companies
    full outer join retention
        on companies.period = retention.period and companies.company_size = retention.company_size
    where coalesce(companies.churned_companies, 0) <> coalesce(retention.churned_companies, 0)

)

select * from different
