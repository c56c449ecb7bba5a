-- What the simulator did not fill has no truth: then there are no bands and no books to compare with, and no seed.
{%- set kpis = var('page_kpis') %}
{%- set simulated = var('simulated') %}
{%- set has_bands = simulated and load_relation(source('truth', 'expected_kpis')) %}
{%- set has_books = simulated and load_relation(source('truth', 'monthly_kpis')) %}
{%- set cell = 'period, company_size, acquired_companies, opening_companies, churned_companies, active_companies,'
    ~ ' sessions, monthly_price, revenue, newly_acquired_companies, kept_companies, returned_companies,'
    ~ ' moved_in_companies, moved_out_companies, active_of_acquired_companies' %}
with

monthly_kpis as (

    select * from {{ ref('rpt_monthly_kpis') }}

),

simulation as (

    select * from {{ ref('stg_simulation') if simulated else '(select cast(null as bigint) as seed) as nothing' }}

),

expected_kpis as (

    {% if has_bands -%}
        select * from {{ source('truth', 'expected_kpis') }}
    {%- else -%}
        select
            *,
            '' as kpi,
            0 as lower_95,
            0 as upper_95
        from monthly_kpis
        where false
    {%- endif %}

),

books as (

    select * from {{ source('truth', 'monthly_kpis') if has_books else 'monthly_kpis' }}
    where {{ 'true' if has_books else 'false' }}

),

bands as (

    select
        {%- for kpi in kpis %}
            max(case when kpi = '{{ kpi }}' then lower_95 end) as {{ kpi }}_lower_95,
            max(case when kpi = '{{ kpi }}' then upper_95 end) as {{ kpi }}_upper_95,
        {%- endfor %}
        period,
        company_size
    from expected_kpis
    group by period, company_size

),

-- The cells of the books, month by size, that the report has too: to the company, the session and the cent.
same_cells as (

    select {{ cell }} from books
    intersect
    select {{ cell }} from monthly_kpis

),

agreement as (

    select
        (select count(*) from same_cells) as cells_as_in_the_books,
        (select count(*) from books) as cells_in_the_books

),

leadership_page as (

    select
        monthly_kpis.period,
        monthly_kpis.company_size,
        monthly_kpis.monthly_price,
        monthly_kpis.acquired_companies,
        monthly_kpis.opening_companies,
        monthly_kpis.kept_companies,
        monthly_kpis.churned_companies,
        monthly_kpis.active_companies,
        monthly_kpis.sessions,
        {%- for kpi in kpis %}
            monthly_kpis.{{ kpi }},
            cast(bands.{{ kpi }}_lower_95 as numeric(28, 8)) as {{ kpi }}_lower_95,
            cast(bands.{{ kpi }}_upper_95 as numeric(28, 8)) as {{ kpi }}_upper_95,
        {%- endfor %}
        agreement.cells_as_in_the_books,
        agreement.cells_in_the_books,
        simulation.seed
    from monthly_kpis
    cross join simulation
    cross join agreement
    left join bands
        on monthly_kpis.period = bands.period and monthly_kpis.company_size = bands.company_size

)

select * from leadership_page
