-- On Spark a load switches one table after the other, and one that is killed meanwhile leaves a mix of two loads. A
-- returned row is a table with its load, where not all are of the same one. Other engines switch all tables at once.
{{ config(enabled=var('simulated') and target.type == 'spark') }}

{%- set tables = [
    source('raw', 'companies'), source('raw', 'loaded_months'), source('raw', 'plan_changes'), source('raw', 'plans'),
    source('raw', 'price_changes'), source('raw', 'sessions'), source('raw', 'simulation'), source('truth', 'expected_kpis'), source('truth', 'injected_faults'),
    source('truth', 'monthly_kpis'), source('truth', 'mrr_movements'),
] %}
with

loads as (

    {% for table in tables %}
        select
            '{{ table.identifier }}' as table_name,
            '
            {%- for property in (run_query('show tblproperties ' ~ table).rows if execute else [])
                    if property[0] == 'seed_generator.load' -%}
                {{ property[1] }}
            {%- endfor -%}
            ' as load
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

mixed as (

    select *
    from loads
    where (select count(distinct load) from loads) > 1

)

select * from mixed
