{# Of each staging model of a user the rows that count; docs/use/own-data.md says what becomes of the others. #}

{# As many months as int_months can count, which are 833 years. #}
{% macro counted_stg_calendar() -%}
    select
        cast(date_trunc('month', min(first_period)) as date) as first_period,
        least(min(months), 10000) as months
    from {{ every_row('stg_calendar') }}
    having min(first_period) is not null and min(months) > 0
{%- endmacro %}


{# With subscriptions the price is not read. #}
{% macro counted_stg_plans() -%}
    {%- set price = 'null' if customers_are_subscribed() else 'greatest(coalesce(max(monthly_price), 0), 0)' -%}
    select
        company_size,
        cast({{ price }} as numeric(10, 2)) as monthly_price
    from {{ every_row('stg_plans') }}
    where company_size not in ('', 'all')
    group by company_size
{%- endmacro %}


{# Of two rows of a company the one that was acquired first; of after the calendar nothing is known. #}
{% macro counted_stg_companies() -%}
    select
        company_id,
        coalesce(company_name, cast(company_id as {{ dbt.type_string() }})) as company_name,
        company_size,
        acquired_at
    from (
        select
            *,
            row_number() over (partition by company_id order by acquired_at, company_size, company_name) as copy
        from {{ every_row('stg_companies') }}
        where
            company_id is not null
            and company_size in (select company_size from {{ input('stg_plans') }})
            and acquired_at >= (select min(period) from {{ ref('saas_kpis', 'int_months') }})
            and acquired_at < (select max(next_period) from {{ ref('saas_kpis', 'int_months') }})
    ) as companies
    where copy = 1
{%- endmacro %}


{# Of two changes in a month the later one. #}
{% macro counted_stg_plan_changes() -%}
    select
        company_id,
        company_size,
        cast(date_trunc('month', period) as date) as period
    from (
        select
            *,
            row_number() over (
                partition by company_id, date_trunc('month', period) order by period desc, company_size
            ) as copy
        from {{ every_row('stg_plan_changes') }}
        where
            company_size in (select company_size from {{ input('stg_plans') }})
            and period < (select max(next_period) from {{ ref('saas_kpis', 'int_months') }})
    ) as plan_changes
    where copy = 1
{%- endmacro %}


{# Of two changes in a month the later one; with subscriptions none. #}
{% macro counted_stg_price_changes() -%}
    {%- if customers_are_subscribed() -%}
    select
        cast(null as {{ dbt.type_string() }}) as company_size,
        cast(null as numeric(10, 2)) as monthly_price,
        cast(null as date) as period
    where false
    {%- else -%}
    select
        company_size,
        monthly_price,
        cast(date_trunc('month', period) as date) as period
    from (
        select
            *,
            row_number() over (
                partition by company_size, date_trunc('month', period) order by period desc, monthly_price
            ) as copy
        from {{ every_row('stg_price_changes') }}
        where monthly_price >= 0 and period is not null
    ) as price_changes
    where copy = 1
    {%- endif -%}
{%- endmacro %}


{# int_company_months leaves out sessions without a time or a known company. #}
{% macro counted_stg_sessions() -%}
    select * from {{ every_row('stg_sessions') }}
{%- endmacro %}


{% macro counted_stg_subscriptions() -%}
    select * from {{ every_row('stg_subscriptions') }}
    where monthly_amount is not null
{%- endmacro %}


{# Each month of the calendar is there, or what was paid before it would be lost; one without a stamp is read once. #}
{% macro counted_stg_loaded_months() -%}
    select
        months.period,
        coalesce(max(stamps.loaded_at), cast('1970-01-01' as timestamp)) as loaded_at
    from {{ ref('saas_kpis', 'int_months') }} as months
    left join (
        select
            cast(date_trunc('month', period) as date) as period,
            loaded_at
        from {{ every_row('stg_loaded_months') }}
    ) as stamps
        on months.period = stamps.period
    group by months.period
{%- endmacro %}
