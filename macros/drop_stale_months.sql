{#
    Where months are partitions, those that were read have taken the place of the same months, and this drops the ones
    that are gone or were loaded anew without a session.
-#}
{% macro drop_stale_months(model) -%}
    {%- set stale -%}
        select period from ({{ months_read(model) }}) as months_read
        where (period, loaded_at) not in (select period, loaded_at from {{ loaded_months() }})
        order by period
    {%- endset -%}
    {%- set periods = run_query(stale).columns['period'].values() if execute else [] -%}
    {%- if periods -%}
        alter table {{ model }} drop if exists
        {% for period in periods -%}
            partition (period = date '{{ period }}'){{ ', ' if not loop.last }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
