-- MRR closes as what is paid, and the next month opens with it. What moves between sizes cancels. What is kept of it,
-- over all sizes, is what neither contraction nor churn took, and what expansion gave. Who pays has begun to pay and
-- was not lost since, and averages are over them. A returned row is a month and size, or a month of all sizes, in which
-- it is not so.
with

mrr_movements as (

    select * from {{ ref('fct_mrr_movements') }}

),

revenue_retention as (

    select * from {{ ref('fct_revenue_retention') }}

),

revenue as (

    select * from {{ ref('fct_revenue') }}

),

followed as (

    select
        *,
        lag(closing_mrr) over (partition by company_size order by period) as closing_mrr_1m,
        lag(closing_mrr, 12) over (partition by company_size order by period) as closing_mrr_12m
    from mrr_movements

),

metrics as (

    select
        period,
        closing_mrr,
        lost_paying_companies,
        avg_revenue_per_company,
        lifetime_value,
        new_paying_companies + reactivated_companies - lost_paying_companies as gained_companies,
        sum(new_paying_companies + reactivated_companies - lost_paying_companies) over (
            order by period rows between unbounded preceding and current row
        ) as paying_companies
    from {{ ref('rpt_subscription_metrics') }}
    where company_size = 'all'

),

-- A lifetime value times the companies that were lost is the average times those that paid a month ago.
wrong_averages as (

    select period
    from metrics
    where
        (
            abs(coalesce(1e0 * avg_revenue_per_company * paying_companies - closing_mrr, closing_mrr))
            <= 0.0000001 * paying_companies
            and abs(coalesce(
                1e0 * lifetime_value * lost_paying_companies
                - 1e0 * avg_revenue_per_company * (paying_companies - gained_companies), 0
            )) <= 0.00001 * (1 + coalesce(1e0 * lifetime_value * lost_paying_companies, 0))
        ) is not true

),

wrong_cells as (

    select
        followed.period,
        followed.company_size
    from followed
    left join revenue on followed.period = revenue.period and followed.company_size = revenue.company_size
    left join revenue_retention
        on
            followed.period = revenue_retention.period
            and followed.company_size = revenue_retention.company_size
    where
        followed.closing_mrr is distinct from revenue.revenue
        or followed.opening_mrr <> coalesce(followed.closing_mrr_1m, 0)
        or followed.closing_mrr_1m is distinct from revenue_retention.opening_mrr_1m
        or followed.closing_mrr_12m is distinct from revenue_retention.opening_mrr_12m

),

totals as (

    select
        mrr_movements.period,
        sum(mrr_movements.moved_in_mrr + mrr_movements.moved_out_mrr) as moved_mrr,
        sum(mrr_movements.closing_mrr - mrr_movements.new_mrr - mrr_movements.reactivation_mrr) as kept_mrr,
        sum(mrr_movements.opening_mrr + mrr_movements.contraction_mrr + mrr_movements.churned_mrr) as capped_mrr,
        sum(revenue_retention.kept_mrr_1m) as kept_mrr_1m,
        sum(revenue_retention.capped_mrr_1m) as capped_mrr_1m
    from mrr_movements
    inner join revenue_retention
        on
            mrr_movements.period = revenue_retention.period
            and mrr_movements.company_size = revenue_retention.company_size
    group by mrr_movements.period

)

select
    period,
    company_size
from wrong_cells

union all

select
    period,
    'all' as company_size
from totals
where moved_mrr <> 0 or kept_mrr <> kept_mrr_1m or capped_mrr <> capped_mrr_1m

union all

select
    period,
    'all' as company_size
from wrong_averages
