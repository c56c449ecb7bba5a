{#
    Whether dbt makes an incremental model anew. It also does where an older version of this project made its table, with
    other columns than the model has now: no month of it could be told from one that is right.
-#}
{% macro should_full_refresh() %}
    {{ return(dbt.should_full_refresh() or is_of_another_version(this)) }}
{% endmacro %}


{# Whether a table of an incremental model has other columns than those that its model describes, or says it has too. #}
{% macro is_of_another_version(table) %}
    {%- set found = load_relation(table) if execute and config.get('materialized') == 'incremental' else none -%}
    {%- if found is none -%}
        {{ return(false) }}
    {%- endif -%}
    {#- Asked several times of each model; adapter.get_columns_in_relation makes a context of all macros each time. -#}
    {%- set names = run_query('select * from ' ~ found ~ ' limit 0').column_names | map('lower') | list -%}
    {%- set columns = model.columns.keys() | list + config.get('meta', {}).get('columns', []) -%}
    {{ return(names | sort != columns | sort) }}
{% endmacro %}
