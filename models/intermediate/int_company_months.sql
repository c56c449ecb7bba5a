{# PostgreSQL would compile each select by itself, which takes longer than what it then saves. -#}
{{ config(
    materialized='incremental',
    meta={'columns': ['mrr'] if customers_are_subscribed() else []},
    incremental_strategy='insert_overwrite' if target.type == 'spark' else 'replace_months',
    partition_by=['period'] if target.type == 'spark' else none,
    pre_hook=["set local jit = off"] if target.type == 'postgres' else [],
    post_hook=["{{ drop_stale_months(this) }}"] if target.type == 'spark' else [],
    indexes=[{'columns': ['period', 'loaded_at']}] if target.type == 'postgres' else []
) }}

{#- A build stops here if the sessions are not as they should be. A unit test brings sessions of its own. #}
{%- if var('simulated') and model.resource_type == 'model' %}
-- depends_on: {{ ref('int_session_months') }}
{%- endif %}
{%- set months = months_to_read() %}
{%- set is_subscribed = customers_are_subscribed() %}
{%- set activity = 'sessions_by_month' if var('simulated') else 'known_customers_by_month' %}

with

companies as (

    select * from {{ input('stg_companies') }}

),

loaded_months as (

    select * from {{ loaded_months() }}

),

-- A company holds a size until its next change.
plan_changes as (

    select
        company_id,
        company_size,
        period,
        lead(period) over (partition by company_id order by period) as next_period
    from {{ input('stg_plan_changes') }}

),

-- One pass over the sessions, month by month: an engine finds a month by its zone maps, block ranges or row groups
-- and groups it in little memory, and a month that has not been loaded since the last build is not read again. Not
-- through an import at the top: PostgreSQL would first copy all that is read more than once. The ids of sessions are
-- unique (a test says so), so counting rows counts sessions.
sessions_by_month as (

    {% for period, next_period in months if months | length <= var('months_read_apart') %}
        select
            company_id,
            cast('{{ period }}' as date) as period,
            count(*) as sessions
        from {{ input('stg_sessions') }}
        where created_at >= cast('{{ period }}' as timestamp) and created_at < cast('{{ next_period }}' as timestamp)
        group by company_id
        {% if not loop.last %}union all{% endif %}
    {% else %}
        -- No month, or too many for a select each.
        select
            company_id,
            cast(date_trunc('month', created_at) as date) as period,
            count(*) as sessions
        from {{ input('stg_sessions') }}
        {% if months -%}
            where
                created_at >= cast('{{ months[0][0] }}' as timestamp)
                and created_at < cast('{{ months[-1][1] }}' as timestamp)
                and cast(date_trunc('month', created_at) as date)
                in ({{ periods_of(months) }})
        {%- else -%}
            where false
        {%- endif %}
        group by company_id, cast(date_trunc('month', created_at) as date)
    {% endfor %}

),

{% if is_subscribed -%}
-- Who has a subscription at the last instant of a month is a customer of that month, with sessions or without.
subscribed_by_month as (

    select
        stg_subscriptions.company_id,
        months.period,
        greatest(sum(stg_subscriptions.monthly_amount), 0) as mrr
    from {{ input('stg_subscriptions') }}
    inner join {{ ref('int_months') }} as months
        on
            stg_subscriptions.valid_from < months.next_period
            and (stg_subscriptions.valid_to >= months.next_period or stg_subscriptions.valid_to is null)
    where {{ 'months.period in (' ~ periods_of(months) ~ ')' if months else 'false' }}
    group by stg_subscriptions.company_id, months.period

),

customers_by_month as (

    select
        subscribed_by_month.company_id,
        subscribed_by_month.period,
        cast(subscribed_by_month.mrr as numeric(18, 2)) as mrr,
        coalesce(sessions_by_month.sessions, 0) as sessions
    from subscribed_by_month
    left join sessions_by_month
        on
            subscribed_by_month.company_id = sessions_by_month.company_id
            and subscribed_by_month.period = sessions_by_month.period

),

{% endif -%}
{% if not var('simulated') -%}
-- A company is a customer from its month of acquisition on. What belongs to an unknown company does not count.
known_customers_by_month as (

    select customers_by_month.*
    from {{ 'customers_by_month' if is_subscribed else 'sessions_by_month as customers_by_month' }}
    inner join companies
        on
            customers_by_month.company_id = companies.company_id
            and customers_by_month.period >= cast(date_trunc('month', companies.acquired_at) as date)

),

{% endif -%}
-- The month before one that is read now may have been read by an earlier build.
months_and_before as (

    select
        company_id,
        period{{ ', mrr' if is_subscribed }},
        sessions
    from {{ activity }}

    {% if is_incremental() and months -%}
        union all

        select
            company_id,
            period{{ ', mrr' if is_subscribed }},
            sessions
        from {{ this }}
        where
            period in ({{ periods_of(months, months_before=1) }})
            and period not in ({{ periods_of(months) }})
    {%- endif %}

),

-- A window over so few columns costs less than a join with the month before.
months_in_order as (

    select
        *,
        lag(period) over (partition by company_id order by period) as period_before
    from months_and_before

),

-- Who was active in the month before, or is acquired in this one, is a customer when it begins. A session of an unknown
-- company stays in sight, with a size of null, for the tests to find.
company_months as (

    select
        months_in_order.company_id,
        months_in_order.period,
        coalesce(plan_changes.company_size, companies.company_size) as company_size,
        case
            when months_in_order.period = cast(months_in_order.period_before + interval '1 month' as date)
                then coalesce(plan_changes_before.company_size, companies.company_size)
            when companies.acquired_at >= cast(months_in_order.period as timestamp) then companies.company_size
        end as opening_company_size,
        cast(months_in_order.sessions as bigint) as sessions{{ ', months_in_order.mrr' if is_subscribed }},
        loaded_months.loaded_at
    from months_in_order
    inner join loaded_months on months_in_order.period = loaded_months.period
    left join companies on months_in_order.company_id = companies.company_id
    left join plan_changes
        on
            months_in_order.company_id = plan_changes.company_id
            and months_in_order.period >= plan_changes.period
            and (months_in_order.period < plan_changes.next_period or plan_changes.next_period is null)
    left join plan_changes as plan_changes_before
        on
            months_in_order.company_id = plan_changes_before.company_id
            and months_in_order.period > plan_changes_before.period
            and (months_in_order.period <= plan_changes_before.next_period or plan_changes_before.next_period is null)
    {% if is_incremental() and months -%}
        where months_in_order.period in ({{ periods_of(months) }})
    {%- endif %}

)

select * from company_months
