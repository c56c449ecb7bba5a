with

month_prices as (

    select * from {{ ref('int_month_prices') }}

),

steps as (

    select * from {{ ref('int_mrr_steps') }}

),

-- Gains count at the size that is held now.
gains as (

    select
        period,
        company_size,
        sum(mrr) as closing_mrr,
        sum(case when movement = 'new' then mrr end) as new_mrr,
        sum(case when movement = 'reactivation' then mrr end) as reactivation_mrr,
        sum(case when movement = 'expansion' then mrr - mrr_1m end) as expansion_mrr,
        sum(case when movement = 'contraction' then mrr - mrr_1m end) as contraction_mrr,
        sum(case when company_size <> company_size_1m then mrr_1m end) as moved_in_mrr,
        sum(case when movement = 'new' then companies end) as new_paying_companies,
        sum(case when movement = 'reactivation' then companies end) as reactivated_companies,
        sum(case when movement = 'expansion' then companies end) as expanded_companies,
        sum(case when movement = 'contraction' then companies end) as contracted_companies
    from steps
    group by period, company_size

),

-- Losses count at the size that was held in the month before.
losses as (

    select
        period,
        company_size_1m as company_size,
        sum(mrr_1m) as opening_mrr,
        sum(case when movement = 'churned' then -mrr_1m end) as churned_mrr,
        sum(case when company_size <> company_size_1m then -mrr_1m end) as moved_out_mrr,
        sum(case when movement = 'churned' then companies end) as lost_paying_companies
    from steps
    group by period, company_size_1m

),

mrr_movements as (

    select
        month_prices.period,
        month_prices.company_size,
        cast(coalesce(losses.opening_mrr, 0) as numeric(18, 2)) as opening_mrr,
        cast(coalesce(gains.new_mrr, 0) as numeric(18, 2)) as new_mrr,
        cast(coalesce(gains.reactivation_mrr, 0) as numeric(18, 2)) as reactivation_mrr,
        cast(coalesce(gains.expansion_mrr, 0) as numeric(18, 2)) as expansion_mrr,
        cast(coalesce(gains.contraction_mrr, 0) as numeric(18, 2)) as contraction_mrr,
        cast(coalesce(losses.churned_mrr, 0) as numeric(18, 2)) as churned_mrr,
        cast(coalesce(gains.moved_in_mrr, 0) as numeric(18, 2)) as moved_in_mrr,
        cast(coalesce(losses.moved_out_mrr, 0) as numeric(18, 2)) as moved_out_mrr,
        cast(coalesce(gains.closing_mrr, 0) as numeric(18, 2)) as closing_mrr,
        cast(coalesce(gains.new_paying_companies, 0) as bigint) as new_paying_companies,
        cast(coalesce(gains.reactivated_companies, 0) as bigint) as reactivated_companies,
        cast(coalesce(gains.expanded_companies, 0) as bigint) as expanded_companies,
        cast(coalesce(gains.contracted_companies, 0) as bigint) as contracted_companies,
        cast(coalesce(losses.lost_paying_companies, 0) as bigint) as lost_paying_companies
    from month_prices
    left join gains on month_prices.period = gains.period and month_prices.company_size = gains.company_size
    left join losses on month_prices.period = losses.period and month_prices.company_size = losses.company_size

)

select * from mrr_movements
