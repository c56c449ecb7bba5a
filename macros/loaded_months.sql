{#
    Which load wrote each month last: a table of the months with a stamp each, as a load leaves it. Where loads leave no
    stamps, a build takes for loaded by itself the last months, all months that it never read, and those of which it
    holds rows that are not right any more, because a company or its size was corrected. What reads int_company_months
    takes the stamps that its rows have, and for a month without a row, or at another price, the beginning of time;
    cohorts are all counted anew, for no row of theirs tells when a company was acquired before that was corrected.
-#}
{% macro loaded_months() -%}
    {%- if has_loaded_months() -%}
        {{ return(input('stg_loaded_months')) }}
    {%- endif -%}
    {%- set now = "cast('" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') ~ "' as timestamp)" -%}
    {%- if model.name == 'int_mrr_steps' -%}
        {#- With subscriptions the amounts are in the rows. -#}
        {%- set repriced = '' if customers_are_subscribed() else repriced_months() -%}
        {%- set rows = stamped_months(
            ref('saas_kpis', 'int_company_months'), "cast('1970-01-01' as timestamp)",
            others=repriced if is_incremental() else ''
        ) -%}
    {%- elif model.name == 'int_company_months' and is_incremental() -%}
        {%- set rows = stamped_months(this, now, lookback_months(), corrected_months()) -%}
    {%- else -%}
        {%- set rows = 'select period, ' ~ now ~ ' as loaded_at from ' ~ ref('saas_kpis', 'int_months') -%}
    {%- endif -%}
    {{ return('(' ~ rows ~ ') as loaded_months') }}
{%- endmacro %}


{# The months of the calendar with the stamps of a model's rows; those without, the last and some others with another. #}
{% macro stamped_months(model, other, lookback_months=0, others='') -%}
    select
        months.period,
        case
            when
                months.period_number <= last_month.period_number - {{ lookback_months }}
                {% if others -%}
                    and months.period not in ({{ others }})
                {%- endif %}
                then coalesce(months_read.loaded_at, {{ other }})
            else {{ other }}
        end as loaded_at
    from (select period, period_number from {{ ref('saas_kpis', 'int_months') }}) as months
    cross join (select max(period_number) as period_number from {{ ref('saas_kpis', 'int_months') }}) as last_month
    left join ({{ months_read(model) }}) as months_read on months.period = months_read.period
{%- endmacro %}


{# How many of the last months every build reads again. #}
{% macro lookback_months() -%}
    {%- set months = var('lookback_months') | string -%}
    {%- if not modules.re.fullmatch('[0-9]{1,4}', months) -%}
        {%- do exceptions.raise_compiler_error(
            'the var lookback_months must be a number of months, 0 or more, not ' ~ months ~ '.'
        ) -%}
    {%- endif -%}
    {{ return(months | int) }}
{%- endmacro %}


{#
    The months with a row of int_company_months that a build of now would not write: its company is not there any more,
    or was acquired in another month, or is of another size.
-#}
{% macro corrected_months() -%}
    select company_months.period
    from (
        select
            *,
            lag(period) over (partition by company_id order by period) as period_before
        from {{ this }}
    ) as company_months
    left join (
        select
            company_id,
            company_size,
            cast(date_trunc('month', acquired_at) as date) as acquired_period
        from {{ input('stg_companies') }}
    ) as companies on company_months.company_id = companies.company_id
    left join (
        select
            *,
            lead(period) over (partition by company_id order by period) as next_period
        from {{ input('stg_plan_changes') }}
    ) as plan_changes
        on
            company_months.company_id = plan_changes.company_id
            and company_months.period >= plan_changes.period
            and (company_months.period < plan_changes.next_period or plan_changes.next_period is null)
    where
        companies.company_id is null
        or company_months.period < companies.acquired_period
        or company_months.company_size <> coalesce(plan_changes.company_size, companies.company_size)
        or (
            company_months.period = companies.acquired_period
            and company_months.opening_company_size <> companies.company_size
        )
        or (company_months.opening_company_size is null) <> not (
            company_months.period = companies.acquired_period
            or coalesce(cast(company_months.period_before + interval '1 month' as date) = company_months.period, false)
        )
{%- endmacro %}


{# The months of which int_mrr_steps has other amounts than the prices of now: a price was corrected. #}
{% macro repriced_months() -%}
    select month_sizes.period
    from {{ ref('saas_kpis', 'int_month_sizes') }} as month_sizes
    left join (
        select
            period,
            company_size,
            sum(mrr) as mrr
        from {{ this }}
        group by period, company_size
    ) as steps on month_sizes.period = steps.period and month_sizes.company_size = steps.company_size
    where month_sizes.active_companies * month_sizes.monthly_price <> coalesce(steps.mrr, 0)
{%- endmacro %}


{# The table that these stamps come from, which has to be there to ask it. #}
{% macro table_of_stamps() -%}
    {%- if has_loaded_months() -%}
        {{ return(rows_of('stg_loaded_months')) }}
    {%- endif -%}
    {{ return(ref('saas_kpis', 'int_company_months' if model.name == 'int_mrr_steps' else 'int_months')) }}
{%- endmacro %}


{# Whether a table says which load wrote which month. #}
{% macro has_loaded_months() -%}
    {{ return(var('has_loaded_months', var('simulated'))) }}
{%- endmacro %}
