{#
    What the marts read is a staging model: ours over the simulator's tables or, where `simulated` is false, one of the
    same name in the user's project. Its name is asked for here alone, in the root project, which may be ours.

    Rows that break the contract of docs/use/own-data.md are in no mart: then the marts' identities hold on any rows, and
    tests with the tag `input` say what was left out. A simulation has tests on its raw tables, and is read as it is.
-#}
{% macro input(name) -%}
    {%- set has_prices = not customers_are_subscribed() -%}
    {%- set rows = rows_of(name) if name != 'stg_price_changes' or has_prices else '' -%}
    {%- if var('simulated') -%}
        {{ return(rows) }}
    {%- elif name == 'stg_calendar' -%}
        {%- set rows = calendar_of(rows) -%}
    {%- elif name == 'stg_plans' -%}
        {%- set rows = plans_of(rows) -%}
    {%- elif name == 'stg_companies' -%}
        {%- set rows = companies_of(rows) -%}
    {%- elif name == 'stg_plan_changes' -%}
        {%- set rows = plan_changes_of(rows) -%}
    {%- elif name == 'stg_price_changes' -%}
        {%- set rows = price_changes_of(rows) if has_prices else no_price_changes() -%}
    {%- elif name == 'stg_sessions' -%}
        {%- set rows = sessions_of(rows) -%}
    {%- elif name == 'stg_subscriptions' -%}
        {%- set rows = subscriptions_of(rows) -%}
    {%- elif name == 'stg_loaded_months' -%}
        {%- set rows = loaded_months_of(rows) -%}
    {%- endif -%}
    {{ return('(' ~ rows ~ ') as ' ~ name) }}
{%- endmacro %}


{# The staging model itself, with all of its rows: for tests that look for what is wrong with them. #}
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


{# As many months as int_months can count, which are 833 years. #}
{% macro calendar_of(rows) -%}
    select
        cast(date_trunc('month', min(first_period)) as date) as first_period,
        cast(least(min(months), 10000) as bigint) as months
    from {{ rows }}
    having min(first_period) is not null and min(months) > 0
{%- endmacro %}


{% macro plans_of(rows) -%}
    {%- set price = 'null' if customers_are_subscribed() else 'greatest(coalesce(max(monthly_price), 0), 0)' %}
    select
        cast(company_size as {{ dbt.type_string() }}) as company_size,
        cast({{ price }} as numeric(10, 2)) as monthly_price
    from {{ rows }}
    where cast(company_size as {{ dbt.type_string() }}) not in ('', 'all')
    group by cast(company_size as {{ dbt.type_string() }})
{%- endmacro %}


{# Of two rows of a company the one that was acquired first; later than the calendar none is known. #}
{% macro companies_of(rows) -%}
    select
        company_id,
        company_name,
        company_size,
        acquired_at
    from (
        select
            cast(company_id as {{ company_id_type() }}) as company_id,
            cast(coalesce(company_name, cast(company_id as {{ dbt.type_string() }})) as {{ dbt.type_string() }})
                as company_name,
            cast(company_size as {{ dbt.type_string() }}) as company_size,
            cast(acquired_at as timestamp) as acquired_at,
            row_number() over (partition by company_id order by acquired_at, company_size, company_name) as copy
        from {{ rows }}
        where
            company_id is not null
            and cast(company_size as {{ dbt.type_string() }}) in (select company_size from {{ input('stg_plans') }})
            and acquired_at >= (select min(period) from {{ ref('saas_kpis', 'int_months') }})
            and acquired_at < (select max(next_period) from {{ ref('saas_kpis', 'int_months') }})
    ) as companies
    where copy = 1
{%- endmacro %}


{# Of two changes in a month the later one. #}
{% macro plan_changes_of(rows) -%}
    select
        company_id,
        company_size,
        period
    from (
        select
            cast(company_id as {{ company_id_type() }}) as company_id,
            cast(company_size as {{ dbt.type_string() }}) as company_size,
            cast(date_trunc('month', period) as date) as period,
            row_number() over (
                partition by company_id, date_trunc('month', period) order by period desc, company_size
            ) as copy
        from {{ rows }}
        where
            cast(company_size as {{ dbt.type_string() }}) in (select company_size from {{ input('stg_plans') }})
            and period < (select max(next_period) from {{ ref('saas_kpis', 'int_months') }})
    ) as plan_changes
    where copy = 1
{%- endmacro %}


{% macro price_changes_of(rows) -%}
    select
        company_size,
        monthly_price,
        period
    from (
        select
            cast(company_size as {{ dbt.type_string() }}) as company_size,
            cast(monthly_price as numeric(10, 2)) as monthly_price,
            cast(date_trunc('month', period) as date) as period,
            row_number() over (
                partition by company_size, date_trunc('month', period) order by period desc, monthly_price
            ) as copy
        from {{ rows }}
        where monthly_price >= 0 and period is not null
    ) as price_changes
    where copy = 1
{%- endmacro %}


{# Subscriptions have amounts of their own: nobody asks a user for a list of prices. #}
{% macro no_price_changes() -%}
    select
        cast(null as {{ dbt.type_string() }}) as company_size,
        cast(null as numeric(10, 2)) as monthly_price,
        cast(null as date) as period
    where false
{%- endmacro %}


{% macro sessions_of(rows) -%}
    select
        session_id,
        cast(company_id as {{ company_id_type() }}) as company_id,
        cast(created_at as timestamp) as created_at
    from {{ rows }}
{%- endmacro %}


{% macro subscriptions_of(rows) -%}
    select
        cast(company_id as {{ company_id_type() }}) as company_id,
        cast(valid_from as date) as valid_from,
        cast(valid_to as date) as valid_to,
        cast(monthly_amount as numeric(18, 2)) as monthly_amount
    from {{ rows }}
    where monthly_amount is not null
{%- endmacro %}


{# Each month of the calendar is there, or what was paid before it would be lost; one without a stamp is read once. #}
{% macro loaded_months_of(rows) -%}
    select
        months.period,
        coalesce(max(stamps.loaded_at), cast('1970-01-01' as timestamp)) as loaded_at
    from {{ ref('saas_kpis', 'int_months') }} as months
    left join (
        select
            cast(date_trunc('month', period) as date) as period,
            cast(loaded_at as timestamp) as loaded_at
        from {{ rows }}
    ) as stamps
        on months.period = stamps.period
    group by months.period
{%- endmacro %}
