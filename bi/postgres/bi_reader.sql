-- The role that BI tools connect as. It reads the schema marts, which every `dbt build` lets it do, and nothing else.
-- `docker compose` runs this when it makes its server. On another one run it once, as somebody who may make roles:
--
--     BI_READER_PASSWORD=… psql --dbname DATABASE --file bi/postgres/bi_reader.sql
--     dbt build --target postgres
--
-- It can be run again, for another password.
\set ON_ERROR_STOP on
\set password ''
\getenv password BI_READER_PASSWORD
select :'password' = '' as has_no_password
\gset
\if :has_no_password
do $$ begin raise exception 'set the environment variable BI_READER_PASSWORD to the password of bi_reader'; end $$;
\endif

begin;

select 'create role bi_reader' where not exists (select from pg_roles where rolname = 'bi_reader')
\gexec
-- Some connections are always left for those who load and build.
alter role bi_reader with login connection limit 40 password :'password';

-- The role may change its own defaults, here and for each database: what it has changed goes.
alter role bi_reader reset all;
select format('alter role bi_reader in database %I reset all', datname)
from pg_db_role_setting
join pg_database on pg_database.oid = setdatabase
where setrole = 'bi_reader'::regrole
\gexec

-- What keeps it from writing is that nobody grants it to; this tells a tool so at once, and in clear words.
alter role bi_reader set default_transaction_read_only = on;
-- So that no tool's query takes for ever, or is forgotten. A session can set itself others, so these are no limits.
alter role bi_reader set statement_timeout = '60s';
alter role bi_reader set idle_in_transaction_session_timeout = '60s';
alter role bi_reader set search_path = marts;

-- What PostgreSQL lets every role do in a database: temporary tables, large objects, and before version 15 tables in the
-- schema public. The roles that there are keep it; this one, and roles that come later, need a grant of their own.
do $open_to_all$
declare
    open_to_all record;
    other name;
begin
    for open_to_all in
        select 'temporary' as privilege, 'database' as kind, quote_ident(current_database()) as thing
        union all
        select 'create', 'schema', 'public' where to_regnamespace('public') is not null
        union all
        select 'execute', 'function', oid::regprocedure::text
        from pg_proc
        where pronamespace = 'pg_catalog'::regnamespace and (proname like 'lo\_%' or proname in ('loread', 'lowrite'))
    loop
        for other in
            select rolname
            from pg_roles
            where
                rolname <> 'bi_reader' and rolname !~ '^pg_' and not rolsuper
                and case open_to_all.kind
                    when 'database' then has_database_privilege(oid, current_database(), 'temporary')
                    when 'schema' then has_schema_privilege(oid, 'public', 'create')
                    else has_function_privilege(oid, open_to_all.thing::regprocedure, 'execute')
                end
        loop
            execute format(
                'grant %s on %s %s to %I', open_to_all.privilege, open_to_all.kind, open_to_all.thing, other
            );
        end loop;
        execute format('revoke %s on %s %s from public', open_to_all.privilege, open_to_all.kind, open_to_all.thing);
    end loop;
end
$open_to_all$;

commit;
