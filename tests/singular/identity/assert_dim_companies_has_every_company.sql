-- The dimension has every company that was acquired, the ones that were never active too, and no other. A returned row
-- is one that only one of the two has.
with

companies as (

    select * from {{ input('stg_companies') }}

),

dim_companies as (

    select * from {{ ref('dim_companies') }}

),

unmatched as (

    select
        companies.company_id,
        dim_companies.company_id as company_id_in_dimension
    from companies
    full outer join dim_companies on companies.company_id = dim_companies.company_id
    where companies.company_id is null or dim_companies.company_id is null

)

select * from unmatched
