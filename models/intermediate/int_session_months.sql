{{ config(
    enabled=var('simulated'),
    materialized='incremental',
    incremental_strategy='insert_overwrite' if target.type == 'spark' else 'replace_months',
    partition_by=['period'] if target.type == 'spark' else none,
    pre_hook=["set local jit = off"] if target.type == 'postgres' else [],
    post_hook=["{{ drop_stale_months(this) }}"] if target.type == 'spark' else []
) }}

{%- set months = months_to_read() %}

with

loaded_months as (

    select * from {{ loaded_months() }}

),

-- The second and last pass over the sessions. What takes long to find of a month stays true for as long as its sessions
-- stay what they are, and of that its number of sessions and their checksum are evidence.
sessions_by_month as (

    {{ sessions_of_months(ref('stg_sessions'), months, [
        'count(*) as sessions',
        'count(distinct session_id) as session_ids',
        'min(session_id) as first_session_id',
        'max(session_id) as last_session_id',
        'count(distinct company_id) as companies',
        checksum_of_sessions() ~ ' as sessions_checksum',
        wide_sum(remainder('company_id')) ~ ' as companies_checksum',
    ]) }}

),

session_months as (

    select
        sessions_by_month.*,
        loaded_months.loaded_at
    from sessions_by_month
    inner join loaded_months on sessions_by_month.period = loaded_months.period

)

select * from session_months
