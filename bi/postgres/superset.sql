-- The role and the database in which Superset keeps its own things: people, charts, dashboards.
-- `docker compose --profile bi` runs this each time; it can be run again, for another password.
\set ON_ERROR_STOP on
\set password ''
\getenv password SUPERSET_DATABASE_PASSWORD
select :'password' = '' as has_no_password
\gset
\if :has_no_password
do $$ begin raise exception 'set the environment variable SUPERSET_DATABASE_PASSWORD to the password of superset'; end $$;
\endif

select 'create role superset' where not exists (select from pg_roles where rolname = 'superset')
\gexec
alter role superset reset all;
alter role superset with login password :'password';

select 'create database superset owner superset' where not exists (select from pg_database where datname = 'superset')
\gexec
-- It is for Superset alone: no other role, such as bi_reader, is to connect there.
revoke all on database superset from public;
