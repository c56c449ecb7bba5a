-- The leadership page has the rows and figures of the report, no more and no less. A returned row is one that only one
-- of the two has so; of a page without a row that is every row of the report.
{%- set columns = [
    'period', 'company_size', 'monthly_price', 'acquired_companies', 'opening_companies', 'kept_companies',
    'churned_companies', 'active_companies', 'sessions',
] + var('page_kpis') %}
with

page as (

    select {{ columns | join(', ') }} from {{ ref('rpt_leadership_page') }}

),

report as (

    select {{ columns | join(', ') }} from {{ ref('rpt_monthly_kpis') }}

),

different as (

    (
        select * from page
        except
        select * from report
    )
    union all
    (
        select * from report
        except
        select * from page
    )

)

select * from different
