{#  The model has that many rows, a number or a scalar query. A returned row tells how many it has instead.  #}
{% test has_rows(model, exactly) %}

with

counted as (

    select count(*) as row_count from {{ model }}

)

select *
from counted
where row_count is distinct from ({{ exactly }})

{% endtest %}
