-- Times have no zone and are those of UTC: with a zone, a month would begin whenever it does where the database is. A
-- returned row is a column whose type has a zone.
{{ config(enabled=not var('simulated'), severity=var('input_severity')) }}

{%- set zoned = [] %}
{%- for name, column in [('stg_companies', 'acquired_at'), ('stg_sessions', 'created_at')] %}
    {%- for found in adapter.get_columns_in_relation(rows_of(name)) if execute and found.name == column %}
        {%- if 'zone' in found.dtype | lower and 'without' not in found.dtype | lower %}
            {%- do zoned.append(name ~ '.' ~ column) %}
        {%- endif %}
    {%- endfor %}
{%- endfor %}
with

zoned as (

    {% for column in zoned -%}
        select '{{ column }}' as column_with_a_zone
        {% if not loop.last %}union all{% endif %}
    {%- else -%}
        select '' as column_with_a_zone
        where false
    {%- endfor %}

)

select * from zoned
