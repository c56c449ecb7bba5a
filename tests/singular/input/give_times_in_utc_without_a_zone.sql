-- Times have no zone and are those of UTC: with a zone, a month would begin whenever it does where the database is. A
-- returned row has the columns whose type has a zone.
{{ config(enabled=not var('simulated'), severity=var('input_severity')) }}

{%- set zoned = [] %}
{%- for name, column in [('stg_companies', 'acquired_at'), ('stg_sessions', 'created_at')] %}
    {%- set rows = rows_of(name) %}
    {%- for found in (adapter.get_columns_in_relation(rows) if execute else []) if found.name == column %}
        {%- if 'zone' in found.dtype | lower and 'without' not in found.dtype | lower %}
            {%- do zoned.append(name ~ '.' ~ column) %}
        {%- endif %}
    {%- endfor %}
{%- endfor %}
with

zoned as (

    select '{{ zoned | join(', ') }}' as columns_with_a_zone

)

select *
from zoned
where columns_with_a_zone <> ''
