{#
    After a mart is built: let bi_reader read it, where a server has the role. The grant is in the transaction that puts
    the table in its place, so bi_reader can read the mart at every moment. DuckDB and Spark have no roles.
-#}
{% macro let_bi_reader_read(relation) %}
    {%- if execute and has_bi_reader() and existing_roles(['bi_reader']) -%}
        grant select on {{ relation }} to bi_reader
    {%- endif -%}
{% endmacro %}


{# Whether this project looks after the role: not where it is installed in another one, unless that asks for it. #}
{% macro has_bi_reader() %}
    {{ return(target.type == 'postgres' and var('bi_reader', project_name == 'saas_kpis')) }}
{% endmacro %}


{#
    After a run: let bi_reader into the schema of the marts, or say how to make it. A run that built no mart may have
    no schema for them, and a schema of another role is that role's to grant.
-#}
{% macro let_bi_reader_in() %}
    {%- if execute and has_bi_reader() and flags.WHICH in ['build', 'run'] -%}
        {%- set marts = generate_schema_name('marts', none) -%}
        {%- if not existing_roles(['bi_reader']) -%}
            {%- do log('This server has no role bi_reader for BI tools; bi/postgres/bi_reader.sql says how to make it.',
                       info=True) -%}
        {%- else -%}
            {%- set schemas -%}
                select
                    pg_get_userbyid(nspowner) as owner,
                    has_schema_privilege('bi_reader', oid, 'usage') as is_let_in,
                    has_schema_privilege(oid, 'usage with grant option') as can_be_granted
                from pg_namespace
                where nspname = '{{ marts }}'
            {%- endset -%}
            {%- for schema in run_query(schemas).rows if not schema['is_let_in'] -%}
                {%- if schema['can_be_granted'] -%}
                    grant usage on schema {{ adapter.quote(marts) }} to bi_reader
                {%- else -%}
                    {%- do log('The schema ' ~ marts ~ ' is of the role ' ~ schema['owner'] ~ ', which alone can let '
                               ~ 'bi_reader in: grant usage on schema ' ~ adapter.quote(marts) ~ ' to bi_reader.',
                               info=True) -%}
                {%- endif -%}
            {%- endfor -%}
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
