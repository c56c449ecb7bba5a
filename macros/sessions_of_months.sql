{#
    Of each month what these columns say of its sessions; a month without one has no row. Month by month, as
    int_company_months reads them, and for the same reasons.
-#}
{% macro sessions_of_months(sessions, months, columns) -%}
    {%- for period, next_period in months if months | length <= var('months_read_apart') %}
        select
            cast('{{ period }}' as date) as period,
            {{ columns | join(', ') }}
        from {{ sessions }}
        where created_at >= cast('{{ period }}' as timestamp) and created_at < cast('{{ next_period }}' as timestamp)
        having count(*) > 0
        {% if not loop.last %}union all{% endif %}
    {%- else %}
        select
            cast(date_trunc('month', created_at) as date) as period,
            {{ columns | join(', ') }}
        from {{ sessions }}
        where {{ 'cast(date_trunc(\'month\', created_at) as date) in (' ~ periods_of(months) ~ ')' if months else 'false' }}
        group by cast(date_trunc('month', created_at) as date)
    {%- endfor %}
{%- endmacro %}


{#
    A checksum of sessions, in any order: their ids, made to tell which companies they are of, so that two sessions that
    exchange their companies change it. It adds up remainders of a prime of 31 bits: no product of two of them is beyond
    62 bits, whatever the ids are.
-#}
{% macro checksum_of_sessions() -%}
    {{ wide_sum(remainder('session_id') ~ ' * ' ~ remainder('company_id') ~ ' % ' ~ checksum_prime()) }}
{%- endmacro %}


{# What the prime leaves of an id. #}
{% macro remainder(id) -%}
    ({{ id }} % {{ checksum_prime() }})
{%- endmacro %}


{% macro checksum_prime() -%}
    2147483647
{%- endmacro %}


{# A sum of bigints that may be beyond a bigint, which on Spark is all that a sum of them is. #}
{% macro wide_sum(expression) -%}
    cast(
        sum({{ 'cast(' ~ expression ~ ' as decimal(20, 0))' if target.type == 'spark' else expression }})
        as numeric(38, 0)
    )
{%- endmacro %}
