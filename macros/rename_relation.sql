{#
    As dbt does it, which waits for all queries on the relation; but no longer than the var says. Then the build fails,
    names who reads, and leaves the relation as it was. `lock_timeout` holds to the end of the transaction.
-#}
{% macro postgres__rename_relation(from_relation, to_relation) -%}
    {%- set seconds = var('seconds_to_wait_for_readers', 25) -%}
    {%- call statement('rename_relation') -%}
        do $rename$
        begin
            perform set_config('lock_timeout', '{{ seconds }}s', true);
            alter table {{ from_relation.render() }} rename to {{ adapter.quote(to_relation.identifier) }};
        exception when lock_not_available then
            raise exception using errcode = 'lock_not_available', message = format(
                '%s stays as it was: {{ seconds }} seconds were not enough for %s to stop reading it; end that, and build again.',
                '{{ from_relation.schema }}.{{ from_relation.identifier }}',
                coalesce((
                    select string_agg(
                        distinct format('%s (%s, server process %s)', usename, application_name, pid), ' and '
                    )
                    from pg_locks
                    join pg_stat_activity using (pid)
                    where
                        relation = to_regclass('{{ from_relation.include(database=False) }}')
                        and granted
                        and pid <> pg_backend_pid()
                ), 'a query')
            );
        end
        $rename$
    {%- endcall -%}
{%- endmacro %}
