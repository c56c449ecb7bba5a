{#  No two rows have the same values in these columns. A returned row is a combination that stands more than once.  #}
{% test is_unique_by(model, columns) %}

select
    {{ columns | join(', ') }},
    count(*) as copies
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
