-- A warehouse that was not filled by the simulator has no truth: then there are no bands and no books to compare with.
{%- set expected_kpis = load_relation(source('truth', 'expected_kpis')) %}
{%- set books = load_relation(source('truth', 'monthly_kpis')) %}
with

monthly_kpis as (

    select * from {{ ref('rpt_monthly_kpis') }}

),

simulation as (

    select * from {{ ref('stg_simulation') }}

),

expected_kpis as (

    select * from {{ expected_kpis or "(select *, '' as kpi, 0 as lower_95, 0 as upper_95 from monthly_kpis) as no" }}
    where {{ 'true' if expected_kpis else 'false' }}

),

books as (

    select * from {{ books or 'monthly_kpis' }}
    where {{ 'true' if books else 'false' }}

),

bands as (

    select
        period,
        company_size,
        max(case when kpi = 'revenue' then lower_95 end) as revenue_lower_95,
        max(case when kpi = 'revenue' then upper_95 end) as revenue_upper_95,
        max(case when kpi = 'retention_rate' then lower_95 end) as retention_rate_lower_95,
        max(case when kpi = 'retention_rate' then upper_95 end) as retention_rate_upper_95,
        max(case when kpi = 'avg_sessions_per_company' then lower_95 end) as avg_sessions_per_company_lower_95,
        max(case when kpi = 'avg_sessions_per_company' then upper_95 end) as avg_sessions_per_company_upper_95
    from expected_kpis
    group by period, company_size

),

-- Of the cells of the books, month by size, those whose every count and every cent the mart has too.
comparison as (

    select
        count(*) as cells_in_the_books,
        count(monthly_kpis.period) as cells_as_in_the_books
    from books
    left join monthly_kpis
        on
            books.period = monthly_kpis.period
            and books.company_size = monthly_kpis.company_size
            and books.acquired_companies = monthly_kpis.acquired_companies
            and books.opening_companies = monthly_kpis.opening_companies
            and books.churned_companies = monthly_kpis.churned_companies
            and books.active_companies = monthly_kpis.active_companies
            and books.sessions = monthly_kpis.sessions
            and books.revenue = monthly_kpis.revenue

),

kpis_shown as (

    select
        monthly_kpis.period,
        monthly_kpis.company_size,
        monthly_kpis.acquired_companies,
        monthly_kpis.opening_companies,
        monthly_kpis.churned_companies,
        monthly_kpis.active_companies,
        monthly_kpis.retention_rate,
        monthly_kpis.sessions,
        monthly_kpis.avg_sessions_per_company,
        monthly_kpis.monthly_price,
        monthly_kpis.revenue,
        bands.revenue_lower_95,
        bands.revenue_upper_95,
        bands.retention_rate_lower_95,
        bands.retention_rate_upper_95,
        bands.avg_sessions_per_company_lower_95,
        bands.avg_sessions_per_company_upper_95,
        comparison.cells_as_in_the_books,
        comparison.cells_in_the_books,
        simulation.seed
    from monthly_kpis
    cross join simulation
    cross join comparison
    left join bands
        on monthly_kpis.period = bands.period and monthly_kpis.company_size = bands.company_size

)

-- The cheapest size first, the total last.
select * from kpis_shown
order by period, monthly_price nulls last, company_size
