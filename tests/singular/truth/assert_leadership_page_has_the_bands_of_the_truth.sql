-- Around each KPI of the leadership page is the band that was to be expected. A returned row is one that only the page
-- or only the truth has so.
{{ config(enabled=var('simulated')) }}
{%- set kpis = var('page_kpis') %}
with

page as (

    select * from {{ ref('rpt_leadership_page') }}

),

expected as (

    select
        period,
        company_size,
        kpi,
        lower_95,
        upper_95
    from {{ source('truth', 'expected_kpis') }}
    where kpi in ('{{ kpis | join("', '") }}')

),

bands as (

    {% for kpi in kpis %}
        select
            period,
            company_size,
            '{{ kpi }}' as kpi,
            {{ kpi }}_lower_95 as lower_95,
            {{ kpi }}_upper_95 as upper_95
        from page
        where {{ kpi }}_lower_95 is not null or {{ kpi }}_upper_95 is not null
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}

),

different as (

    (
        select * from bands
        except
        select * from expected
    )
    union all
    (
        select * from expected
        except
        select * from bands
    )

)

select * from different
