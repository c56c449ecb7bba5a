{#
    Before a run: where nothing is loaded, say so once, and not in an error of every model and test. Asked for are the
    raw tables that models read, so that staging models over tables of a user's own need none of them. Unit tests are
    no exception: dbt looks up the columns of what they stand for.
-#}
{% macro refuse_without_simulation() %}
    {%- set is_ours = '.saas_kpis.' in selected_resources | join(' ') if execute -%}
    {%- if var('simulated') and is_ours and flags.WHICH in ['build', 'run', 'test'] -%}
        {%- set missing = [] -%}
        {%- for table in raw_tables_of_models() -%}
            {%- if adapter.get_relation(table.database, table.schema, table.identifier) is none -%}
                {%- do missing.append(table.schema ~ '.' ~ table.identifier) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set place = target.path or target.dbname or target.name -%}
        {%- set load = 'python -m seed_generator --target ' ~ target.name -%}
        {%- if missing -%}
            {%- do exceptions.raise_compiler_error(
                place ~ ' has no ' ~ missing | join(', ') ~ '. Load a simulation first: ' ~ load
                ~ ('' if project_name == 'saas_kpis' else '; or set the var simulated of saas_kpis to false, for tables of'
                   ~ ' your own')
            ) -%}
        {%- endif -%}
        {#- Some of the books, but not all, are those of an older version; rows of other origin have none. -#}
        {%- if load_relation(source('truth', 'monthly_kpis')) and not load_relation(source('truth', 'mrr_movements')) -%}
            {%- do exceptions.raise_compiler_error(
                place ~ ' was loaded by an older version of seed_generator. Load anew: ' ~ load
            ) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{# The sources `raw` that some model reads, in order. #}
{% macro raw_tables_of_models() %}
    {%- set names = [] -%}
    {%- for model in graph.nodes.values() if model.resource_type == 'model' -%}
        {%- do names.extend(model.depends_on.nodes) -%}
    {%- endfor -%}
    {%- set tables = [] -%}
    {%- for name in names | unique | sort if name.startswith('source.saas_kpis.raw.') -%}
        {%- do tables.append(graph.sources[name]) -%}
    {%- endfor -%}
    {{ return(tables) }}
{% endmacro %}
