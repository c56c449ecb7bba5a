-- The role that BI tools connect as. It reads the schema marts, which every `dbt build` lets it do, and nothing else.
-- `docker compose` runs this when it makes its server. On another one run it once, as somebody who may make roles:
--
--     BI_READER_PASSWORD=… psql --dbname DATABASE --file bi/postgres/bi_reader.sql
--     dbt build --target postgres
--
-- It can be run again, for another password, and to undo what the role has set for itself.
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
-- The role may change its own settings, and its password, for all who connect as it: here they begin anew.
alter role bi_reader reset all;
select format('alter role bi_reader in database %I reset all', datname)
from pg_db_role_setting
join pg_database on pg_database.oid = setdatabase
where setrole = 'bi_reader'::regrole
\gexec
-- Some connections are always left for those who load and build.
alter role bi_reader with login connection limit 40 password :'password';

-- What keeps it from writing is that it has no right to; this tells a tool so at once, and in clear words.
alter role bi_reader set default_transaction_read_only = on;
-- A build waits for the queries that read a table which it replaces: none is to take for ever, or to be forgotten. These
-- are defaults, which a session can change; what holds a build up for too long is told by the build.
alter role bi_reader set statement_timeout = '60s';
alter role bi_reader set idle_in_transaction_session_timeout = '60s';
alter role bi_reader set search_path = marts;

-- In a new database every role may make temporary tables and large objects, and before PostgreSQL 15 tables in public.
-- All roles lose that here, and those that are there already, but bi_reader, get it back as a grant of their own.
do $$
declare
    others text;
    public_right text;
begin
    select string_agg(quote_ident(rolname), ', ') into others
    from pg_roles
    where rolname <> 'bi_reader' and not rolsuper and rolname !~ '^pg_';
    for public_right in
        select format('temporary on database %I', datname)
        from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) as acl
        where datname = current_database() and pg_has_role(datdba, 'usage')
            and acl.grantee = 0 and acl.privilege_type = 'TEMPORARY'
        union all
        select 'create on schema public'
        from pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) as acl
        where nspname = 'public' and pg_has_role(nspowner, 'usage')
            and acl.grantee = 0 and acl.privilege_type = 'CREATE'
        union all
        select format('execute on function pg_catalog.%s', pg_proc.oid::regprocedure)
        from pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) as acl
        where pronamespace = 'pg_catalog'::regnamespace and proname ~ '^(lo_.*|loread|lowrite)$'
            and pg_has_role(proowner, 'usage') and acl.grantee = 0
    loop
        if others is not null then
            execute format('grant %s to %s', public_right, others);
        end if;
        execute format('revoke %s from public', public_right);
    end loop;
    if has_function_privilege('bi_reader', 'pg_catalog.lo_create(oid)', 'execute') then
        raise warning 'bi_reader can make large objects: run this as a superuser to take that from it';
    end if;
    if has_database_privilege('bi_reader', current_database(), 'temporary') then
        raise warning 'bi_reader can make temporary tables: run this as the owner of the database to take that from it';
    end if;
end
$$;

commit;
