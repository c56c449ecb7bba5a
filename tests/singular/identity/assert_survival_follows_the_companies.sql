-- Who is at risk at an age, does not churn and is not censored is at risk at the next one, from all who were acquired
-- down to none. As many churn and are censored as the companies' months say, and the rate falls by the share that
-- churned. A returned row is a size and an age for which it is not so.
with

survival as (

    select * from {{ ref('fct_survival') }}

),

dim_companies as (

    select * from {{ ref('dim_companies') }}

),

months as (

    select * from {{ ref('int_months') }}

),

horizon as (

    select max(period_number) as last_number from months

),

-- Only of companies that returned, which are few. While a company has no gap, its n-th active month is the n-th since
-- its acquisition.
months_of_returned as (

    select
        company_months.company_id,
        months.period_number - first_months.period_number + 1 as months_since,
        row_number() over (partition by company_months.company_id order by company_months.period) as active_months
    from {{ ref('int_company_months') }} as company_months
    inner join dim_companies on company_months.company_id = dim_companies.company_id and dim_companies.reactivations > 0
    inner join months on company_months.period = months.period
    inner join months as first_months on dim_companies.acquired_period = first_months.period

),

before_return as (

    select
        company_id,
        sum(case when months_since = active_months then 1 else 0 end) as active_months
    from months_of_returned
    group by company_id

),

lives as (

    select
        dim_companies.company_size,
        coalesce(before_return.active_months, dim_companies.active_months) as active_months,
        horizon.last_number - first_months.period_number as last_age
    from dim_companies
    inner join months as first_months on dim_companies.acquired_period = first_months.period
    cross join horizon
    left join before_return on dim_companies.company_id = before_return.company_id

),

acquired as (

    select
        company_size,
        count(*) as companies
    from lives
    group by company_size

),

-- A company that was active in all of its months was at risk for the last time in the last one.
ends as (

    select
        company_size,
        least(active_months, last_age) as age_months,
        sum(case when active_months > last_age then 0 else 1 end) as churned_companies,
        sum(case when active_months > last_age then 1 else 0 end) as censored_companies
    from lives
    group by company_size, least(active_months, last_age)

),

-- Beside each age the one before it, and before age 0 all who were acquired.
steps as (

    select
        survival.*,
        survival.companies_at_risk - survival.churned_companies as kept_companies,
        survival.companies_at_risk - survival.churned_companies - survival.censored_companies as companies_left,
        coalesce(
            lag(survival.companies_at_risk - survival.churned_companies - survival.censored_companies)
                over (partition by survival.company_size order by survival.age_months),
            acquired.companies
        ) as expected_at_risk,
        coalesce(lag(survival.survival_rate) over (partition by survival.company_size order by survival.age_months), 1)
            as rate_before,
        row_number() over (partition by survival.company_size order by survival.age_months) - 1 as expected_age,
        lead(survival.age_months) over (partition by survival.company_size order by survival.age_months) as next_age
    from survival
    left join acquired on survival.company_size = acquired.company_size

),

different as (

    select
        coalesce(steps.company_size, ends.company_size) as company_size,
        coalesce(steps.age_months, ends.age_months) as age_months
    from steps
    full outer join ends on steps.company_size = ends.company_size and steps.age_months = ends.age_months
    where
        steps.age_months is distinct from steps.expected_age
        or steps.companies_at_risk is distinct from steps.expected_at_risk
        or steps.churned_companies is distinct from coalesce(ends.churned_companies, 0)
        or steps.censored_companies is distinct from coalesce(ends.censored_companies, 0)
        or (steps.next_age is null and steps.companies_left is distinct from 0)
        or (
            abs(steps.survival_rate * steps.companies_at_risk - steps.rate_before * steps.kept_companies)
            <= 0.0000001 * steps.companies_at_risk
        ) is not true

)

select * from different
