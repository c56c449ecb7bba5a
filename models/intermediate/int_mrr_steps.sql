{{ config(
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

-- From which load the rows of a month really are. A month in which nobody was active has none.
months_read as (

    {{ months_read(ref('int_company_months')) | indent }}

),

-- What is new in a month depends on all months before it, so from the first one to read on all are read. If it is the
-- last, with an equality: PostgreSQL takes nothing else to both sides of a full join.
company_mrr as (

    select * from {{ ref('int_company_mrr') }}
    {% if is_incremental() -%}
        where {{ 'period ' ~ ('=' if months | length == 1 else '>=') ~ " cast('" ~ months[0][0] ~ "' as date)"
            if months else 'false' }}
    {%- endif %}

),

steps as (

    select
        company_mrr.period,
        company_mrr.movement,
        company_mrr.company_size,
        company_mrr.company_size_1m,
        company_mrr.company_size_12m,
        count(*) as companies,
        cast(sum(company_mrr.mrr) as numeric(18, 2)) as mrr,
        cast(sum(company_mrr.mrr_1m) as numeric(18, 2)) as mrr_1m,
        cast(sum(least(company_mrr.mrr, company_mrr.mrr_1m)) as numeric(18, 2)) as capped_mrr_1m,
        cast(sum(least(company_mrr.mrr, company_mrr.mrr_12m)) as numeric(18, 2)) as capped_mrr_12m,
        coalesce(months_read.loaded_at, loaded_months.loaded_at) as loaded_at
    from company_mrr
    inner join loaded_months on company_mrr.period = loaded_months.period
    left join months_read on company_mrr.period = months_read.period
    group by
        company_mrr.period,
        company_mrr.movement,
        company_mrr.company_size,
        company_mrr.company_size_1m,
        company_mrr.company_size_12m,
        coalesce(months_read.loaded_at, loaded_months.loaded_at)

)

select * from steps
