{#
    The months that a model which reads month by month has to read now, ascending: each with its first day and the first
    day of the month after it. At first they are all that are loaded; then those that a load has written since, and the
    month after each of these, because a month's rows also tell of the month before. A model remembers in each of its
    rows which load it was read from, so nothing can get out of step: whatever is loaded and not in the model, be it
    after another load or after a run that failed, is to be read, and nothing else is. (A month that left no row is
    looked at again, which costs nothing.)
-#}
{% macro months_to_read() -%}
    {%- set loaded_months = loaded_months() -%}
    {%- set all_months -%}
        select
            period,
            cast(period + interval '1 month' as date) as next_period
        from {{ loaded_months }}
    {%- endset -%}
    {%- set months -%}
        {%- if is_incremental() -%}
        with
        months_read as (select period, loaded_at from ({{ months_read(this) }}) as months_read),
        changed as (
            select period from {{ loaded_months }}
            where period not in (select period from months_read)
            union all
            select period from months_read
            where (period, loaded_at) not in (select period, loaded_at from {{ loaded_months }})
        )
        {{ all_months }}
        where
            period in (select period from changed)
            or period in (select cast(period + interval '1 month' as date) from changed)
        {%- else -%}
        {{ all_months }}
        {%- endif %}
        order by period
    {%- endset -%}
    {%- if execute and load_relation(table_of_stamps()) is not none -%}
        {{ return(run_query(months).rows) }}
    {%- endif -%}
    {{ return([]) }}
{%- endmacro %}


{# Their first days, or those of the months before them, as a list of dates. #}
{% macro periods_of(months, months_before=0) -%}
    {%- for period, _ in months -%}
        cast(cast('{{ period }}' as date) - interval '{{ months_before }} month' as date){{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# The months that a model holds, each with the load that it was read from. #}
{% macro months_read(model) -%}
    {{ return(adapter.dispatch('months_read', 'saas_kpis')(model)) }}
{%- endmacro %}

{% macro default__months_read(model) -%}
    select distinct period, loaded_at from {{ model }}
{%- endmacro %}

{# PostgreSQL has no distinct that steps over an index, so this asks the index for one month after the other. #}
{% macro postgres__months_read(model) -%}
    with recursive months as (
        (select period, loaded_at from {{ model }} order by period, loaded_at limit 1)
        union all
        select following.period, following.loaded_at
        from months
        cross join lateral (
            select period, loaded_at
            from {{ model }}
            where (period, loaded_at) > (months.period, months.loaded_at)
            order by period, loaded_at
            limit 1
        ) as following
    )
    select period, loaded_at from months
{%- endmacro %}


{#
    The incremental strategy of such a model: months that are gone, were loaded anew or were read anew go, the months
    that were read come, in one transaction.
-#}
{% macro get_incremental_replace_months_sql(arg_dict) -%}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    {{ identify_rows(target) }}
    delete from {{ target }}
    where (period, loaded_at) in (
        select period, loaded_at from ({{ months_read(target) }}) as months_read
        where
            (period, loaded_at) not in (select period, loaded_at from {{ loaded_months() }})
            or period in (select period from {{ arg_dict['temp_relation'] }})
    );
    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}


{# Make rows of a model ones that an engine lets go. #}
{% macro identify_rows(model) -%}
    {{ return(adapter.dispatch('identify_rows', 'saas_kpis')(model)) }}
{%- endmacro %}

{% macro default__identify_rows(model) -%}
{%- endmacro %}

{#
    A PostgreSQL server that publishes what is deleted, as one with a publication for all tables does, refuses to delete
    from a table whose rows it has no identity of. No key is one: a row of a faulty load may have no company.
-#}
{% macro postgres__identify_rows(model) -%}
    {%- set unidentified -%}
        select 1
        from pg_publication_tables
        inner join pg_publication on pg_publication_tables.pubname = pg_publication.pubname
        inner join pg_class on pg_class.oid = cast('{{ model }}' as regclass)
        where
            pg_publication.pubdelete
            and pg_class.relreplident = 'd'
            and pg_publication_tables.schemaname = '{{ model.schema }}'
            and pg_publication_tables.tablename = '{{ model.identifier }}'
        limit 1
    {%- endset -%}
    {%- if run_query(unidentified) | length > 0 -%}
        alter table {{ model }} replica identity full;
    {%- endif -%}
{%- endmacro %}
