-- Every fact has one row for every month and size of the simulation, and no other. A returned row tells which has how
-- many instead; a mart without a row is one of them, which no test of its rows could see.
with

simulation as (

    select * from {{ ref('stg_simulation') }}

),

plans as (

    select * from {{ ref('stg_plans') }}

),

sizes as (

    select count(*) as sizes from plans

),

expected as (

    select
        simulation.months * sizes.sizes as cells,
        simulation.months * (sizes.sizes + 1) as cells_with_total
    from simulation
    cross join sizes

),

counted as (

    select
        'fct_monthly_usage' as mart,
        count(*) as cells,
        count(distinct concat(period, ' ', company_size)) as different_cells
    from {{ ref('fct_monthly_usage') }}

    union all

    select
        'fct_retention' as mart,
        count(*) as cells,
        count(distinct concat(period, ' ', company_size)) as different_cells
    from {{ ref('fct_retention') }}

    union all

    select
        'fct_revenue' as mart,
        count(*) as cells,
        count(distinct concat(period, ' ', company_size)) as different_cells
    from {{ ref('fct_revenue') }}

    union all

    select
        'fct_mrr_movements' as mart,
        count(*) as cells,
        count(distinct concat(period, ' ', company_size)) as different_cells
    from {{ ref('fct_mrr_movements') }}

    union all

    select
        'fct_revenue_retention' as mart,
        count(*) as cells,
        count(distinct concat(period, ' ', company_size)) as different_cells
    from {{ ref('fct_revenue_retention') }}

    union all

    select
        'rpt_monthly_kpis' as mart,
        count(*) as cells,
        count(distinct concat(period, ' ', company_size)) as different_cells
    from {{ ref('rpt_monthly_kpis') }}

    union all

    select
        'rpt_subscription_metrics' as mart,
        count(*) as cells,
        count(distinct concat(period, ' ', company_size)) as different_cells
    from {{ ref('rpt_subscription_metrics') }}

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
