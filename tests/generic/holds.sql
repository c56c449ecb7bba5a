{#  Every row satisfies the expression; one for which it is null does not. A returned row is one that fails.  #}
{% test holds(model, expression, column_name=none) %}

select *
from {{ model }}
where ({{ expression }}) is not true

{% endtest %}
