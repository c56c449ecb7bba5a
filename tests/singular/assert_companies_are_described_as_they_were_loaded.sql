-- The dimension calls a company what it is called in raw, with the same size and the price of its plan. A returned row
-- is a company of which it says something else.
with

companies as (

    select * from {{ ref('stg_companies') }}

),

plans as (

    select * from {{ ref('stg_plans') }}

),

dim_companies as (

    select * from {{ ref('dim_companies') }}

),

different as (

    select
        dim_companies.*,
        companies.company_name as loaded_name,
        companies.company_size as loaded_size,
        plans.monthly_price as price_of_plan
    from dim_companies
    inner join companies on dim_companies.company_id = companies.company_id
    left join plans on companies.company_size = plans.company_size
    where
        dim_companies.company_name is distinct from companies.company_name
        or dim_companies.company_size is distinct from companies.company_size
        or dim_companies.monthly_price is distinct from plans.monthly_price

)

select * from different
