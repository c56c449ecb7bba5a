with

lifetimes as (

    select * from {{ ref('int_company_lifetimes') }}

),

months as (

    select * from {{ ref('int_months') }}

),

-- How many months a company has been seen for: to the last one, whatever it did in them.
horizon as (

    select max(period_number) as months from months

),

observed as (

    select
        lifetimes.company_size,
        lifetimes.unbroken_months,
        horizon.months - months.period_number + 1 as observed_months
    from lifetimes
    inner join months on lifetimes.acquired_period = months.period
    cross join horizon

),

-- At which age a company was last at risk. In the next month it fell silent; or the simulation had ended, and when it
-- churns is not known.
last_ages as (

    select
        company_size,
        least(unbroken_months, observed_months - 1) as age_months,
        count(*) as companies,
        sum(case when unbroken_months < observed_months then 1 else 0 end) as churned_companies
    from observed
    group by company_size, least(unbroken_months, observed_months - 1)

),

oldest as (

    select
        company_size,
        max(age_months) as age_months
    from last_ages
    group by company_size

),

-- An age at which nothing happened has a row too, up to the last one with a company at risk.
ages as (

    select
        oldest.company_size,
        months.period_number - 1 as age_months
    from oldest
    inner join months on oldest.age_months >= months.period_number - 1

),

-- At risk at an age is everyone whose last one is not before it. There is someone: the last age is one of them.
risks as (

    select
        ages.company_size,
        ages.age_months,
        cast(
            sum(last_ages.companies) over (
                partition by ages.company_size
                order by ages.age_months rows between current row and unbounded following
            ) as bigint
        ) as companies_at_risk,
        cast(coalesce(last_ages.churned_companies, 0) as bigint) as churned_companies,
        cast(coalesce(last_ages.companies - last_ages.churned_companies, 0) as bigint) as censored_companies
    from ages
    left join last_ages on ages.company_size = last_ages.company_size and ages.age_months = last_ages.age_months

),

-- A product as the exponential of a sum of logarithms, which engines take of whole numbers in double precision. Where
-- all at risk churned there is no logarithm, and no age after it.
survival as (

    select
        *,
        cast(
            case
                when churned_companies = companies_at_risk then 0
                else exp(
                    sum(ln(nullif(companies_at_risk - churned_companies, 0)) - ln(companies_at_risk)) over (
                        partition by company_size
                        order by age_months rows between unbounded preceding and current row
                    )
                )
            end as numeric(18, 8)
        ) as survival_rate
    from risks

)

select * from survival
