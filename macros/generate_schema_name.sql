{#
    The layer's schema, exactly so on every engine, and not `target_layer` as dbt would have it. SCHEMA_PREFIX keeps
    sandboxes and parallel tests apart. Where this project is installed in another one, names are made as there.
-#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if project_name not in ['saas_kpis', node.package_name] -%}
        {%- set as_there = (context.get(project_name) or {}).get('generate_schema_name', dbt.generate_schema_name) -%}
        {{ return(as_there(custom_schema_name, node)) }}
    {%- endif -%}
    {%- do refuse_a_service() -%}
    {%- set prefix = schema_prefix() -%}
    {%- if custom_schema_name is none -%}
        {{ target.schema }}
    {%- else -%}
        {{ prefix }}{{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro %}


{# What the environment puts before every schema name: what seed_generator refuses is refused here in the same words. #}
{% macro schema_prefix() -%}
    {%- set prefix = env_var('SCHEMA_PREFIX', '') -%}
    {%- if not modules.re.fullmatch('((?!pg_)[a-z_][a-z0-9_]{0,31})?', prefix) -%}
        {{ exceptions.raise_compiler_error(
            'the environment variable SCHEMA_PREFIX must be lower-case letters, digits and underscores, not a digit or pg_'
            ~ ' first, at most 32, not ' ~ prefix ~ '.'
        ) }}
    {%- endif -%}
    {{ return(prefix) }}
{%- endmacro %}


{# dbt gives libpq a host, a port, a user and a database, and if they are empty libpq takes nothing from a service. #}
{% macro refuse_a_service() -%}
    {%- if target.type == 'postgres' and not target.host and env_var('PGSERVICE', '') -%}
        {{ exceptions.raise_compiler_error(
            'dbt does not follow PGSERVICE: set PGHOST, PGPORT, PGUSER and PGDATABASE to what the service says instead, as'
            ~ ' the last line of python -m seed_generator does.'
        ) }}
    {%- endif -%}
{%- endmacro %}
