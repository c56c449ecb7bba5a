{#
    The readers of a model, which its config `grants` names, as far as they are there: a server without bi_reader is
    built all the same. Granted in the transaction that puts the table in its place, so nobody is locked out between.
-#}
{% macro postgres__apply_grants(relation, grant_config, should_revoke=True) %}
    {%- set readers = existing_roles(grant_config.get('select', [])) -%}
    {%- if readers -%}
        {{ default__apply_grants(relation, {'select': readers}, should_revoke) }}
    {%- endif -%}
{% endmacro %}

{# DuckDB and Spark have no roles. #}
{% macro duckdb__apply_grants(relation, grant_config, should_revoke=True) %}
{% endmacro %}

{% macro spark__apply_grants(relation, grant_config, should_revoke=True) %}
{% endmacro %}


{# After a run: let bi_reader into the schema of the marts, or say how to make it. #}
{% macro let_bi_reader_in() %}
    {%- if execute and target.type == 'postgres' and flags.WHICH in ['build', 'run'] -%}
        {%- if existing_roles(['bi_reader']) -%}
            grant usage on schema {{ adapter.quote(generate_schema_name('marts')) }} to bi_reader
        {%- else -%}
            {%- do log('This server has no role bi_reader for BI tools; bi/postgres/bi_reader.sql says how to make it.',
                       info=True) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{# Those of some roles that a PostgreSQL server has. #}
{% macro existing_roles(names) %}
    {%- set roles -%}
        select rolname from pg_roles where rolname in ('{{ names | join("', '") }}') order by rolname
    {%- endset -%}
    {{ return(run_query(roles).columns[0].values() | list) }}
{% endmacro %}
