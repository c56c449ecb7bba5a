with

periods as (

    select * from {{ ref('int_periods') }}

),

numbers as (

    {% for number in range(31) %}
        select {{ number }} as days_before
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

days as (

    select cast(periods.period + numbers.days_before as date) as day
    from periods
    cross join numbers
    where periods.period + numbers.days_before < periods.next_period

)

select * from days
