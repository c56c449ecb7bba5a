{#
    What the marts read is a staging model: ours over the simulator's tables or, where `simulated` is false, one of the
    same name in the user's project. Its name is asked for here alone, in the root project, which may be ours.

    Rows that break the contract of docs/use/own-data.md are in no mart: then the marts' identities hold on any rows, and
    tests with the tag `input` say what was left out. A simulation has tests on its raw tables, and is read as it is.
-#}
{% macro input(name) -%}
    {%- if var('simulated') -%}
        {{ return(rows_of(name)) }}
    {%- endif -%}
    {{ return('(' ~ context['counted_' ~ name]() ~ ') as ' ~ name) }}
{%- endmacro %}


{# All rows of a staging model, with columns of the types that the contract has: for tests that look what is wrong. #}
{% macro every_row(name) -%}
    {%- if var('simulated') -%}
        {{ return(rows_of(name)) }}
    {%- endif -%}
    {%- set columns = [] -%}
    {%- for column, type in contract()[name].items() -%}
        {%- do columns.append('cast(' ~ column ~ ' as ' ~ type ~ ') as ' ~ column if type else column) -%}
    {%- endfor -%}
    {{ return('(select ' ~ columns | join(', ') ~ ' from ' ~ rows_of(name) ~ ') as ' ~ name) }}
{%- endmacro %}


{# The staging model itself. #}
{% macro rows_of(name) -%}
    {%- if var('simulated') -%}
        {{ return(ref('saas_kpis', 'stg_simulation' if name == 'stg_calendar' else name)) }}
    {%- endif -%}
    {%- set rows = ref(project_name, name) -%}
    {#- What a build has to read again is asked for apart from its models, and then no CTE of theirs is there. -#}
    {%- set node = graph.nodes.get('model.' ~ project_name ~ '.' ~ name) if execute -%}
    {%- if node and node.config.materialized == 'ephemeral' -%}
        {%- do exceptions.raise_compiler_error(name ~ ' must be a view or a table, not ephemeral.') -%}
    {%- endif -%}
    {{ return(rows) }}
{%- endmacro %}


{# The columns of each staging model of a user, with their types; ids of sessions are of any. #}
{% macro contract() -%}
    {%- set company_id, text = company_id_type(), dbt.type_string() -%}
    {{ return({
        'stg_calendar': {'first_period': 'date', 'months': 'bigint'},
        'stg_plans': {'company_size': text} if customers_are_subscribed()
            else {'company_size': text, 'monthly_price': 'numeric(10, 2)'},
        'stg_companies':
            {'company_id': company_id, 'company_name': text, 'company_size': text, 'acquired_at': 'timestamp'},
        'stg_plan_changes': {'company_id': company_id, 'company_size': text, 'period': 'date'},
        'stg_price_changes': {'company_size': text, 'monthly_price': 'numeric(10, 2)', 'period': 'date'},
        'stg_sessions': {'session_id': none, 'company_id': company_id, 'created_at': 'timestamp'},
        'stg_subscriptions':
            {'company_id': company_id, 'valid_from': 'date', 'valid_to': 'date', 'monthly_amount': 'numeric(18, 2)'},
        'stg_loaded_months': {'period': 'date', 'loaded_at': 'timestamp'},
    }) }}
{%- endmacro %}


{# Whether a company is a customer by its subscriptions, and not by its sessions. #}
{% macro customers_are_subscribed() -%}
    {%- set rule = var('customers_are') -%}
    {%- if rule not in ('active', 'subscribed') -%}
        {%- do exceptions.raise_compiler_error("the var customers_are must be active or subscribed, not " ~ rule ~ '.') -%}
    {%- endif -%}
    {%- if rule == 'subscribed' and var('simulated') -%}
        {%- do exceptions.raise_compiler_error(
            'customers_are: subscribed is for tables of your own: set simulated: false with it.'
        ) -%}
    {%- endif -%}
    {{ return(rule == 'subscribed') }}
{%- endmacro %}


{# The type of companies' ids as the engine calls it. #}
{% macro company_id_type() -%}
    {%- set type = var('company_id_type') -%}
    {%- if type not in ('bigint', 'string') -%}
        {%- do exceptions.raise_compiler_error("the var company_id_type must be bigint or string, not " ~ type ~ '.') -%}
    {%- endif -%}
    {{ return(api.Column.translate_type(type)) }}
{%- endmacro %}
