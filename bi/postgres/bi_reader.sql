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

-- What keeps it from writing is that nobody grants it to; this tells a tool so at once, and in clear words.
alter role bi_reader set default_transaction_read_only = on;
-- A build waits for the queries that read a table which it replaces: none may take for ever, or be forgotten.
alter role bi_reader set statement_timeout = '60s';
alter role bi_reader set idle_in_transaction_session_timeout = '60s';
alter role bi_reader set search_path = marts;

commit;
