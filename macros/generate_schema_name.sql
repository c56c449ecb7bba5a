{#
    The layer's schema, exactly so on every engine, and not `target_layer` as dbt would have it.
    SCHEMA_PREFIX keeps sandboxes and parallel tests apart.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if custom_schema_name is none -%}
        {{ target.schema }}
    {%- else -%}
        {{ env_var('SCHEMA_PREFIX', '') }}{{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro %}
