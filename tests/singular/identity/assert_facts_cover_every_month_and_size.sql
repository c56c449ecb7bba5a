-- Every fact has one row for every month of the calendar and every size, and no other. A returned row tells which has
-- how many instead; a mart without a row is one of them, which no test of its rows could see.
with

calendar as (

    select * from {{ input('stg_calendar') }}

),

plans as (

    select * from {{ input('stg_plans') }}

),

sizes as (

    select count(*) as sizes from plans

),

-- Without a calendar there is no month, and without a size no total.
expected as (

    select
        coalesce(calendar.months, 0) * sizes.sizes as cells,
        coalesce(calendar.months, 0) * case when sizes.sizes > 0 then sizes.sizes + 1 else 0 end as cells_with_total
    from sizes
    left join calendar on sizes.sizes is not null

),

counted as (

    {% for mart in [
        'fct_monthly_usage', 'fct_retention', 'fct_revenue', 'fct_mrr_movements', 'fct_revenue_retention',
        'rpt_monthly_kpis', 'rpt_subscription_metrics'
    ] %}
        select
            '{{ mart }}' as mart,
            count(*) as cells,
            count(distinct concat(period, ' ', company_size)) as different_cells
        from {{ ref(mart) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

wrong as (

    select
        counted.mart,
        counted.cells,
        counted.different_cells,
        expected.cells as expected_cells,
        expected.cells_with_total as expected_cells_with_total
    from counted
    left join expected on counted.mart is not null
    where
        counted.cells is distinct from
        case
            when counted.mart in ('rpt_monthly_kpis', 'rpt_subscription_metrics') then expected.cells_with_total
            else expected.cells
        end
        or counted.different_cells <> counted.cells

)

select * from wrong
