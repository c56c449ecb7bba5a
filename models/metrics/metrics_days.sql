with

months as (

    select * from {{ ref('int_months') }}

),

numbers as (

    {% for number in range(31) %}
        select {{ number }} as days_before
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

days as (

    select cast(months.period + numbers.days_before as date) as day
    from months
    cross join numbers
    where months.period + numbers.days_before < months.next_period

)

select * from days
