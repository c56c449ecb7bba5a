{#
    A statement that replaces or drops a relation on PostgreSQL waits for all sessions that read it, and new readers wait
    behind it. It does so for some seconds; then the build fails and names the readers, and the relation is as it was.
-#}
{% macro postgres__rename_relation(from_relation, to_relation) -%}
    {%- set name = adapter.quote_as_configured(to_relation.identifier, 'identifier') -%}
    {%- call statement('rename_relation') -%}
        {{ waiting_for_readers(from_relation, 'alter table ' ~ from_relation.render() ~ ' rename to ' ~ name) }}
    {%- endcall -%}
{%- endmacro %}

{% macro postgres__drop_relation(relation) -%}
    {%- call statement('drop_relation', auto_begin=False) -%}
        {{ waiting_for_readers(relation, get_drop_sql(relation)) }}
    {%- endcall -%}
{%- endmacro %}


{#
    The statement, with an end to its wait and with the names of the sessions that it waited for. Two tables that are
    dropped at once, with the views on both, can wait for each other: PostgreSQL then ends one of the two, which tries
    again when the other is through.
-#}
{% macro waiting_for_readers(relation, sql) -%}
    {%- set seconds = var('seconds_for_readers') -%}
    do $waiting_for_readers$
    declare
        readers text;
    begin
        perform set_config('lock_timeout', '{{ seconds }}s', true);
        for attempt in 1..10 loop
            begin
                {{ sql }};
                exit;
            exception when deadlock_detected then
                if attempt = 10 then
                    raise;
                end if;
            end;
        end loop;
    exception when lock_not_available then
        select string_agg(distinct concat_ws(
            ' ', nullif(application_name, ''), 'as', usename, '(server process ' || locks.pid || ')'
        ), ' and ') into readers
        from pg_catalog.pg_locks as locks
        join pg_catalog.pg_stat_activity as activity on activity.pid = locks.pid
        where
            locks.granted
            and locks.pid <> pg_backend_pid()
            and locks.relation = to_regclass('{{ relation.render() }}')
            and locks.database = (select oid from pg_catalog.pg_database where datname = current_database());
        raise exception using
            errcode = 'lock_not_available',
            message = '{{ relation.schema }}.{{ relation.identifier }} can''t be replaced, because it has been in use for'
            || ' {{ seconds }} seconds by ' || coalesce(readers, 'a session that has just ended')
            || '; end that, and build again.';
    end
    $waiting_for_readers$
{%- endmacro %}
